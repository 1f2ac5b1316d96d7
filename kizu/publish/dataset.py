"""Reads a published dataset version: what a user holds, and what everything else measures."""

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from math import inf
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import Decoding, decode_image, decode_mask, decode_png
from kizu.publish.layout import MANIFEST, VersionFolder, complete_versions, latest_version
from kizu.publish.schemas import TABLES, decode_parts, decode_table
from kizu.store import DamagedFileError, Store
from kizu.store.keys import sha256_hex

if TYPE_CHECKING:
    import pandas as pd
    from anomalib.data import Tabular
    from PIL import Image
    from supervision import DetectionDataset

    from kizu.publish.conversions.torch_dataset import TorchDataset

T = TypeVar("T")

LATEST: Final = "latest"
FILE_KINDS: Final = ("image", "mask", "touched", "edited", "edited_mask")
_ROWS_AT_A_TIME: Final = 256
_TABLE_FILE: Final = "{}.parquet"
_ANEW: Final = "'kizu build' publishes the version anew"


class DatasetError(ValueError):
    """A published dataset cannot be read; the message says why and the way out."""


@dataclass(frozen=True)
class PublishedDamage:
    """A file of a version that is missing or not what was published.

    Attributes:
        path: Its path as the version's tables give it, or the name of a table.
        sentence: What is wrong with it.
        sample_id: The sample it is of; empty for tables.
        sha256: What it must hash to; empty where that is not known.
    """

    path: str
    sentence: str
    sample_id: str = ""
    sha256: str = ""


@dataclass(frozen=True, eq=False)
class Sample:
    """One published image; its pixels are read when they are asked for.

    Attributes:
        row: Its row of the ``samples`` table.
    """

    row: Mapping[str, Any]
    _dataset: "Dataset" = field(repr=False)

    @property
    def sample_id(self) -> str:
        """Its name in the dataset."""
        return str(self.row["sample_id"])

    @property
    def is_normal(self) -> bool:
        """True for a photograph without a defect; negatives, which an editor made, are none."""
        return not self.row["label_index"] and not self.row["negative"]

    def image(self) -> RgbImage:
        """Return the image, (H, W, 3) uint8 RGB.

        Raises:
            DatasetError: The file is missing, or is not the one that was published.
        """
        return decode_png(self.read("image"))

    def label(self) -> Mask:
        """Return the defect, (H, W) bool; nothing for normal images.

        Raises:
            DatasetError: As for ``image``.
        """
        if not self.row["mask_path"]:
            return np.zeros(self.image().shape[:2], np.bool_)
        return decode_mask(self.read("mask"))

    def touched(self) -> Mask | None:
        """Return the pixels that are not bit for bit the normal image's, (H, W) bool.

        Returns:
            The label and the soft rim around it; None where the image is the model's own picture,
            or was published by a kizu that did not tell them apart.

        Raises:
            DatasetError: As for ``image``.
        """
        return decode_mask(self.read("touched")) if self.row["touched_path"] else None

    def edited(self) -> RgbImage | None:
        """Return the picture as it came, (h, w, 3) uint8 RGB, upright.

        Returns:
            None of a normal image, and of a picture that kizu had made.

        Raises:
            DatasetError: As for ``image``.
        """
        if not self.row["edited_path"]:
            return None
        return decode_image(self.read("edited"), inf, self._dataset.decoding)

    def edited_label(self) -> Mask | None:
        """Return the defect on the picture as it came, (h, w) bool; None as for ``edited``.

        Raises:
            DatasetError: As for ``image``.
        """
        return decode_mask(self.read("edited_mask")) if self.row["edited_mask_path"] else None

    def normal(self) -> RgbImage | None:
        """Return the photograph it was made from, (H, W, 3) uint8 RGB; None where none is there.

        Raises:
            DatasetError: As for ``image``.
        """
        found = self._dataset.normal_of(self)
        return found.image() if found else None

    def figure(self) -> "Image.Image":
        """Return a picture to look at: the photo, the image, its label, and the defect close by.

        Raises:
            DatasetError: As for ``image``.
        """
        from kizu.publish.sample_figure import sample_figure

        return sample_figure(self)

    def _repr_png_(self) -> bytes:
        """Return the figure as a PNG file; notebooks show it."""
        return self.figure()._repr_png_() or b""

    def read(self, kind: str) -> bytes:
        """Return one of its files as it is stored.

        Args:
            kind: One of ``FILE_KINDS``.

        Raises:
            DatasetError: As for ``image``.
        """
        return self._dataset.read(self.row[f"{kind}_path"], self.row[f"{kind}_sha256"])

    def damage(self, seen: set[str] | None = None) -> Iterator[PublishedDamage]:
        """Read its files; yield those that are missing or not what was published.

        Args:
            seen: Where files lie that were looked at, and are passed over; what is looked at now is
                added.
        """
        for kind in FILE_KINDS:
            path, sha256 = self.row[f"{kind}_path"], self.row[f"{kind}_sha256"]
            place = self._dataset.folder.path(path) if path else ""
            if not path or (seen is not None and place in seen):
                continue
            if seen is not None:
                seen.add(place)
            try:
                if sha256:
                    self.read(kind)
                else:
                    decode_image(self.read(kind))
            except ValueError as error:
                yield PublishedDamage(path, str(error), self.sample_id, sha256 or "")


