"""Everything the store holds of one sample: its edit, and what the stages made from it."""

from functools import cached_property

from kizu.agree.verdict import Agreement
from kizu.edit.foreground import find_foreground, stored_foreground
from kizu.edit.regions import region_mask
from kizu.edit.storage import EditDamagedError, EditRecord, find_edit, open_edit, read_picture
from kizu.grounding.storage import DetectionsRecord, open_detections
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_png
from kizu.samples import PlannedSample
from kizu.shards import Shard
from kizu.stages import StageKeys, stage_keys
from kizu.store import StageFolder, Store


class SampleOutputs:
    """One sample's outputs; each record and picture is read once, when it is asked for.

    Attributes:
        shard: The shard the sample is in, with the settings of the stages.
        sample: The sample.
    """

    def __init__(self, store: Store, shard: Shard, sample: PlannedSample) -> None:
        """Point at a sample's outputs; nothing is read."""
        self._store = store
        self.shard = shard
        self.sample = sample

    @cached_property
    def edit(self) -> EditRecord | None:
        """The record of the edit, or of its refusal; None while there is neither."""
        return find_edit(self._store, self.sample.request.key)

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
    def judged(self) -> Agreement:
        """The verdict that is there.

        Raises:
            FileNotFoundError: There is none.
        """
        if self.agreement is None:
            raise FileNotFoundError(
                f"the verdict of {self.sample.sample_id} is not in the store; build again"
            )
        return self.agreement

    @cached_property
    def keys(self) -> StageKeys:
        """The keys of what is made from the edited picture.

        Raises:
            FileNotFoundError: There is no picture.
        """
        return stage_keys(self.sample, self.shard.spec, self.shard.annotator, self.picture)

    @property
    def diff(self) -> StageFolder:
        """Where the comparison with the normal image lies."""
        return StageFolder(self._store, "diff", self.keys.diff)

    @property
    def grounding(self) -> StageFolder:
        """Where the annotator's detections lie."""
        return StageFolder(self._store, "grounding", self.keys.grounding)

    @property
    def agree(self) -> StageFolder:
        """Where the verdict lies."""
        return StageFolder(self._store, "agree", self.keys.agree)

    @property
    def card(self) -> StageFolder:
        """Where the report's pictures of the sample lie."""
        return StageFolder(self._store, "card", self.keys.card)

    @cached_property
    def normal(self) -> RgbImage:
        """The normal image, (H, W, 3) uint8."""
        return decode_png(self._store.read(self.sample.normal.path))

    @cached_property
    def edited(self) -> RgbImage:
        """The edited picture on the normal image's grid, (H, W, 3) uint8.

        Raises:
            FileNotFoundError: There is no picture.
            EditDamagedError: The stored picture is not the one that was recorded.
        """
        return open_edit(self._store, self.picture, self.normal)

    @cached_property
    def agreement(self) -> Agreement | None:
        """The verdict; None while there is none."""
        if not self.has_picture or not self.agree.done():
            return None
        return Agreement.model_validate(self.agree.record())

    @cached_property
    def detections(self) -> DetectionsRecord | None:
        """What the annotator found on the edited picture; None if no annotator looks."""
        return None if self.shard.annotator is None else open_detections(self.grounding)

    def picture_problem(self) -> str:
        """Say what is wrong with the stored picture; empty if it is the one that was recorded."""
        try:
            read_picture(self._store, self.picture)
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
        found = find_foreground(self._store, sha256)
        return stored_foreground(self._store, sha256, self.normal) if found is None else found
