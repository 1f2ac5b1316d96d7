"""An empty database of Prefect's, kept so that no further server spends seconds on making one.

Prefect makes its tables by some hundred migrations. What that came to is kept in the user's state
folder, by Prefect's version and its own SHA-256: what is damaged is no longer what its name says.
"""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile, gettempdir

from kizu.store.keys import sha256_hex


class StateFolderError(ValueError):
    """There is no folder for a user's state; the message tells the way out."""


def state_folder() -> Path:
    """Return the user's state folder for this, else one in the system's temporary folder.

    One that is another user's, or that others can write to, is not used: they could put a link in
    the place of what is written there.

    Raises:
        StateFolderError: Neither can be written.
    """
    state = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser()
    user = os.getuid() if hasattr(os, "getuid") else ""
    places = [state / "kizu", Path(gettempdir()) / f"kizu-{user}"]
    for place in places:
        with suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryFile(dir=place):
                if _is_ours_alone(place):
                    return place
    raise StateFolderError(
        f"neither {places[0]} nor {places[1]} can be written by this user, and by no other, where "
        "Prefect keeps a build's state; set XDG_STATE_HOME to a folder that can be, or make room"
    )


def _is_ours_alone(folder: Path) -> bool:
    """Tell whether a folder, or the link to it, is this user's, and nobody else can write to it."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return folder.lstat().st_uid == status.st_uid == os.getuid() and not others_write


def begin_empty(state: Path, database: Path) -> Callable[[], None]:
    """Have a server that has no database yet begin with a copy of the kept one.

    Returns:
        What to call once the server is up: without a copy it keeps what the server made.
    """
    return keep_nothing if copy_empty(state, database) else partial(keep_empty, database, state)


def keep_nothing() -> None:
    """What a database asks for that is not new."""


def copy_empty(state: Path, database: Path) -> bool:
    """Put a copy of the kept database where a server begins with it.

    Returns:
        Whether there was one; else the server makes its own, which ``keep_empty`` keeps.
    """
    for kept in state.glob(_name("*")):
        data = kept.read_bytes()
        if kept.name == _name(sha256_hex(data)):
            database.write_bytes(data)
            return True
        kept.unlink(missing_ok=True)
    return False


def keep_empty(database: Path, state: Path) -> None:
    """Keep the database of a server that has just started; if that fails the next makes its own.

    Keys that a server has made for itself are left out.
    """
    with (
        suppress(OSError, sqlite3.Error),
        TemporaryDirectory(prefix="prefect-", dir=state) as folder,
    ):
        aside = Path(folder) / "copy.db"
        with closing(sqlite3.connect(database)) as read, closing(sqlite3.connect(aside)) as written:
            read.backup(written)
            written.execute("DELETE FROM configuration")
            written.commit()
        aside.replace(state / _name(sha256_hex(aside.read_bytes())))


def _name(digest: str) -> str:
    return f"prefect-{version('prefect')}-{digest}.db"
