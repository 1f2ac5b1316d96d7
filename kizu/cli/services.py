"""Commands that stay running, or talk to one that does: serve, retry, emulate-azure."""

import contextlib
import os
import socket
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from kizu.cli.options import DEFAULT_STORE, StoreUrl, fail, or_exit
from kizu.cli.terminal import out
from kizu.spec import DatasetSpec
from kizu.store import Store

DEFAULT_API: Final = "http://127.0.0.1:4200/api"
DEFAULT_HOME: Final = Path("kizu-server")

_WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


def serve(
    nightly: Annotated[
        Path | None, typer.Argument(help="A spec file to build by schedule.", show_default=False)
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    *,
    cron: Annotated[str, typer.Option(help="When to build it.")] = "30 2 * * *",
    timezone: Annotated[str, typer.Option(help="Time zone of --cron.")] = "UTC",
    home: Annotated[
        Path, typer.Option(envvar="PREFECT_HOME", help="Folder of the server's data and logs.")
    ] = DEFAULT_HOME,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    address: Annotated[
        str | None, typer.Option(help="Name by which others reach this machine.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 4200,
    files_port: Annotated[int, typer.Option(help="Port of reports and pictures.")] = 4201,
    runs: Annotated[int, typer.Option(min=1, help="Runs at the same time.")] = 2,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="Ask this machine's users to sign in, too.")
    ] = False,
) -> None:
    """Serve everything: web page, schedules, a worker, reports. Ctrl-C stops it."""
    if nightly is not None:
        or_exit(DatasetSpec.from_yaml, nightly)
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    from deployments.serve import ServeError
    from deployments.serve import serve as run
    from deployments.settings import ServeSettings
    from deployments.sign_in import sign_in_for
    from kizu.loopback import is_loopback

    def say(text: str) -> None:
        out.print(text, markup=False)

    name = address or (socket.gethostname() if host in _WILDCARDS else host)
    always = sign_in or not is_loopback(name)  # by that name others come in, through a proxy
    settings = ServeSettings(
        store_url=or_exit(Store, store).url,
        home=home,
        host=host,
        address=name,
        port=port,
        files_port=files_port,
        nightly=nightly,
        cron=cron,
        timezone=timezone,
        runs_at_once=runs,
        sign_in=or_exit(sign_in_for, host, home, say, always=always),
    )
    try:
        run(settings, say)
    except ServeError as error:
        fail(str(error))


def retry(
    wanted: Annotated[
        str | None, typer.Argument(help="Dataset, run name or run id; default: the last failure.")
    ] = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end.")] = False,
) -> None:
    """Run a failed build again on 'kizu serve': only what is missing is done."""
    os.environ.setdefault("PREFECT_API_URL", DEFAULT_API)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    _sign_in_on_this_machine()
    from deployments.retry import retry as run

    if not or_exit(run, wanted, lambda text: out.print(text, markup=False), wait=wait):
        raise typer.Exit(1)


def _sign_in_on_this_machine() -> None:
    """Sign in to a server on this machine with what its home keeps, unless told otherwise."""
    from deployments.sign_in import CLIENT_VARIABLE, kept_sign_in
    from kizu.loopback import is_loopback

    if not is_loopback(urlsplit(os.environ["PREFECT_API_URL"]).hostname or ""):
        return
    if kept := or_exit(kept_sign_in, Path(os.environ.get("PREFECT_HOME", DEFAULT_HOME))):
        os.environ.setdefault(CLIENT_VARIABLE, kept)


def emulate_azure(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 8075,
    images_per_minute: Annotated[float | None, typer.Option(help="Quota; empty: none.")] = None,
    latency_s: Annotated[float, typer.Option(help="Least seconds an answer takes.")] = 2.0,
    faults: Annotated[float, typer.Option(help="Fraction of calls that fail, 0 to 1.")] = 0.0,
) -> None:
    """Try the paid path free of charge: answer paid edits on this machine."""
    from kizu.emulator import Emulator, EmulatorSettings, FaultPlan  # loads the painter
    from kizu.emulator.settings import KEY

    settings = EmulatorSettings(
        per_minute=images_per_minute, latency_s=latency_s, faults=FaultPlan(fraction=faults)
    )
    try:
        emulator = Emulator(settings, port)
    except OSError as error:
        fail(f"port {port} cannot be used ({error.strerror}); choose another with --port")
    out.print("Answering paid edits until you press Ctrl-C. In another terminal:")
    out.print(f"  export AZURE_OPENAI_ENDPOINT={emulator.endpoint} AZURE_OPENAI_API_KEY={KEY}")
    out.print("  kizu build dataset.yaml    # with editor: {name: gpt-image}")
    out.print("or, with editor: {name: flux}:")
    out.print(f"  export AZURE_AI_ENDPOINT={emulator.endpoint} AZURE_AI_API_KEY={KEY}")
    with contextlib.suppress(KeyboardInterrupt):
        emulator.serve()
    tally = emulator.tally
    out.print(
        f"{tally.calls} calls, {tally.billed} served, {tally.cost_usd:.2f} USD at list price."
    )
