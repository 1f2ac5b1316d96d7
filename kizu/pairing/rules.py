"""What a picture's name, folder or row in a table says: its normal image and its defect."""

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kizu.edit.folder import DEFECT_TYPE_GROUP, NORMAL_GROUP
from kizu.edit.settings import PictureSource
from kizu.pairing.pairs import Shown
from kizu.pairing.table import TableRow, read_table
from kizu.source_names import Names, stem_of
from kizu.sources import NormalImage, Skipped
from kizu.spec import DatasetSpec, DefectSpec

_NAMES_SHOWN: Final = 3
"""Of names that could be meant, so many are told."""


class UnpairedError(ValueError):
    """A picture cannot be paired; the message tells why and the way out."""


@dataclass(frozen=True)
class Told:
    """What is said of one picture.

    Attributes:
        shown: The defect.
        normal: Its normal image; None if nobody says.
        by: Who says: "table" or "name"; empty if nobody does.
    """

    shown: Shown
    normal: NormalImage | None = None
    by: str = ""


def picture_source(spec: DatasetSpec) -> PictureSource:
    """Return where the pictures of a dataset are.

    Raises:
        ValueError: The dataset's editor makes its pictures.
    """
    source = spec.editor.maker.pictures
    if source is None:
        raise ValueError(f"the editor {spec.editor.name} makes its pictures; none are paired")
    return source


def _unclear(place: str, written: str, found: Sequence[str]) -> str:
    some = ", ".join(found[:_NAMES_SHOWN])
    return f"{place} names {written!r}, which may be {some}; give the path"


class PairingRules:
    """The rules of one dataset, and its normal images by name."""

    def __init__(
        self, spec: DatasetSpec, normals: Iterable[NormalImage], pictures: Sequence[str] = ()
    ) -> None:
        """Take the rules; the table is read.

        Args:
            spec: The dataset.
            normals: Its normal images.
            pictures: The names of all pictures, as far as a table speaks of them.

        Raises:
            SourceError: The table cannot be used.
            ValueError: The dataset's editor makes its pictures.
        """
        self.source = picture_source(spec)
        self.max_megapixels = spec.images.max_megapixels
        self.decoding = spec.images.decoding
        self._types = {defect.defect_type.casefold(): defect for defect in spec.defects}
        self._rule = re.compile(self.source.name_rule) if self.source.name_rule else None
        self._normals = {image.name: image for image in normals}
        self._normal_names = Names(self._normals)
        self._rows = read_table(self.source.table) if self.source.table else []
        names = Names(pictures)
        self._meant = {row.place: names.find(row.edited) for row in self._rows}
        self._told = {row.place: self._by_row(row) for row in self._rows}

    def tell(self, name: str) -> list[Told]:
        """Return what is said of a picture: one thing per defect it shows.

        Rows of the table that cannot be used are left out as long as another one speaks of it.

        Args:
            name: Its path below its source.

        Raises:
            UnpairedError: Nothing can be made of it.
        """
        if self.source.table:
            told = [self._told[row.place] for row in self._rows_of(name)]
            found = [each for each in told if isinstance(each, Told)]
            if not found:
                raise UnpairedError(next(each for each in told if isinstance(each, str)))
            return found
        return [self._by_name(name)]

    def unused_rows(self) -> list[Skipped]:
        """Return the rows of the table that no picture is left out for, and why they are not used.

        They are those whose picture is not there, and those that cannot be used while others speak
        of the same picture.
        """
        usable = {
            name
            for row in self._rows
            if isinstance(self._told[row.place], Told)
            for name in self._meant[row.place]
        }
        unused = []
        for row in self._rows:
            told, meant = self._told[row.place], self._meant[row.place]
            if isinstance(told, str) and usable.issuperset(meant):
                unused.append(Skipped(row.edited or row.place, told))
            elif not meant:
                reason = f"is named in {row.place}, and no such file is in {self.source.path}"
                unused.append(Skipped(row.edited, reason))
        return unused

    def same_name(self, name: str) -> NormalImage | None:
        """Return the normal image that is called as a picture is; None if it is none or several."""
        inner = stem_of(name)
        first, _, below = inner.partition("/")
        found = self._normal_names.find(below if first.casefold() in self._types else inner)
        return self._normals[found[0]] if len(found) == 1 else None

    def _rows_of(self, name: str) -> list[TableRow]:
        rows = [row for row in self._rows if name in self._meant[row.place]]
        if not rows:
            raise UnpairedError(f"it is not in {self.source.table}; add a row, or remove it")
        for row in rows:
            if len(self._meant[row.place]) > 1:
                raise UnpairedError(_unclear(row.place, row.edited, self._meant[row.place]))
        return rows

    def _by_row(self, row: TableRow) -> Told | str:
        """Return what a row says, or why it cannot be used."""
        if row.trouble:
            return row.trouble
        try:
            shown = Shown(
                defect_type=self._known(row.defect_type, row.place).defect_type,
                prompt=row.prompt,
                phrases=row.phrases,
                region=row.region,
            )
            if not row.normal or not self.source.has_normals:
                return Told(shown)
            return Told(shown, self._normal(row.normal, row.place), "table")
        except UnpairedError as error:
            return str(error)

    def _by_name(self, name: str) -> Told:
        if self._rule is None:
            shown = Shown(defect_type=self._type_in(name).defect_type)
            if self.source.pair_by != "name" or not self.source.has_normals:
                return Told(shown)
            normal = self.same_name(name)
            if normal is None:
                raise UnpairedError(
                    "no normal image has its name, or several have; name it like one, or set "
                    "editor.pair_by to content"
                )
            return Told(shown, normal, "name")
        groups = self._groups(name)
        written = groups.get(DEFECT_TYPE_GROUP)
        defect = self._known(written, "its name") if written else self._type_in(name)
        shown = Shown(defect_type=defect.defect_type)
        if not self.source.has_normals or not groups[NORMAL_GROUP]:
            return Told(shown)
        return Told(shown, self._normal(groups[NORMAL_GROUP], "its name"), "name")

    def _groups(self, name: str) -> Mapping[str, str]:
        found = self._rule.fullmatch(stem_of(name)) if self._rule else None
        if found is None:
            raise UnpairedError(
                f"its name does not follow editor.name_rule {self.source.name_rule}"
            )
        return found.groupdict()

    def _normal(self, written: str, place: str) -> NormalImage:
        found = self._normal_names.find(written)
        if not found:
            raise UnpairedError(f"{place} names the normal image {written!r}, which is not there")
        if len(found) > 1:
            raise UnpairedError(_unclear(place, written, found))
        return self._normals[found[0]]

    def _known(self, written: str, place: str) -> DefectSpec:
        try:
            return self._types[unicodedata.normalize("NFC", written.strip()).casefold()]
        except KeyError:
            raise UnpairedError(
                f"{place} says {written!r}, which is no defect of this dataset "
                f"({', '.join(self._types)}); add it to the defects"
            ) from None

    def _type_in(self, name: str) -> DefectSpec:
        """Return the defect type that a folder is named after, or the only one there is."""
        folders = posixpath.dirname(name).casefold().split("/")
        named = [self._types[folder] for folder in reversed(folders) if folder in self._types]
        if named:
            return named[0]
        if len(self._types) == 1:
            return next(iter(self._types.values()))
        raise UnpairedError(
            f"its defect type is not known; put it into a folder named after it "
            f"({', '.join(self._types)}), or give a table"
        )
