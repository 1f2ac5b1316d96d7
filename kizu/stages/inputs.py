"""One sample as the stages see it: its photo, its edit, and where the defect was asked for."""

from functools import cached_property
from typing import Any

from kizu.edit.foreground import find_foreground, stored_foreground
from kizu.edit.regions import region_mask
from kizu.edit.storage import EditDamagedError, EditRecord, find_edit, open_edit, read_picture
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_png
from kizu.samples import PlannedSample
from kizu.shards import Shard
from kizu.store import Store


class SampleInputs:
    """What a stage reads of one sample; each record and picture is read once, when asked for.

    Attributes:
        store: The store.
        shard: The shard the sample is in, with the settings of the stages.
        sample: The sample.
        keys: Keys of the sample's outputs as far as they were asked for, by stage.
        records: Records of the sample's outputs as far as they were read, by stage.
    """

    def __init__(self, store: Store, shard: Shard, sample: PlannedSample) -> None:
        """Point at a sample; nothing is read."""
        self.store = store
        self.shard = shard
        self.sample = sample
        self.keys: dict[str, str] = {}
        self.records: dict[str, dict[str, Any]] = {}

    @cached_property
    def edit(self) -> EditRecord | None:
        """The record of the edit, or of its refusal; None while there is neither."""
        return find_edit(self.store, self.sample.request.key)

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
        return {
            "normal": self.sample.normal.pixels_sha256,
            "picture": self.picture.picture_sha256,
            "geometry": self.picture.geometry.identity(),
        }

    @cached_property
    def normal(self) -> RgbImage:
        """The normal image, (H, W, 3) uint8."""
        return decode_png(self.store.read(self.sample.normal.path))

    @cached_property
    def edited(self) -> RgbImage:
        """The edited picture on the normal image's grid, (H, W, 3) uint8.

        Raises:
            FileNotFoundError: There is no picture.
            EditDamagedError: The stored picture is not the one that was recorded.
        """
        return open_edit(self.store, self.picture, self.normal)

    def picture_problem(self) -> str:
        """Say what is wrong with the stored picture; empty if it is the one that was recorded."""
        try:
            read_picture(self.store, self.picture)
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
