"""Commands that look for damage in the store: verify and repair."""

from typing import Annotated

import typer

from kizu.cli.options import (
    DEFAULT_STORE,
    DatasetName,
    DatasetVersion,
    StoreUrl,
    fail,
    or_exit,
)
from kizu.cli.terminal import out
from kizu.publish.dataset import LATEST, Dataset, PublishedDamage, open_dataset
from kizu.publish.layout import complete_versions
from kizu.publish.verification import restore
from kizu.publish.version import is_last_build
from kizu.repair import find_damage, keep, mend
from kizu.store import Store


def verify(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    version: DatasetVersion = LATEST,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Look at so many images, drawn at random, instead of all."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Look at all versions; files that they share once.")
    ] = False,
    restored: Annotated[
        bool, typer.Option("--restore", help="Bring damaged files back from the store.")
    ] = False,
) -> None:
    """Check that a published version is what was published, file by file."""
    if every and version != LATEST:
        fail("--all looks at every version; leave --version out")
    opened = or_exit(Store, store)
    names = complete_versions(opened, name) if every else [version]
    seen: set[str] = set()
    left = 0
    for each in names or [version]:
        dataset = or_exit(open_dataset, opened, name, each)
        left += _verified(opened, dataset, sample, seen, restored=restored)
    if left:
        raise typer.Exit(1)


def _verified(
    store: Store, dataset: Dataset, most: int | None, seen: set[str], *, restored: bool
) -> int:
    """Look at a version and say what was found; return how many files stay damaged."""
    found = or_exit(lambda: list(dataset.damage(most, seen)))
    looked_at = len(dataset) if most is None else min(most, len(dataset))
    for each in found:
        out.print(each.sentence, markup=False, soft_wrap=True)
    left = _restored(store, dataset, found) if restored else found
    told = f"{len(found)} files are damaged or missing" if found else "all is as it was published"
    out.print(
        f"{dataset.name} {dataset.version}: {told}; {looked_at} of {len(dataset)} images and the "
        "tables were looked at."
    )
    return len(left)


def _restored(
    store: Store, dataset: Dataset, found: list[PublishedDamage]
) -> list[PublishedDamage]:
    """Bring files back, and say how many could not be."""
    for each in found:  # a person may have changed it, and wants it back
        keep(store, dataset.folder.path(each.path))
    left = restore(store, dataset, found)
    out.print(f"{len(found) - len(left)} files are restored; what lay there is in inspect/.")
    if not left:
        return []
    if is_last_build(store, dataset.name, dataset.version):
        for each in left:
            store.remove(dataset.folder.path(each.path))
        out.print(f"'kizu build' publishes the other {len(left)} anew, from what it has made.")
    else:
        out.print(
            f"{len(left)} cannot be: the store no longer holds what they were made from, or a "
            "later build made another version."
        )
    return left


def repair(
    name: Annotated[
        str, typer.Argument(help="A dataset: look at the samples of its last build alone.")
    ] = "",
    store: StoreUrl = DEFAULT_STORE,
    *,
    buy: Annotated[
        bool,
        typer.Option("--buy", help="Let the next build buy damaged edits again, for money."),
    ] = False,
) -> None:
    """List what is damaged in the store, and have made anew what costs nothing.

    What was paid for or said by a person is named and left as it is.
    """
    opened = or_exit(Store, store)
    count = left = 0
    for found in or_exit(lambda: list(find_damage(opened, name))):
        done = mend(opened, found, buy=buy)
        out.print(f"{found.sentence}: {done}", markup=False, soft_wrap=True)
        count += 1
        left += not found.is_mended(buy=buy)
    told = f"{count} files are damaged; {left} of them are left as they are."
    out.print(told if count else "Nothing is damaged.")
    if left:
        raise typer.Exit(1)
