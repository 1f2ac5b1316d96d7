"""Writes one sample's files into a dataset version and returns its rows."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from kizu.agree.fusion import TESTIMONY_SOURCE
from kizu.agree.proof import NOTHING_PROVEN, Proof
from kizu.diff.storage import open_composited_label
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_mask, encode_png
from kizu.outputs import SampleOutputs
from kizu.progress import advance
from kizu.publish.as_it_came import label_as_it_came
from kizu.publish.frames import PublishedFrame
from kizu.publish.instances import candidate_instances, diff_instances, grounded_instances
from kizu.publish.layout import (
    VersionFolder,
    defect_image,
    defect_mask,
    defect_touched,
    edited_mask,
    edited_picture,
)
from kizu.publish.outcomes import NONE_UNPUBLISHED, SampleStatus, sample_outcome
from kizu.publish.rows import (
    File,
    Files,
    Row,
    defect_provenance,
    defect_row,
    edit_row,
    mask_source,
)
from kizu.samples import PlannedSample
from kizu.sentences import words_of
from kizu.shards import Shard
from kizu.stages import FUSE
from kizu.store import Store, StoreUnreachableError, StoreUnwritableError
from kizu.store.keys import sha256_hex

logger = logging.getLogger(__name__)

PUBLISH: Final = "publish"
"""What progress is reported as."""


@dataclass(frozen=True, eq=False)
class Published:
    """What of a sample is published.

    Attributes:
        image: (H, W, 3) uint8.
        label: (H, W) bool, the defect on that image.
        touched: (H, W) bool, outside of which the image is the normal one; None if it is not the
            normal image with the change pasted in.
    """

    image: RgbImage
    label: Mask
    touched: Mask | None


class UnpublishedError(Exception):
    """Samples of a shard could not be published; all others of it were."""

    def __init__(self, reasons: dict[str, str]) -> None:
        """Take why, by the samples' ids."""
        super().__init__(reasons)
        self.reasons = reasons

    def __str__(self) -> str:
        """Name the first sample and the reason."""
        sample_id, reason = next(iter(self.reasons.items()))
        return f"{len(self.reasons)} samples cannot be published; {sample_id}: {reason}"


def publish_shard(
    store: Store,
    version: VersionFolder,
    shard: Shard,
    proof: Proof = NOTHING_PROVEN,
    unpublished: Mapping[str, str] = NONE_UNPUBLISHED,
    *,
    undecided: bool = False,
) -> dict[str, list[Row]]:
    """Write a shard's images and masks of a version; one sample's trouble stops no other.

    Args:
        store: The store.
        version: The version.
        shard: The samples.
        proof: What is proven of the dataset.
        unpublished: Why samples could not be published before, by their ids; they are left out.
        undecided: True if nobody had decided on any sample when the version was named.

    Returns:
        Rows by table name.

    Raises:
        UnpublishedError: Samples could not be published; the version is to be named without them.
        StoreUnwritableError: The store cannot be written, which is no sample's fault.
        StoreUnreachableError: It cannot be reached.
    """
    rows: dict[str, list[Row]] = {}
    failed: dict[str, str] = {}
    for sample in shard.samples:
        outputs = SampleOutputs(store, shard, sample, proof, undecided=undecided)
        try:
            published = publish_sample(version, outputs, unpublished.get(sample.sample_id, ""))
        except (StoreUnwritableError, StoreUnreachableError):
            raise
        except Exception as error:  # whatever it is, it is this sample's alone
            logger.warning("%s cannot be published", sample.sample_id, exc_info=True)
            failed[sample.sample_id] = _why_unpublished(sample, error)
            published = {}
        for table, some in published.items():
            rows.setdefault(table, []).extend(some)
        advance(PUBLISH)
    if failed:
        raise UnpublishedError(failed)
    return rows


def _why_unpublished(sample: PlannedSample, error: Exception) -> str:
    return (
        f"it was judged and cannot be published ({words_of(error)}), made of "
        f"{sample.normal.name}; mend that or remove the photo, and build again"
    )


def publish_sample(
    version: VersionFolder, outputs: SampleOutputs, unpublished: str = ""
) -> dict[str, list[Row]]:
    """Write a judged sample's image and masks; of others only the ledger row comes back.

    Returns:
        Rows by table name.
    """
    outcome = sample_outcome(outputs, unpublished)
    rows = {"edits": [edit_row(outputs, outcome)]}
    if outcome.status is not SampleStatus.JUDGED:
        return rows
    frame = PublishedFrame(outputs)
    published, sample = published_picture(outputs, frame), outputs.sample
    write, label = partial(_write, outputs.store, version), published.label
    image = write(partial(defect_image, sample), encode_png(published.image))
    mask_of = partial(defect_mask, sample, image.sha256)
    files = Files(image=image, mask=write(mask_of, encode_mask(label)))
    if published.touched is not None:
        touched = encode_mask(published.touched)
        files = replace(files, touched=write(partial(defect_touched, sample), touched))
    if sample.picture is not None:
        as_it_came = encode_mask(label_as_it_came(outputs, frame, label))
        edited = write(partial(edited_picture, sample), outputs.picture_file())
        mask_of = partial(edited_mask, sample, edited.sha256)
        files = replace(files, edited=edited, edited_mask=write(mask_of, as_it_came))
    return rows | {
        "samples": [defect_row(outputs, outcome, files)],
        "provenance": [defect_provenance(outputs, outcome, composited=frame.is_photo)],
        "instances": [
            *_labelled(outputs, frame, label),
            *_grounded(outputs, frame),
        ],
    }


def _write(
    store: Store, version: VersionFolder, path_of: Callable[[str], str], data: bytes
) -> File:
    """Write a file under the path that follows from its SHA-256."""
    sha256 = sha256_hex(data)
    path = path_of(sha256)
    store.write(version.path(path), data)
    return File(path, sha256)


def published_picture(outputs: SampleOutputs, frame: PublishedFrame) -> Published:
    """Return image and masks, the label as a person drew it where one did."""
    made = made_picture(outputs, frame)
    drawn = outputs.decision.label() if outputs.decision else None
    return made if drawn is None else replace(made, label=drawn)


def made_picture(outputs: SampleOutputs, frame: PublishedFrame) -> Published:
    """Return image and masks as the stages made them, whatever a person drew."""
    if not frame.is_photo:
        return Published(outputs.edited, FUSE.mask(outputs), None)
    pasted = FUSE.composite(outputs)
    return Published(pasted.image, pasted.label, pasted.touched)


def made_label(outputs: SampleOutputs) -> Mask:
    """Return the label of ``made_picture``, (H, W) bool, without reading its image."""
    if not PublishedFrame(outputs).is_photo:
        return FUSE.mask(outputs)
    return open_composited_label(FUSE.composite_folder(outputs))


def _labelled(outputs: SampleOutputs, frame: PublishedFrame, label: Mask) -> list[Row]:
    sample, source = outputs.sample, mask_source(outputs)
    if source == TESTIMONY_SOURCE or not sample.has_normal:
        return candidate_instances(sample.sample_id, label, frame.candidates, source)
    measured = frame.anomaly_map(), frame.diff.threshold
    return diff_instances(sample.sample_id, label, *measured, source)


def _grounded(outputs: SampleOutputs, frame: PublishedFrame) -> list[Row]:
    sample_id = outputs.sample.sample_id
    return [
        row
        for annotator, found in frame.detections.items()
        for row in grounded_instances(sample_id, annotator, found, frame.shape)
    ]
