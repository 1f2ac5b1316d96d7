"""Whether a version's report is there and would be drawn the same again."""

from importlib.metadata import version as version_of
from typing import Final

from kizu.publish.version import VersionRef
from kizu.report.cards import CardFolder, named_cards
from kizu.settings import Record
from kizu.spec import DatasetSpec
from kizu.store import DamagedFileError, Store
from kizu.store.keys import content_key
from kizu.summary import BuildSummary
from kizu.versions import CARD_VERSION

_NOTE: Final = "drawn.json"


class _Drawn(Record):
    """What a report was drawn from.

    Attributes:
        made_from: Key of everything that it shows.
        sizes: Sizes of its files in bytes, by path.
    """

    made_from: str
    sizes: dict[str, int]


def is_drawn(store: Store, spec: DatasetSpec, summary: BuildSummary, version: VersionRef) -> bool:
    """Tell whether a report shows what is known now, and no file of it is gone or cut short.

    Args:
        store: The store.
        spec: What the version was made by.
        summary: What the build came to.
        version: The version.
    """
    sizes, note = store.known_sizes(version.folder().report_folder), version.folder().report(_NOTE)
    if note not in sizes:
        return False
    try:
        drawn = store.read_json_as(note, _Drawn.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return False
    return (
        drawn.made_from == _made_from(spec, summary, version)
        and drawn.sizes.items() <= sizes.items()
        and _has_cards(store, spec, version)
    )


def note_drawn(store: Store, spec: DatasetSpec, summary: BuildSummary, version: VersionRef) -> None:
    """Note what a report was drawn from, so that the next build leaves it; see ``is_drawn``."""
    note = version.folder().report(_NOTE)
    sizes = store.known_sizes(version.folder().report_folder)
    sizes.pop(note, None)
    drawn = _Drawn(made_from=_made_from(spec, summary, version), sizes=sizes)
    store.write_json(note, drawn.model_dump(mode="json"))


def _made_from(spec: DatasetSpec, summary: BuildSummary, version: VersionRef) -> str:
    return content_key(
        "report",
        version=CARD_VERSION,
        page=version_of("kizu"),
        spec=spec.model_dump(mode="json"),
        summary=summary.model_dump(mode="json", exclude={"is_new", "stages"}),
        outcomes=version.outcomes,
        certification=version.certification,
    )


def _has_cards(store: Store, spec: DatasetSpec, version: VersionRef) -> bool:
    """Tell from a listing whether all cards that a report has are there; they lie beside it."""
    named = named_cards(store, version.folder())
    return named is not None and CardFolder(store, spec.name).whole().issuperset(named)
