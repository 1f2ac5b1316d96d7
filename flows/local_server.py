"""Prefect's throw-away server, where the environment names none: Ctrl-C does not reach it.

A terminal sends Ctrl-C to all that was started from it. A server that ends with it leaves a flow
that waits for its last calls with nobody to report to.
"""

from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_ENABLED

from kizu.signals import out_of_reach


def start_server() -> None:
    """Start it, unless another server is named."""
    if PREFECT_API_URL.value() or not PREFECT_SERVER_EPHEMERAL_ENABLED.value():
        return
    with out_of_reach():
        SubprocessASGIServer().start()


def end_server() -> None:
    """End it at once, if this process has started it."""
    process = SubprocessASGIServer().server_process
    if process is not None:
        process.kill()
