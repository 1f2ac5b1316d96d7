"""The command that looks at what a build needs: check."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from kizu.checks import Check, State, check_build, worst
from kizu.cli.options import DEFAULT_STORE, StoreUrl, or_exit
from kizu.cli.photos import look_at_photos
from kizu.cli.terminal import out
from kizu.japanese import told
from kizu.planning import estimate_build, plan_dataset
from kizu.publish.seen import finished_samples
from kizu.spec import DatasetSpec
from kizu.stages.grounding import annotators_here
from kizu.store import Store

_STYLES: Final = {State.READY: "green", State.WARNING: "yellow", State.PROBLEM: "red"}


def check(
    spec_file: Annotated[Path, typer.Argument(help="The spec file.")] = Path("dataset.yaml"),
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Look whether a build has all it needs here; buys nothing and makes nothing."""
    spec = or_exit(DatasetSpec.from_yaml, spec_file)
    opened = or_exit(Store, store)
    inventory, _ = look_at_photos(_source(spec), opened, spec.images.max_megapixels)
    samples = []
    if spec.editor.maker.pictures is None:
        samples = or_exit(
            lambda: plan_dataset(spec, inventory.images, emulated=spec.editor.is_emulated()).samples
        )
    annotators = annotators_here(spec.grounding).versions
    finished = finished_samples(samples, spec, annotators, opened)
    estimate = estimate_build(spec, samples, len(inventory.images), opened, finished)
    checks = list(check_build(spec, inventory, estimate, opened, datetime.now(UTC).date()))
    print_checks(checks)
    if worst(checks) is State.PROBLEM:
        raise typer.Exit(1)
    out.print(f"Next: kizu plan {spec_file}, then kizu build {spec_file}", markup=False)


def _source(spec: DatasetSpec) -> str:
    """Return where the photos are; of pictures without normal images, where the pictures are."""
    pictures = spec.editor.maker.pictures
    return spec.images.path if spec.has_normals or pictures is None else pictures.path


def print_checks(checks: list[Check]) -> None:
    """Print a row per check."""
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in checks:
        state = f"[{_STYLES[each.state]}]{told(each.state)}[/]"
        table.add_row(told(each.what), state, escape(told(each.sentence)))
    out.print(table)
    if steps := [step for each in checks for step in each.steps]:
        out.print("What adds what is missing:")
    for step in steps:
        out.print(f"  {step}", markup=False)
