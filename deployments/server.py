"""Prefect's server as kizu runs it: ``prefect server start``, behind a guard.

Prefect answers any Host, and its websockets any origin; no setting of its own changes that. As a
command (``python -m deployments.server``) it is what ``kizu serve`` starts, and what containers
run. Prefect's own variables say where it listens (``PREFECT_SERVER_API_HOST``, ``..._PORT``), what
it is signed in with (``PREFECT_SERVER_API_AUTH_STRING``) and by which names it is reached
(``PREFECT_UI_URL`` by browsers, ``PREFECT_API_URL`` by workers). With ``--no-services`` it is one
of several: ``prefect server services start`` then runs the background services.
"""

import sys

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

from deployments.guard import OriginGuard, door_of_prefect
from deployments.sign_in import SignInError, chosen_sign_in, require_sign_in


def main(arguments: list[str]) -> None:
    """Serve until SIGINT or SIGTERM arrives.

    Args:
        arguments: ``--no-services`` or nothing.

    Raises:
        SystemExit: Others could reach it without signing in.
    """
    settings = get_current_settings()
    api = settings.server.api
    try:
        require_sign_in(api.host, chosen_sign_in())
    except SignInError as error:
        raise SystemExit(str(error)) from error
    app = create_app(final=True, webserver_only="--no-services" in arguments)
    uvicorn.run(
        OriginGuard(app, door_of_prefect(settings.ui_url, settings.api.url)),
        host=api.host,
        port=api.port,
        timeout_keep_alive=api.keepalive_timeout,
        ws_ping_interval=api.websocket_ping_interval,
        ws_ping_timeout=api.websocket_ping_timeout,
        log_level=settings.server.logging_level.lower(),
        server_header=False,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