class Dataset:
    """One version of a dataset. Iterating yields its samples, in bounded memory.

    Attributes:
        name: The dataset's name.
        version: The version's.
        store: The store it lies in.
        folder: Where its files lie; ``folder.path`` gives the place of each.
        manifest: What ``manifest.json`` says of it.
    """

    def __init__(self, store: Store, folder: VersionFolder) -> None:
        """Open a version; only its manifest is read.

        Raises:
            DatasetError: There is no such version, or it is not complete.
        """
        self.store = store
        self.folder = folder
        self.name, self.version = folder.dataset, folder.version
        try:
            self.manifest = store.read_json(folder.path(MANIFEST))
        except FileNotFoundError as error:
            raise DatasetError(
                f"there is no version {self.version!r} of {self.name!r} in {store.url}; "
                "leave the version out for the latest one"
            ) from error
        except DamagedFileError as error:
            raise DatasetError(f"{error}; {_ANEW}") from error

    @property
    def decoding(self) -> Decoding:
        """How pictures are read as they came; versions of older kizus do not tell."""
        return Decoding(**self.manifest.get("decoding", {}))

    @cached_property
    def samples(self) -> "pd.DataFrame":
        """One row per image: paths, label, split, verdict."""
        return self._frame("samples")

    @cached_property
    def instances(self) -> "pd.DataFrame":
        """One row per region: box, area, score, evidence, phrase, COCO RLE; per annotator."""
        return self._frame("instances")

    @cached_property
    def provenance(self) -> "pd.DataFrame":
        """One row per image: how it came about, and the metrics of its verdict."""
        return self._frame("provenance")

    @cached_property
    def edits(self) -> "pd.DataFrame":
        """One row per edit request: the ledger, refusals and failures included."""
        return self._frame("edits")

    @property
    def annotators(self) -> frozenset[str]:
        """Versions of the annotators that looked at its samples."""
        found: set[str] = set()
        for part in self.parts("provenance", ["annotators"]):
            found.update(pc.list_flatten(part["annotators"]).unique().to_pylist())
        return frozenset(found)

    def __len__(self) -> int:
        """Return the number of images."""
        return int(self.manifest["rows"]["samples"])

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples in the order of their paths; a few rows are held at a time."""
        for row in self.rows("samples"):
            yield Sample(row, self)

    def parts(self, table: str, columns: Sequence[str] = ()) -> Iterator[pa.Table]:
        """Yield a table's rows in its order, a few at a time: memory need not hold it.

        Args:
            table: One of ``TABLES``.
            columns: The columns that are wanted; none for all.

        Raises:
            DatasetError: It is missing, or is not the file that was published.
        """
        with self._open_table(table) as file:
            yield from decode_parts(table, file, _ROWS_AT_A_TIME, columns)

    def rows(self, table: str, columns: Sequence[str] = ()) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of ``parts`` one by one, as mappings from column to value."""
        for part in self.parts(table, columns):
            yield from part.to_pylist()

    @overload
    def __getitem__(self, which: str | int) -> Sample: ...

    @overload
    def __getitem__(self, which: slice) -> list[Sample]: ...

    def __getitem__(self, which: str | int | slice) -> Sample | list[Sample]:
        """Return a sample by its id or its number in the table; several by a slice.

        Raises:
            KeyError: There is none of that id.
            IndexError: There is none of that number.
        """
        if isinstance(which, str):
            return Sample(self._rows[which], self)
        rows = self._row_list
        if isinstance(which, slice):
            return [Sample(row, self) for row in rows[which]]
        try:
            return Sample(rows[which], self)
        except IndexError as error:
            raise IndexError(f"{self.name} {self.version} has {len(self)} images") from error

    @cached_property
    def _rows(self) -> dict[str, Mapping[str, Any]]:
        return {sample.sample_id: sample.row for sample in self}

    @cached_property
    def _row_list(self) -> list[Mapping[str, Any]]:
        return list(self._rows.values())

    def normal_of(self, sample: Sample) -> Sample | None:
        """Return the published photograph that a sample was made from; None where there is none.

        Of a normal image it is the image itself.
        """
        return self._normals.get(self._photos[sample.sample_id])

    @cached_property
    def _photos(self) -> dict[str, str]:
        """SHA-256 of the photo of every sample."""
        rows = self.rows("provenance", ("sample_id", "normal_sha256"))
        return {row["sample_id"]: row["normal_sha256"] for row in rows}

    @cached_property
    def _normals(self) -> dict[str, Sample]:
        """The normal images, by SHA-256 of their photos."""
        normals = (Sample(row, self) for row in self._row_list)
        return {self._photos[each.sample_id]: each for each in normals if each.is_normal}

    def to_pandas(self) -> "pd.DataFrame":
        """Return all images with how they came about: ``samples`` and ``provenance`` in one frame.

        Returns:
            One row per image, rejected and waiting ones too; paths are whole paths or URLs.
        """
        from kizu.publish.conversions.frame import to_pandas

        return to_pandas(self)

    def to_torch(
        self,
        transform: Callable[[dict[str, Any]], Any] | None = None,
        *,
        splits: Collection[str] = (),
        also: Collection[str] = (),
        uncertified: bool = False,
    ) -> "TorchDataset":
        """Return a map-style dataset of PyTorch, which a ``DataLoader`` with workers may read.

        Its items are dictionaries: ``image`` (3, H, W) float32 in [0, 1], ``mask`` (H, W) bool,
        ``label`` 0 or 1, ``class_index`` 0 for normal and from 1 for ``classes``, ``sample_id``.
        Where torchvision is installed image and mask are its tv_tensors, so that its transforms
        change both alike.

        Args:
            transform: Makes of such an item what is returned.
            splits: Of the table, as ``("train", "train_defects")``; none for all.
            also: Verdicts that are wanted besides "accept": "review", "reject".
            uncertified: Whether accepted samples that no certificate covers are wanted where one
                stands.

        Raises:
            DatasetError: There is no such split.
        """
        from kizu.publish.conversions import chosen_samples
        from kizu.publish.conversions.torch_dataset import TorchDataset

        found = chosen_samples(self, also, uncertified=uncertified, splits=splits)
        return TorchDataset(*found, transform)

    def to_supervision(
        self,
        *,
        splits: Collection[str] = (),
        also: Collection[str] = (),
        uncertified: bool = False,
    ) -> "DetectionDataset":
        """Return a detection dataset of supervision: a box and a mask per connected region.

        Images are read when they are asked for; the masks of all are held in memory.

        Args:
            splits: As of ``to_torch``.
            also: As of ``to_torch``.
            uncertified: As of ``to_torch``.

        Raises:
            DatasetError: There is no such split, or the store is not on this computer.
            ImportError: supervision is not installed.
        """
        from kizu.publish.conversions import chosen_samples
        from kizu.publish.conversions.supervision import to_supervision

        found = chosen_samples(self, also, uncertified=uncertified, splits=splits)
        return to_supervision(self, *found)

    def to_anomalib(
        self,
        *,
        also: Collection[str] = (),
        uncertified: bool = False,
        **settings: Any,  # noqa: ANN401 - anomalib's
    ) -> "Tabular":
        """Return a data module of anomalib: trains on the split ``train``, tests on ``test``.

        Args:
            also: As of ``to_torch``.
            uncertified: As of ``to_torch``.
            settings: Of anomalib's ``Tabular``, as ``train_batch_size=8``.

        Raises:
            DatasetError: The store is not on this computer.
            ImportError: anomalib is not installed.
        """
        from kizu.publish.conversions import chosen_samples
        from kizu.publish.conversions.anomalib import to_anomalib

        found, _ = chosen_samples(self, also, uncertified=uncertified)
        return to_anomalib(self, found, settings)

    def read(self, path: str, sha256: str | None = None) -> bytes:
        """Return a file of the version.

        Args:
            path: Its path as the version's tables give it, or the name of a table.
            sha256: What it must hash to; None or empty where that is not known.

        Raises:
            DatasetError: It is missing, or is not the file that was published.
        """
        data = self._found(path, self.store.read)
        if sha256 and sha256_hex(data) != sha256:
            raise self._altered(path)
        return data

    @contextmanager
    def _open_table(self, table: str) -> Iterator[io.BufferedIOBase]:
        """Open a table's file for reading, once it is known to be what was published."""
        path = _TABLE_FILE.format(table)
        with self._found(path, self.store.open_file) as file:
            if file_digest(file, "sha256").hexdigest() != self.manifest["sha256"][table]:
                raise self._altered(path)
            file.seek(0)
            yield file

    def _found(self, path: str, read: Callable[[str], T]) -> T:
        place = self.folder.path(path)
        try:
            return read(place)
        except FileNotFoundError as error:
            raise DatasetError(
                f"{self.store.address(place)} is missing from the version; {self._way_out}"
            ) from error

    def _altered(self, path: str) -> DatasetError:
        place = self.store.address(self.folder.path(path))
        return DatasetError(f"{place} is not the file that was published; {self._way_out}")

    @property
    def _way_out(self) -> str:
        return f"'kizu verify {self.name} --version {self.version} --restore' brings it back"

    def verify(self) -> list[str]:
        """Read every file of the version; return one sentence per missing or altered one."""
        return [found.sentence for found in self.damage()]

    def damage(
        self, most: int | None = None, seen: set[str] | None = None
    ) -> Iterator[PublishedDamage]:
        """Read the version's files; yield those that are missing or not what was published.

        Pictures of a kizu that published no digests are decoded.

        Args:
            most: Images to look at, drawn at random; all for None. The tables are always read.
            seen: Where files lie that were looked at with another version that shares them.
        """
        tables = list(self.damaged_tables())
        yield from tables
        yield from self.damaged_card()
        if not any(found.path == _TABLE_FILE.format("samples") for found in tables):
            for sample in self._drawn(most):
                yield from sample.damage(seen)

    def damaged_tables(self) -> Iterator[PublishedDamage]:
        """Read the tables; yield those that are missing or not what was published."""
        for table in TABLES:
            try:
                with self._open_table(table):
                    pass
            except DatasetError as error:
                yield PublishedDamage(_TABLE_FILE.format(table), str(error))

    def damaged_card(self) -> Iterator[PublishedDamage]:
        """Read the card's files; yield those that are missing or not what was published."""
        for path, sha256 in self.manifest.get("files", {}).items():
            try:
                self.read(path, sha256)
            except DatasetError:
                place = self.store.address(self.folder.path(path))
                sentence = f"{place} of the version's card is missing or altered; {_ANEW}"
                yield PublishedDamage(path, sentence)

    def _drawn(self, most: int | None) -> Iterator[Sample]:
        if most is None or most >= len(self):
            yield from self
            return
        drawn = set(SystemRandom().sample(range(len(self)), most))
        yield from (sample for place, sample in enumerate(self) if place in drawn)

    def table(self, table: str) -> bytes:
        """Return a table as the Parquet file it is.

        Args:
            table: One of ``TABLES``.

        Raises:
            DatasetError: It is missing, or is not the file that was published.
        """
        return self.read(_TABLE_FILE.format(table), self.manifest["sha256"][table])

    def _frame(self, table: str) -> "pd.DataFrame":
        frame: pd.DataFrame = decode_table(table, self.table(table)).to_pandas()
        return frame


def open_dataset(store: Store | str, name: str, version: str = LATEST) -> Dataset:
    """Open a published dataset.

    Args:
        store: The store, or its URL.
        name: The dataset's name.
        version: The version; "latest" for the one the dataset points at.

    Raises:
        DatasetError: There is no such dataset or version.
    """
    opened = Store(store) if isinstance(store, str) else store
    if version != LATEST:
        return Dataset(opened, VersionFolder(name, version))
    try:
        folder = latest_version(opened, name)
    except DamagedFileError as error:
        raise DatasetError(f"{error}; 'kizu build' writes it anew") from error
    if folder is None:
        raise DatasetError(_no_latest(opened, name))
    return Dataset(opened, folder)


def _no_latest(store: Store, name: str) -> str:
    """Say why a dataset has no latest version, and what there is instead."""
    versions = complete_versions(store, name)
    if not versions:
        return f"there is no dataset {name!r} in {store.url}; 'kizu build' makes one"
    return (
        f"no version of {name!r} in {store.url} is the latest one, for every build of it left "
        f"samples behind; name one of: {', '.join(versions)}"
    )
