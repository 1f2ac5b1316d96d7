"""A published version as a training set: what a user receives, and which real parts it shows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kizu.agree.verdict import Verdict
from kizu.edit.storage import find_edit
from kizu.progress import advance, expect
from kizu.prove.pictures import Picture
from kizu.prove.real_folder import RealParts
from kizu.publish.dataset import Dataset, Sample
from kizu.sources import pixels_digest
from kizu.spec import GOOD
from kizu.store import Store

_ORIGIN: Final = ("normal_name", "normal_sha256", "edited_name", "picture_sha256", "edit_key")
"""Columns of ``provenance`` that say what a sample was made from."""


class NothingToProveError(ValueError):
    """A version has nothing to train on; the message says why and the way out."""


@dataclass(frozen=True)
class DatasetPictures:
    """The normals and accepted defects of a version.

    Attributes:
        pictures: Those, each with the real parts that it shows or was made from.
        cost_usd: What all its edits cost, those that were refused or rejected with them.
        not_accepted: Samples that are not accepted and so not trained on.
    """

    pictures: tuple[Picture, ...]
    cost_usd: float
    not_accepted: int


def dataset_pictures(
    store: Store, dataset: Dataset, real: RealParts, also: Collection[Verdict] = ()
) -> DatasetPictures:
    """Return what a version trains on.

    All its splits are used, for the test is on real pictures. Which real parts a sample shows is
    told by its group; by pixels, bytes and names of its photo and of itself; and by the real defect
    that was moved onto it.

    Args:
        store: Where it and its edits lie.
        dataset: The version.
        real: What is known of the real folder's parts.
        also: Verdicts of samples to train on besides "accept".

    Raises:
        NothingToProveError: It has no accepted defect.
        DatasetError: A file of it is missing, or is not the one that was published.
        DamagedFileError: The record of an edit is damaged.
    """
    origins: dict[str, Mapping[str, Any]] = {
        row["sample_id"]: row for row in dataset.rows("provenance", ("sample_id", *_ORIGIN))
    }
    expect("look at dataset", len(dataset))
    samples = list(dataset)
    shown: dict[str, frozenset[str]] = {}
    of_photo: dict[str, frozenset[str]] = {}
    for sample in samples:
        origin = origins[sample.sample_id]
        found = {real.by_digest.get(pixels_digest(sample.image()))}
        found |= {sample.row["group"]} & set(real.by_digest.values())
        found |= set(_parts_by_origin(real, origin))
        moved = sample.row["real_defect_sha256"] or _moved_before_7(store, dataset, origin)
        found |= {real.by_digest.get(moved), real.by_name(sample.row["real_defect"])}
        shown[sample.sample_id] = frozenset(part for part in found if part)
        if sample.is_normal:
            of_photo[origin["normal_sha256"]] = shown[sample.sample_id]
        advance("look at dataset")
    verdicts = {Verdict.ACCEPT, *also}
    taken = [each for each in samples if each.row["verdict"] in verdicts]
    if all(each.is_normal for each in taken):
        raise NothingToProveError(
            f"{dataset.name} {dataset.version} has no accepted defect to train on; "
            f"judge its samples with 'kizu review {dataset.name}', or add --also review"
        )

    def picture(sample: Sample) -> Picture:
        photo = origins[sample.sample_id]["normal_sha256"]
        return Picture(
            sample.sample_id,
            GOOD if sample.is_normal else str(sample.row["defect_type"]),
            f"photo {photo}",
            lambda: (sample.image(), sample.label()),
            shown[sample.sample_id] | of_photo.get(photo, frozenset()),
        )

    cost_usd = float(dataset.edits["cost_usd"].fillna(0).sum())
    return DatasetPictures(
        tuple(picture(each) for each in taken), cost_usd, len(samples) - len(taken)
    )


def _parts_by_origin(real: RealParts, origin: Mapping[str, Any]) -> Iterator[str | None]:
    """Yield the real parts of what a sample was made from; None of what is no real part."""
    for column in ("normal_name", "edited_name"):
        yield real.by_name(origin[column] or "")
    for column in ("normal_sha256", "picture_sha256"):
        yield real.by_digest.get(origin[column] or "")


def _moved_before_7(store: Store, dataset: Dataset, origin: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a real defect that was moved, where tables do not say it yet.

    Before schema version 7 only the record of the edit told; empty where nothing was moved.
    """
    if dataset.manifest["schema_version"] >= 7 or not origin["edit_key"]:
        return ""
    edit = find_edit(store, origin["edit_key"])
    return str(edit.request.ask.get("source_sha256", "")) if edit else ""
