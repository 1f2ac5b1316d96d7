"""The command line: init, plan, build, report, demo, ledger, emulate-azure, serve, retry."""

import contextlib
import os
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, ParamSpec, TypeVar

import typer

from kizu.demo import write_demo
from kizu.edit.ledger import Ledger
from kizu.edit.planning import outlook
from kizu.edit.statement import lines_of, statement, to_csv
from kizu.publish.layout import latest_version
from kizu.report.summary import BuildSummary, SamplesFailedError
from kizu.scaffold import spec_template
from kizu.source import Inventory, examine, list_source
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.terminal import (
    err,
    out,
    print_outlook,
    print_skipped,
    print_summary,
    print_warnings,
    progress_bars,
)

app = typer.Typer(
    help="Normal product photos and a sentence per defect in, a labelled dataset out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

SpecFile = Annotated[Path, typer.Argument(help="The spec file, for example dataset.yaml.")]
StoreUrl = Annotated[
    str,
    typer.Option("--store", envvar="KIZU_STORE", help="Store: a folder or an fsspec URL."),
]
DEFAULT_STORE = "kizu-store"
DEFAULT_API = "http://127.0.0.1:4200/api"

P = ParamSpec("P")
R = TypeVar("R")


@app.command()
def init(
    folder: Annotated[str, typer.Argument(help="Folder, pattern or URL of the normal photos.")],
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("dataset.yaml"),
) -> None:
    """Write a commented dataset.yaml for a folder of normal photos."""
    files = _or_exit(list_source, folder)
    if output.exists():
        _fail(f"{output} exists already; delete it or choose another name with --output")
    output.write_text(spec_template(folder, output), encoding="utf-8")
    out.print(f"Wrote {output} for {len(files)} files. Describe your defects in it, then run:")
    out.print(f"  kizu plan {output}\n  kizu build {output}")


@app.command()
def plan(spec_file: SpecFile, store: StoreUrl = DEFAULT_STORE) -> None:
    """Print what a build would make and cost; changes nothing."""
    spec = _or_exit(DatasetSpec.from_yaml, spec_file)
    opened = _or_exit(Store, store)
    files = _or_exit(list_source, spec.images.path)
    with progress_bars() as bars:
        bars("look at photos", 0, len(files))
        found = []
        for file in files:
            found.append(examine(file, opened))
            bars("look at photos", 1, None)
    inventory = Inventory.of(found)
    print_warnings(spec)
    print_outlook(spec, _or_exit(outlook, spec, inventory, opened))
    print_skipped(inventory.skipped)


@app.command()
def build(
    spec_file: SpecFile,
    store: StoreUrl = DEFAULT_STORE,
    *,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show Prefect's log.")] = False,
) -> None:
    """Build the dataset; what the store holds already is not made again."""
    _build(_or_exit(DatasetSpec.from_yaml, spec_file), store, verbose=verbose)


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="The dataset's name.")],
    store: StoreUrl = DEFAULT_STORE,
    *,
    japanese: Annotated[bool, typer.Option("--ja", help="Open the Japanese page.")] = False,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Open the report of a dataset's latest version."""
    opened = _or_exit(Store, store)
    folder = latest_version(opened, name)
    if folder is None:
        _fail(f"there is no dataset {name!r} in {store}; 'kizu build' makes one")
    address = opened.address(folder.report("index.ja.html" if japanese else "index.html"))
    out.print(address)
    if show:
        webbrowser.open(address if "://" in address else Path(address).as_uri())


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where photos, spec and store go.")] = Path("demo"),
) -> None:
    """Build a small dataset from bundled photographs, offline and free of charge."""
    spec_file = _or_exit(write_demo, folder)
    out.print(f"Photos and {spec_file.name} are in {folder}.")
    _build(_or_exit(DatasetSpec.from_yaml, spec_file), str(folder / "store"), verbose=False)


