"""The fusion: the mask of record, chosen from the change with the help of what annotators found."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from kizu.agree.change import Change
from kizu.agree.fusion import Fused, FusedRegion, fuse
from kizu.agree.outline import with_outlines
from kizu.agree.testimony import Testimony, testimony
from kizu.diff import Status, composite
from kizu.diff.composite import Composite, mask_on_edited
from kizu.diff.storage import (
    open_anomaly_map,
    open_composite,
    open_diff_mask,
    save_composite,
)
from kizu.edit.regions import region_identity
from kizu.grounding.encoded import EncodedDetections
from kizu.grounding.moved import move_detections
from kizu.grounding.storage import DetectionsRecord
from kizu.imaging.arrays import Mask
from kizu.imaging.codecs import decode_mask, encode_mask
from kizu.imaging.crops import union_of
from kizu.imaging.rle import decode_crop, encode_crop
from kizu.settings import Record
from kizu.stages.base import Stage
from kizu.stages.columns import column
from kizu.stages.diff import DIFF
from kizu.stages.grounding import GROUNDING
from kizu.stages.inputs import SampleInputs
from kizu.stages.outlines import outlines, outlines_key
from kizu.store import StageFolder
from kizu.store.keys import sha256_hex
from kizu.versions import FUSE_VERSION

_MASK: Final = "mask.png"


class RegionRecord(Record):
    """A region that the mask of record was chosen from; see ``FusedRegion``."""

    rle: dict[str, Any]
    source: str
    explained_by: tuple[str, ...]
    is_kept: bool


class FusedRecord(Record):
    """The mask of record of a sample.

    Attributes:
        mask_sha256: SHA-256 of the mask's file, which names what a person sees.
        is_diff: True where it is the diff mask as it is.
        composited: True where it was composited anew, because some of the change is left out or its
            outline was drawn anew.
        regions: What it was chosen from, the largest first.
        outlined: True where a segmenter drew outlines anew. It was shown the regions, so the
            verdict follows from these and not from the mask.
    """

    mask_sha256: str
    is_diff: bool
    composited: bool
    regions: tuple[RegionRecord, ...]
    outlined: bool = False


class FuseStage(Stage):
    """Leaves out of the change what annotators do not explain, where they explain some of it."""

    name = "fuse"
    noun = "masks"
    after = (DIFF, GROUNDING)
    columns = (
        column(
            "label_is_diff",
            pa.bool_(),
            "True where the mask is all that changed, false where some of it is left out because "
            "annotators do not explain it, or where a segmenter drew its outline anew.",
            null="of normal images",
        ),
    )

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the two annotations, where the defect was asked for, and outlines if asked for."""
        drawn = outlines_key(sample)
        return {
            **({"outlines": drawn} if drawn else {}),
            "version": FUSE_VERSION,
            "diff": DIFF.key(sample),
            "grounding": GROUNDING.key(sample),
            "region": region_identity(sample.sample.region),
        }

    def row(self, sample: SampleInputs) -> dict[str, Any]:
        """Return whether the mask is all that changed."""
        return {"label_is_diff": self.result(sample).is_diff}

    def result(self, sample: SampleInputs) -> FusedRecord:
        """Return what is known of a sample's mask.

        Raises:
            FileNotFoundError: It is not there.
        """
        return self.folder(sample).record_as(FusedRecord.model_validate)

    def mask(self, sample: SampleInputs) -> Mask:
        """Return the mask of record, (H, W) bool, in the edited picture's frame."""
        return self.folder(sample).read_as(_MASK, decode_mask)

    def composite(self, sample: SampleInputs) -> Composite:
        """Return the normal image with what belongs to the mask pasted in."""
        return open_composite(self.composite_folder(sample), sample.normal)

    def composite_folder(self, sample: SampleInputs) -> StageFolder:
        """Return where the composite lies: made anew here, or that of the diff."""
        return self.folder(sample) if self.result(sample).composited else DIFF.folder(sample)

    def fused(self, sample: SampleInputs) -> Fused:
        """Return the mask that is judged, with the regions it was chosen from.

        It is the mask of record, but for outlines that were drawn anew: a segmenter that was shown
        the diff's regions agrees with them because of that.
        """
        record = self.result(sample)
        regions = tuple(
            FusedRegion(decode_crop(each.rle), each.source, each.explained_by, each.is_kept)
            for each in record.regions
        )
        mask = self.mask(sample)
        if record.outlined:
            shape = mask.shape[0], mask.shape[1]
            mask = union_of((each.crop for each in regions if each.is_kept), shape)
        return Fused(mask, regions)

    def change(self, sample: SampleInputs) -> Change:
        """Return what the diff saw of a sample."""
        folder, found = DIFF.folder(sample), DIFF.result(sample)
        return Change(
            found.status, open_diff_mask(folder), open_anomaly_map(folder), found.threshold
        )

    def testimony(self, sample: SampleInputs) -> Mapping[str, EncodedDetections]:
        """Return which of its detections count, by annotator, on the edited picture's grid."""
        return {annotator: each.kept for annotator, each in self.weighed(sample).items()}

    def weighed(self, sample: SampleInputs) -> Mapping[str, Testimony]:
        """Return what each annotator says for the asked defect and for others, by its version."""
        asked, rivals, on_normal = (
            _by_annotator(look(sample))
            for look in (GROUNDING.results, GROUNDING.rivals, GROUNDING.on_normal)
        )
        if on_normal:
            normal_from_edited = DIFF.result(sample).normal_from_edited
            edited_from_normal = np.linalg.inv(np.vstack([normal_from_edited, [0.0, 0.0, 1.0]]))[:2]
            on_normal = {
                annotator: move_detections(found, edited_from_normal)
                for annotator, found in on_normal.items()
            }
        shape = sample.sample.normal.height, sample.sample.normal.width
        return {
            annotator: testimony(found, rivals.get(annotator), on_normal.get(annotator), shape)
            for annotator, found in asked.items()
        }

    def region(self, sample: SampleInputs) -> Mask | None:
        """Return where the defect was asked for, (H, W) bool, in the edited picture's frame."""
        asked = sample.region()
        if asked is None or not sample.sample.has_normal:
            return asked
        return mask_on_edited(asked, DIFF.result(sample).normal_from_edited)

    def make(self, sample: SampleInputs) -> None:
        """Choose the mask, and composite anew what it leaves out."""
        change, folder = self.change(sample), self.folder(sample)
        chosen = fuse(change, sample.edited, self.testimony(sample), self.region(sample))
        label, is_changed = chosen.mask, change.status is Status.CHANGED
        if is_changed and outlines_key(sample):
            label = with_outlines(chosen, outlines(sample, change))
        outlined = not np.array_equal(label, chosen.mask)
        mask = encode_mask(label)
        folder.write(_MASK, mask)
        anew = is_changed and (chosen.drops or outlined)
        if anew:  # all of the change is pasted, else an outline could cut the defect in two
            asked = chosen.mask | label, DIFF.result(sample), label
            save_composite(folder, composite(sample.normal, sample.edited, *asked))
        record = FusedRecord(
            mask_sha256=sha256_hex(mask),
            is_diff=bool(np.array_equal(label, change.mask)),
            composited=anew,
            regions=tuple(_recorded(each, change.shape) for each in chosen.regions),
            outlined=outlined,
        )
        folder.finish(record.model_dump(mode="json"))


FUSE: Final = FuseStage()


def _by_annotator(records: Iterable[DetectionsRecord]) -> dict[str, EncodedDetections]:
    return {each.annotator: each.detections() for each in records}


def _recorded(region: FusedRegion, shape: tuple[int, int]) -> RegionRecord:
    return RegionRecord(
        rle=encode_crop(region.crop, shape),
        source=region.source,
        explained_by=region.explained_by,
        is_kept=region.is_kept,
    )
