"""The name and password that a server wants of those who reach it from other machines."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from kizu.loopback import is_loopback

SERVER_VARIABLE: Final = "PREFECT_SERVER_API_AUTH_STRING"
"""What Prefect's server asks for."""
CLIENT_VARIABLE: Final = "PREFECT_API_AUTH_STRING"
"""What Prefect's clients and workers send."""

PUBLISHED_ON: Final = "KIZU_BIND"
"""Of a container: the address of its host on which its port is published."""

FILE: Final = "sign-in"
"""Its name in the server's home."""

USER: Final = "kizu"
_PASSWORD_BYTES: Final = 24  # 192 bits; the review page's token is of the same kind
_FORM: Final = re.compile(r"[!-9;-~]+:[!-~]+")  # what a Basic header carries alike everywhere


class SignInError(ValueError):
    """No sign-in can be made of what is given."""


def chosen_sign_in(variable: str = SERVER_VARIABLE) -> str:
    """Return the sign-in that the environment gives; empty if it gives none.

    Raises:
        SignInError: It is not of the form user:password.
    """
    given = os.environ.get(variable, "")
    return _checked(given, variable) if given else ""


def kept_sign_in(home: Path) -> str:
    """Return the sign-in that a server's home keeps; empty if it keeps none.

    Raises:
        SignInError: The file holds none, or cannot be read.
    """
    file = home / FILE
    try:
        return _checked(file.read_text(encoding="utf-8").strip(), str(file))
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SignInError(f"the sign-in in {file} cannot be read: {error}") from error


def sign_in_for(host: str, home: Path, say: Callable[[str], None], *, always: bool = False) -> str:
    """Return the sign-in of a server: what the environment says, or what its home keeps.

    Where there is none yet and others can reach the server, one is made and told, once.

    Args:
        host: The address it listens on.
        home: The server's home.
        say: Called with what a person should read.
        always: Want a sign-in on the loopback too, where this machine's other users are kept out.

    Returns:
        ``user:password``; empty where nobody needs to sign in.

    Raises:
        SignInError: What the environment or the home holds is none.
    """
    if chosen := chosen_sign_in():
        return chosen
    if is_loopback(host) and not always:
        return ""
    if kept := kept_sign_in(home):
        say(f"Sign-in: as {home / FILE} says.")
        return kept
    made = _make_sign_in(home)
    say(f"Sign-in: {made}\nIt is kept in {home / FILE} and not shown again.")
    return made


def _make_sign_in(home: Path) -> str:
    """Draw a password and keep it in the home, readable by the owner alone."""
    sign_in = f"{USER}:{secrets.token_urlsafe(_PASSWORD_BYTES)}"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(home / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{sign_in}\n")
    return sign_in


def require_sign_in(host: str, sign_in: str) -> None:
    """Check that who can reach a container's port from other machines has to sign in.

    Args:
        host: The address it listens on.
        sign_in: What it asks for.

    Raises:
        SignInError: Nobody would have to.
    """
    place = os.environ.get(PUBLISHED_ON) or host
    if not sign_in and not is_loopback(place):
        raise SignInError(
            f"{place} can be reached from other machines, and who reaches it can run commands "
            f"here; set {SERVER_VARIABLE} and {CLIENT_VARIABLE} to the same user:password"
        )


class SignInGuard:
    """Lets in only those who have signed in, by HTTP's Basic scheme."""

    def __init__(self, app: ASGIApp, sign_in: str) -> None:
        """Stand before an application.

        Args:
            app: The application.
            sign_in: What is wanted, as ``user:password``; empty to want nothing.
        """
        self._app = app
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http" and self._sign_in and not self._is_signed_in(scope):
            wanted = {"WWW-Authenticate": 'Basic realm="kizu", charset="UTF-8"'}
            answer = PlainTextResponse("Sign in as 'kizu serve' told.", 401, wanted)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_signed_in(self, scope: Scope) -> bool:
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            found = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            return False
        return secrets.compare_digest(found, self._sign_in.encode())


def _checked(text: str, source: str) -> str:
    if not _FORM.fullmatch(text):
        raise SignInError(
            f"{source} holds no sign-in: write user:password, in letters, digits and signs of ASCII"
        )
    return text