@app.command()
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
    ] = Path("kizu-server"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    address: Annotated[
        str | None, typer.Option(help="Name by which others reach this machine.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 4200,
    files_port: Annotated[int, typer.Option(help="Port of reports and pictures.")] = 4201,
    runs: Annotated[int, typer.Option(min=1, help="Runs at the same time.")] = 2,
) -> None:
    """Serve everything: web page, schedules, a worker, reports. Ctrl-C stops it."""
    if nightly is not None:
        _or_exit(DatasetSpec.from_yaml, nightly)
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    from deployments.serve import ServeError  # noqa: PLC0415 - Prefect takes seconds to import
    from deployments.serve import serve as run  # noqa: PLC0415 - the same
    from deployments.settings import ServeSettings  # noqa: PLC0415 - the same

    settings = ServeSettings(
        store_url=_or_exit(Store, store).url,
        home=home,
        host=host,
        address=address or host,
        port=port,
        files_port=files_port,
        nightly=nightly,
        cron=cron,
        timezone=timezone,
        runs_at_once=runs,
    )
    try:
        run(settings, lambda text: out.print(text, markup=False))
    except ServeError as error:
        _fail(str(error))


@app.command()
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
    from deployments.retry import retry as run  # noqa: PLC0415 - Prefect takes seconds to import

    if not _or_exit(run, wanted, lambda text: out.print(text, markup=False), wait=wait):
        raise typer.Exit(1)


@app.command()
def ledger(
    name: Annotated[str, typer.Argument(help="The dataset's name.")],
    store: StoreUrl = DEFAULT_STORE,
    *,
    csv: Annotated[Path | None, typer.Option(help="Write every request to this file.")] = None,
) -> None:
    """Tell what a dataset's paid edits cost, over all its builds."""
    lines = lines_of(Ledger(_or_exit(Store, store)), name)
    out.print(f"{name}: {statement(lines)}.", markup=False)
    if csv is not None:
        csv.write_text(to_csv(lines), encoding="utf-8")
        out.print(f"Wrote {len(lines)} requests to {csv}.")


@app.command()
def emulate_azure(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 8075,
    images_per_minute: Annotated[float | None, typer.Option(help="Quota; empty: none.")] = None,
    latency_s: Annotated[float, typer.Option(help="Least seconds an answer takes.")] = 2.0,
    faults: Annotated[float, typer.Option(help="Share of calls that fail, 0 to 1.")] = 0.0,
) -> None:
    """Try the paid path free of charge: answer gpt-image edits on this machine."""
    from kizu.edit.azure.emulator import Emulator, EmulatorSettings, FaultPlan  # noqa: PLC0415 - loads the painter
    from kizu.edit.azure.emulator.settings import KEY  # noqa: PLC0415 - as above

    settings = EmulatorSettings(
        per_minute=images_per_minute, latency_s=latency_s, faults=FaultPlan(share=faults)
    )
    try:
        emulator = Emulator(settings, port)
    except OSError as error:
        _fail(f"port {port} cannot be used ({error.strerror}); choose another with --port")
    out.print("Answering gpt-image edits until you press Ctrl-C. In another terminal:")
    out.print(f"  export AZURE_OPENAI_ENDPOINT={emulator.endpoint} AZURE_OPENAI_API_KEY={KEY}")
    out.print("  kizu build dataset.yaml    # with editor: {name: azure}")
    with contextlib.suppress(KeyboardInterrupt):
        emulator.serve()
    tally = emulator.tally
    out.print(
        f"{tally.calls} calls, {tally.billed} served, {tally.cost_usd:.2f} USD at list price."
    )


def _build(spec: DatasetSpec, store_url: str, *, verbose: bool) -> None:
    _set_up_prefect(verbose=verbose)
    print_warnings(spec)
    from flows.build import build_dataset  # noqa: PLC0415 - Prefect takes seconds to import

    store = _or_exit(Store, store_url)
    with progress_bars("start Prefect"):
        state = build_dataset(spec, store_url=store.url, return_state=True)
    result = state.result(raise_on_failure=False)
    summary = _summary_of(result)
    print_summary(summary)
    if summary.failed:
        raise typer.Exit(1)


def _summary_of(result: object) -> BuildSummary:
    """Return the summary a build ended with, or end with what stopped it."""
    if isinstance(result, SamplesFailedError) and result.summary:
        return result.summary
    if isinstance(result, BaseException):
        _fail(str(result))
    return BuildSummary.model_validate(result)


def _set_up_prefect(*, verbose: bool) -> None:
    """Choose quiet defaults; what the user has set in the environment stays."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")


def _or_exit(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call, or end with the sentence of an error that the user can mend."""
    try:
        return call(*args, **kwargs)
    except ValueError as error:
        _fail(str(error))


def _fail(sentence: str) -> NoReturn:
    err.print(sentence, style="red", markup=False)
    raise typer.Exit(2)
