"""One sample as the stages see it: its photo, its edit, and where the defect was asked for."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from kizu.edit.foreground import find_foreground, stored_foreground
from kizu.edit.regions import region_mask
from kizu.edit.storage import (
    EditDamagedError,
    EditRecord,
    find_edit,
    open_edit,
    picture_decoding,
    read_picture,
)
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_png
from kizu.intake import read_normal
from kizu.samples import PlannedSample
from kizu.shards import Shard
from kizu.stages.obtain import make_anew
from kizu.store import StageFolder, Store

T = TypeVar("T")


class SampleInputs:
    """What a stage reads of one sample; each record and picture is read once, when asked for.

    Attributes:
        store: The store.
        shard: The shard the sample is in, with the settings of the stages.
        sample: The sample.
        keys: Keys of the sample's outputs as far as they were asked for, by stage.
        folders: Where the sample's outputs lie, as far as they were asked for, by stage.
        edit_problem: What is wrong with the record of the edit, once it was asked for; empty if
            nothing is.
    """

    def __init__(self, store: Store, shard: Shard, sample: PlannedSample) -> None:
        """Point at a sample; nothing is read."""
        self.store = store
        self.shard = shard
        self.sample = sample
        self.keys: dict[str, str] = {}
        self.folders: dict[str, StageFolder] = {}
        self.edit_problem = ""

    @cached_property
    def edit(self) -> EditRecord | None:
        """The record of the edit, or of its refusal; None while there is no undamaged one."""
        try:
            return find_edit(self.store, self.sample.request.key)
        except EditDamagedError as damage:
            self.edit_problem = str(damage)
            return None

    @property
    def has_picture(self) -> bool:
        """False while there is no edited picture, and for ever if the edit was refused."""
        return self.edit is not None and self.edit.has_picture

    @property
    def picture(self) -> EditRecord:
        """The record of the edit that is there.

        Raises:
            FileNotFoundError: There is no picture.
        """
        if self.edit is None or not self.edit.has_picture:
            raise FileNotFoundError(
                f"the edit of {self.sample.sample_id} is not in the store; build again"
            )
        return self.edit

    @property
    def pair(self) -> dict[str, Any]:
        """Normal image and edited picture as part of a key.

        They are named by their content, not by the request that asked for the picture: bought
        again, an edit may bring another one.

        Raises:
            FileNotFoundError: There is no picture.
        """
        decoding = picture_decoding(self.picture).told()
        return {
            "normal": self.sample.normal.pixels_sha256,
            "picture": self.picture.picture_sha256,
            "geometry": self.picture.geometry.identity(),
            **({"decoding": decoding} if decoding else {}),
        }

    @cached_property
    def normal(self) -> RgbImage:
        """The normal image, (H, W, 3) uint8."""
        return decode_png(self.normal_file())

    def normal_file(self) -> bytes:
        """Return the normal image as a PNG file; a damaged one is taken in anew.

        Raises:
            DamagedFileError: It is damaged, and its photo is not where it was.
        """
        pictures = self.shard.spec.editor.maker.pictures
        alone = not self.sample.has_normal and pictures is not None
        source = pictures.path if alone and pictures else self.shard.spec.images.path
        return read_normal(self.store, self.sample.normal, source, self.shard.spec.images.decoding)

    @cached_property
    def edited(self) -> RgbImage:
        """The edited picture on the normal image's grid, (H, W, 3) uint8.

        Raises:
            FileNotFoundError: There is no picture.
            EditDamagedError: The stored picture is not the one that was recorded.
        """
        return self._or_anew(lambda: open_edit(self.store, self.picture, self.normal))

    def picture_file(self) -> bytes:
        """Return the picture's file as it was received.

        Raises:
            FileNotFoundError: There is no picture.
            EditDamagedError: The stored picture is not the one that was recorded.
        """
        return self._or_anew(lambda: read_picture(self.store, self.picture))

    def _or_anew(self, read: Callable[[], T]) -> T:
        """Read the picture; a damaged one that costs nothing is made anew."""
        try:
            return read()
        except EditDamagedError as damage:
            editor = self.shard.spec.editor.maker.make()
            if editor.is_paid:
                raise
            planned = self.sample
            make_anew(self.store, editor, planned.request, self.normal, planned.region, damage)
            return read()

    def picture_problem(self) -> str:
        """Say what is wrong with the stored picture; empty if it is the one that was recorded."""
        try:
            self.picture_file()
        except EditDamagedError as error:
            return str(error)
        return ""

    def region(self) -> Mask | None:
        """Return where the defect was asked for, (H, W) bool on the normal image's grid."""
        normal = self.sample.normal
        return region_mask(self.sample.region, (normal.height, normal.width), self._foreground)

    def _foreground(self) -> Mask:
        """Return the photo's foreground; the photo is decoded only where it was not found yet."""
        sha256 = self.sample.normal.sha256
        found = find_foreground(self.store, sha256)
        return stored_foreground(self.store, sha256, self.normal) if found is None else found
