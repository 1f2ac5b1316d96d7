"""The command that looks at what a build needs: check."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from kizu.checks import Check, State, check_build, worst
from kizu.cli.options import DEFAULT_STORE, StoreUrl, or_exit
from kizu.cli.terminal import out, progress_bars
from kizu.planning import estimate_build, plan_dataset
from kizu.sources import Inventory, examine, list_source
from kizu.spec import DatasetSpec
from kizu.store import Store

_STYLES: Final = {State.READY: "green", State.WARNING: "yellow", State.PROBLEM: "red"}


def check(
    spec_file: Annotated[Path, typer.Argument(help="The spec file.")] = Path("dataset.yaml"),
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Look whether a build has all it needs here; buys nothing and makes nothing."""
    spec = or_exit(DatasetSpec.from_yaml, spec_file)
    opened = or_exit(Store, store)
    inventory = _inventory(spec, opened)
    samples = []
    if spec.editor.maker.pictures is None:
        samples = or_exit(
            lambda: plan_dataset(spec, inventory.images, emulated=spec.editor.is_emulated()).samples
        )
    estimate = estimate_build(spec, samples, len(inventory.images), opened)
    checks = list(check_build(spec, inventory, estimate, opened, datetime.now(UTC).date()))
    print_checks(checks)
    if worst(checks) is State.PROBLEM:
        raise typer.Exit(1)
    out.print(f"Next: kizu plan {spec_file}, then kizu build {spec_file}", markup=False)


def _inventory(spec: DatasetSpec, store: Store) -> Inventory:
    """Look at the photos; of pictures without normal images, at the pictures."""
    pictures = spec.editor.maker.pictures
    path = spec.images.path if spec.has_normals or pictures is None else pictures.path
    files = or_exit(list_source, path)
    with progress_bars() as bars:
        bars("look at photos", 0, len(files))
        found = []
        for file in files:
            found.append(examine(file, store, spec.images.max_megapixels))
            bars("look at photos", 1, None)
    return Inventory.of(found)


def print_checks(checks: list[Check]) -> None:
    """Print a row per check."""
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in checks:
        table.add_row(each.what, f"[{_STYLES[each.state]}]{each.state}[/]", each.sentence)
    out.print(table)
