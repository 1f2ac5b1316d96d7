"""Commands that make, show and hand over datasets."""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kizu.agree.verdict import Verdict
from kizu.billing.ledger import Ledger
from kizu.billing.spending import spending_rows, summarize_spending, to_csv
from kizu.building import BuildStoppedError, run_build
from kizu.checks import deep_photos, small_photos
from kizu.cli.demo import write_demo
from kizu.cli.ending import print_summary
from kizu.cli.learning import print_suggestions
from kizu.cli.options import (
    DEFAULT_STORE,
    DatasetName,
    DatasetVersion,
    SpecFile,
    StoreUrl,
    fail,
    found_store,
    open_in_browser,
    or_exit,
    typed_command,
    write_text,
)
from kizu.cli.pairs_table import show_pairs
from kizu.cli.photos import look_at_photos
from kizu.cli.spec_template import spec_template
from kizu.cli.terminal import (
    err,
    out,
    print_estimate,
    print_skipped,
    print_splits,
    print_trips,
    print_warning,
    print_warnings,
    progress_bars,
)
from kizu.export import FORMATS, export_dataset
from kizu.export.registry import README
from kizu.export.roundtrip import Trip
from kizu.export.roundtrip import roundtrip as make_trips
from kizu.planning import estimate_build, near_duplicates, plan_dataset
from kizu.publish.dataset import LATEST, open_dataset
from kizu.publish.names import NameTakenError
from kizu.publish.seen import finished_samples
from kizu.report.single import single_page
from kizu.spec import DatasetSpec
from kizu.splits import group_photos, split_sentences
from kizu.stages.grounding import annotators_here
from kizu.store import Store
from kizu.summary import BuildSummary

Rehash = Annotated[
    bool,
    typer.Option("--rehash", help="Read photos too whose size and time, or ETag, did not change."),
]
AlsoExported = Annotated[
    list[Verdict], typer.Option(help="Verdicts to export besides accept; may be repeated.")
]


def init(
    folder: Annotated[str, typer.Argument(help="Folder, pattern or URL of the normal photos.")],
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("dataset.yaml"),
) -> None:
    """Write a commented dataset.yaml for a folder of normal photos."""
    if output.exists():
        fail(f"{output} exists already; delete it or choose another name with --output")
    inventory, _ = look_at_photos(folder, or_exit(Store, DEFAULT_STORE))
    write_text(output, spec_template(folder, output))
    out.print(f"Wrote {output} for {len(inventory.images)} photos that can be used.", markup=False)
    print_skipped(inventory.skipped)
    if small := small_photos(inventory):
        print_warning(small)
    if deep := deep_photos(inventory, None):
        print_warning(deep)
    out.print(
        "Describe your defects in it. Then:\n"
        f"  kizu check {output}   # what is ready here, and what adds the rest\n"
        f"  kizu plan {output}    # what would be made, and what it costs\n"
        f"  kizu build {output}",
        markup=False,
    )


def plan(spec_file: SpecFile, store: StoreUrl = DEFAULT_STORE, *, rehash: Rehash = False) -> None:
    """Print what a build would make and cost; changes nothing."""
    spec = or_exit(DatasetSpec.from_yaml, spec_file)
    opened = or_exit(Store, store)
    if spec.editor.maker.pictures is not None:
        show_pairs(spec, opened)
        return
    path, read_as = spec.images.path, (spec.images.max_megapixels, spec.images.decoding)
    inventory, thumbnails = look_at_photos(path, opened, *read_as, rehash=rehash)
    with progress_bars():
        near = or_exit(
            partial(near_duplicates, keep=False), spec, inventory.images, opened, thumbnails
        )
    print_warnings(spec)
    if deep := deep_photos(inventory, spec.images.depth_bits):
        print_warning(deep)
    groups = or_exit(group_photos, spec, inventory.images, near)
    planned = or_exit(
        partial(plan_dataset, groups=groups, emulated=spec.editor.is_emulated()),
        spec,
        inventory.images,
    )
    annotators = annotators_here(spec.grounding).versions
    finished = finished_samples(planned.samples, spec, annotators, opened)
    print_estimate(
        spec, estimate_build(spec, planned.samples, len(inventory.images), opened, finished)
    )
    edited = {sample.normal.sha256 for sample in planned.samples}
    print_splits(groups, split_sentences(spec, inventory.images, groups, edited))
    print_suggestions(spec, planned.samples, opened)
    print_skipped((*inventory.skipped, *planned.left_out))


def build(
    spec_file: SpecFile,
    store: StoreUrl = DEFAULT_STORE,
    *,
    stored_only: Annotated[
        bool, typer.Option("--stored-only", help="Use only the edits in the store; buy nothing.")
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Publish under another dataset's name.")
    ] = False,
    rehash: Rehash = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show Prefect's log.")] = False,
) -> None:
    """Build the dataset; what the store holds already is not made again."""
    spec = or_exit(DatasetSpec.from_yaml, spec_file)
    if take_over:
        spec = taking_over(spec)
    show_build(spec, store, stored_only=stored_only, rehash=rehash, verbose=verbose)


