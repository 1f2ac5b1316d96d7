"""Groups that the user told of: by a rule for names, by folders, or in a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kizu.sentences import some_of
from kizu.source_files import SourceError
from kizu.source_names import Names
from kizu.source_tables import read_rows, text_of
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError
from kizu.spec.grouping import GroupSettings

_SETTING: Final = "images.group"
_COLUMNS: Final = ("name", "group")


@dataclass(frozen=True)
class Told:
    """What a user told of groups.

    Attributes:
        of: Names of groups by those of their photos; a photo that is missing was not told of.
        notes: What was perhaps meant otherwise, one sentence per thing.
    """

    of: Mapping[str, str]
    notes: tuple[str, ...] = ()


def told_groups(spec: DatasetSpec, names: Sequence[str]) -> Told:
    """Return the groups that a spec tells of.

    Args:
        spec: The dataset.
        names: The photos' paths below their source.

    Raises:
        SourceError: The table cannot be used.
        SpecError: Nothing is said of any photo.
    """
    settings = spec.images.group
    if settings is None or not names:
        return Told({})
    told = _by_rule(settings, names) if settings.table is None else _by_table(settings.table, names)
    untold = [name for name in names if name not in told.of]
    if not told.of:
        raise SpecError(f"{spec.origin}: {settings.says_nothing_of(names[0])}")
    if not untold:
        return told
    note = (
        f"{_SETTING} says nothing of {len(untold)} of {len(names)} photos ({some_of(untold)}); "
        "each of them is a group alone"
    )
    return Told(told.of, (*told.notes, note))


def _by_rule(settings: GroupSettings, names: Iterable[str]) -> Told:
    found = {name: settings.group_of(name) for name in names}
    return Told({name: group for name, group in found.items() if group})


def _by_table(path: str, names: Iterable[str]) -> Told:
    """Read which group each photo is in, by the table's rows.

    Raises:
        SourceError: It cannot be read, or a row contradicts another or means several photos.
    """
    photos = Names(names)
    columns, rows = read_rows(path, f"{_SETTING}.table", _COLUMNS, ())
    table = path.rsplit("/", 1)[-1]
    told: dict[str, tuple[str, int]] = {}
    unknown: list[str] = []
    for number, cells in rows:
        row = dict(zip(columns, map(text_of, cells), strict=False))
        written, group = row.get("name", ""), row.get("group", "")
        if not written or not group:
            continue
        found = photos.find(written)
        if len(found) > 1:
            raise SourceError(
                f"{_SETTING}.table: {written!r} in row {number} of {table} may be "
                f"{some_of(found, ' or ')}; write it as one of them"
            )
        if not found:
            unknown.append(written)
            continue
        known, first = told.setdefault(found[0], (group, number))
        if known != group:
            raise SourceError(
                f"{_SETTING}.table: row {number} of {table} puts {found[0]} into {group!r}, row "
                f"{first} into {known!r}; remove one of them"
            )
    note = f"{_SETTING}.table: {table} names {len(unknown)} photos that are not there"
    notes = (f"{note} ({some_of(unknown)})",) if unknown else ()
    return Told({name: group for name, (group, _) in told.items()}, notes)
