"""Commands about the versions of a dataset: versions, diff and delete."""

import json
import sys
from functools import partial
from typing import Annotated, Final

import typer
from rich.table import Table

from kizu.agree.verdict import Verdict
from kizu.cli.options import DEFAULT_STORE, DatasetName, StoreUrl, fail, open_in_browser, or_exit
from kizu.cli.terminal import out, progress_bars
from kizu.publish.changes import count_kinds, find_changes
from kizu.publish.dataset import LATEST, open_dataset
from kizu.publish.deletion import check_deletable, delete_version
from kizu.publish.layout import VersionFolder
from kizu.publish.overview import VersionOverview, overview
from kizu.report.changes_page import changes_page
from kizu.store import Store
from kizu.store.unwritable import in_words

_VERDICTS: Final = (Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT)
_TOLD: Final = (
    "normal / accepted / review / rejected",
    "certified",
    "accepted by defect",
    "own + shared",
)


def versions(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """List a dataset's versions, the oldest first: samples by verdict and defect, and room."""
    found = or_exit(overview, or_exit(Store, store), name)
    table = Table("version", "published (UTC)", *_TOLD)
    for column in table.columns[:2]:
        column.no_wrap = True
    for each in found:
        table.add_row(*_cells(each))
    out.print(table)
    for each in found:
        if each.problem:
            out.print(f"{each.version}: {each.problem}", markup=False)
    if not any(each.is_latest for each in found):
        out.print("None of them is the latest one: name the version that you want to read.")
    out.print("* the latest. Own: what deleting the version frees at most.")


def _cells(each: VersionOverview) -> list[str]:
    """Return a row that fits into 80 columns, however many kinds of defects there are."""
    verdicts = each.verdicts or {}
    counts = [each.normals, *(verdicts.get(kind, 0) for kind in _VERDICTS)]
    certificate = ", by a certificate" if each.has_certificate else ""
    return [
        f"{each.version}{' *' if each.is_latest else ''}",
        f"{each.published_at:%Y-%m-%d %H:%M}",
        " / ".join(map(str, counts)),
        f"{each.certified}{certificate}",
        ", ".join(f"{kind} {count}" for kind, count in sorted((each.defects or {}).items())),
        f"{in_words(each.own_bytes)} + {in_words(each.shared_bytes)}",
    ]


def diff(
    name: DatasetName,
    before: Annotated[str, typer.Argument(help="The older version; 'kizu versions' lists them.")],
    after: Annotated[str, typer.Argument(help="The newer version.")] = LATEST,
    store: StoreUrl = DEFAULT_STORE,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every change as JSON, and nothing else.")
    ] = False,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the page.")] = True,
) -> None:
    """Tell what differs between two versions, with a page of old and new side by side."""
    opened = or_exit(Store, store)
    was, now = (or_exit(open_dataset, opened, name, version) for version in (before, after))
    with progress_bars():
        changes = or_exit(find_changes, was, now)
    counts = count_kinds(changes)
    if as_json:
        told = {
            "dataset": name,
            "before": was.version,
            "after": now.version,
            "counts": counts,
            "changes": [change.to_json() for change in changes],
        }
        print(json.dumps(told, ensure_ascii=False, indent=2))  # noqa: T201 - rich would break lines
        return
    table = Table(f"{name}: {was.version} to {now.version}", "samples")
    for kind, count in counts.items():
        table.add_row(kind, str(count))
    out.print(table)
    path = now.folder.report(f"changes_from_{was.version}.html")
    opened.write(path, or_exit(changes_page, was, now, changes).encode())
    address = opened.address(path)
    out.print(address, markup=False)
    if show:
        open_in_browser(address)


def delete(
    name: DatasetName,
    version: Annotated[str, typer.Argument(help="The version; 'kizu versions' lists them.")],
    store: StoreUrl = DEFAULT_STORE,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    even_latest: Annotated[
        bool, typer.Option("--latest", help="Delete it even if it is the latest version.")
    ] = False,
    even_building: Annotated[
        bool,
        typer.Option("--even-building", help="Also while a build seems to publish the dataset."),
    ] = False,
) -> None:
    """Delete a version with the pictures that no other one has; edits and decisions stay."""
    opened, folder = or_exit(Store, store), VersionFolder(name, version)
    may = {"even_latest": even_latest, "even_building": even_building}
    or_exit(partial(check_deletable, opened, folder, **may))
    if not yes:
        _ask(opened, folder)
    with progress_bars():
        done = or_exit(partial(delete_version, opened, folder, **may))
    told = f"Deleted version {version} of {name}" if done.was_there else f"{version} was gone"
    out.print(
        f"{told}: {done.files} files removed, {in_words(done.freed_bytes)} freed; edits, "
        "decisions and other versions are as they were.",
        markup=False,
    )


def _ask(store: Store, folder: VersionFolder) -> None:
    """Ask whether a version is to go; end the command if not."""
    if not sys.stdin.isatty():
        fail(f"nobody is there to ask whether {folder.version} is to go; say --yes")
    known = {each.version: each for each in or_exit(overview, store, folder.dataset)}
    if (each := known.get(folder.version)) is not None:
        out.print(
            f"{folder.version} of {folder.dataset}: {each.normals} normal and {each.samples} "
            f"defect images, published {each.published_at:%Y-%m-%d %H:%M} UTC; "
            f"{in_words(each.own_bytes)} are of no other version.",
            markup=False,
        )
    if not typer.confirm("Delete it?"):
        out.print("Nothing is deleted.")
        raise typer.Exit(1)