def report(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    version: DatasetVersion = LATEST,
    japanese: Annotated[bool, typer.Option("--ja", help="Open it in Japanese.")] = False,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
    single: Annotated[
        Path | None,
        typer.Option(help="Write it as one file to send, of at most 200 samples."),
    ] = None,
) -> None:
    """Open the report of a dataset."""
    opened = or_exit(Store, store)
    folder = or_exit(open_dataset, opened, name, version).folder
    if single is not None:
        write_text(single, or_exit(single_page, opened, folder))
        out.print(f"Wrote {single}.", markup=False)
        return
    address = opened.address(folder.report("index.ja.html" if japanese else "index.html"))
    out.print(address)
    if show:
        open_in_browser(address)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where photos, spec and store go.")] = Path("demo"),
) -> None:
    """Build a small dataset from photographs of drawn parts, offline and free of charge."""
    spec_file = or_exit(write_demo, folder)
    out.print(f"Photos and {spec_file.name} are in {folder}.")
    show_build(or_exit(DatasetSpec.from_yaml, spec_file), str(folder / "store"))


def ledger(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    csv: Annotated[Path | None, typer.Option(help="Write every request to this file.")] = None,
) -> None:
    """Tell what a dataset's paid edits cost, over all its builds."""
    lines = or_exit(spending_rows, Ledger(or_exit(Store, store)), name)
    out.print(f"{name}: {summarize_spending(lines)}.", markup=False)
    if csv is not None:
        write_text(csv, to_csv(lines))
        out.print(f"Wrote {len(lines)} requests to {csv}.")


def export(
    name: DatasetName,
    folder: Annotated[Path, typer.Argument(help="An empty folder, or a new one.")],
    to: Annotated[str, typer.Option(help=f"The format: {', '.join(FORMATS)}.")],
    store: StoreUrl = DEFAULT_STORE,
    *,
    version: DatasetVersion = LATEST,
    also: AlsoExported = [],  # noqa: B006 - typer reads it and changes nothing
    uncertified: Annotated[
        bool,
        typer.Option(
            "--uncertified",
            help="Export accepted samples, too, that the version's certificate does not cover.",
        ),
    ] = False,
) -> None:
    """Write a dataset's normal and accepted images in another tool's format."""
    dataset = or_exit(open_dataset, or_exit(Store, store), name, version)
    with progress_bars():
        found = or_exit(
            partial(export_dataset, also=also, uncertified=uncertified), dataset, to, folder
        )
    out.print(
        f"Wrote {found.count} of {len(dataset)} images of {name} {dataset.version} to {folder}.",
        markup=False,
    )
    out.print(f"Masks: {found.keeps}.", markup=False)
    for sentence in found.left_out:
        out.print(f"Left out: {sentence}.", markup=False)
    out.print(f"{README} there says how to load it.", markup=False)


def roundtrip(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    version: DatasetVersion = LATEST,
    to: Annotated[
        list[str], typer.Option(help="A format; may be repeated. Without it all of them.")
    ] = [],  # noqa: B006 - typer reads it and changes nothing
    environments: Annotated[
        Path | None,
        typer.Option(
            envvar="KIZU_CONSUMERS",
            help="A folder of virtual environments with tools that are not installed here.",
        ),
    ] = None,
    also: AlsoExported = [],  # noqa: B006 - typer reads it and changes nothing
    uncertified: Annotated[
        bool, typer.Option("--uncertified", help="As for 'kizu export'.")
    ] = False,
) -> None:
    """Write every export, read it back with the tool it is for, and count pixels that differ."""
    dataset = or_exit(open_dataset, or_exit(Store, store), name, version)
    trips: list[Trip] = []

    def travel() -> None:
        with progress_bars():
            trips.extend(
                make_trips(
                    dataset,
                    formats=to or FORMATS,
                    environments=environments,
                    also=also,
                    uncertified=uncertified,
                )
            )

    or_exit(travel)
    print_trips(trips)
    if any(trip.is_broken for trip in trips):
        raise typer.Exit(1)


def taking_over(spec: DatasetSpec) -> DatasetSpec:
    """Return a dataset that may take the name of another one."""
    publish = spec.publish.model_copy(update={"take_over": True})
    return spec.model_copy(update={"publish": publish})


def show_build(
    spec: DatasetSpec,
    store_url: str,
    *,
    stored_only: bool = False,
    rehash: bool = False,
    verbose: bool = False,
) -> None:
    """Build a dataset with progress bars, and print what it came to."""
    started = time.perf_counter()
    print_warnings(spec)
    store = or_exit(Store, store_url)

    def run(wanted: DatasetSpec) -> BuildSummary:
        with progress_bars("start Prefect"):  # what is said of an end stands below the bars
            return run_build(
                wanted, store.url, stored_only=stored_only, rehash=rehash, verbose=verbose
            )

    def run_or_ask() -> BuildSummary:
        try:
            return run(spec)
        except BuildStoppedError as stop:
            if not (isinstance(stop.__cause__, NameTakenError) and sys.stdin.isatty()):
                raise
            err.print(str(stop), style="yellow", markup=False)
            if not typer.confirm("Publish under this name all the same?"):
                raise typer.Exit(1) from None
            return run(taking_over(spec))

    summary = or_exit(run_or_ask)
    elsewhere = "" if store.url == Store(found_store()).url else store_url
    print_summary(summary, time.perf_counter() - started, typed_command(), elsewhere)
    if not (summary.is_new or rehash):
        out.print("Photos whose size and time did not change were not read; --rehash reads them.")
    if summary.failed and not summary.only_waits:
        raise typer.Exit(1)
