"""A published version as a training set: what a user receives, and which real parts it shows."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kizu.agree.verdict import Verdict
from kizu.progress import advance, expect
from kizu.prove.pictures import Picture
from kizu.prove.real_folder import group_of
from kizu.publish.dataset import Dataset, Sample
from kizu.sources import pixels_digest
from kizu.spec import GOOD


class NothingToProveError(ValueError):
    """A version has nothing to train on; the message says why and the way out."""


@dataclass(frozen=True)
class DatasetPictures:
    """The normals and accepted defects of a version.

    Attributes:
        pictures: Those; a picture made from a photo of a real part has that part's group.
        cost_usd: What all its edits cost, those that were refused or rejected with them.
        not_accepted: Samples that are not accepted and so not trained on.
    """

    pictures: tuple[Picture, ...]
    cost_usd: float
    not_accepted: int


def dataset_pictures(
    dataset: Dataset,
    parts: Mapping[str, str],
    group: str | None = None,
    also: Collection[Verdict] = (),
) -> DatasetPictures:
    """Return what a version trains on.

    All its splits are used, for the test is on real pictures.

    Args:
        dataset: The version.
        parts: The part of every real picture by the SHA-256 of its file and of its pixels.
        group: The regular expression that tells parts by the names of photos, as for the folder.
        also: Verdicts of samples to train on besides "accept".

    Raises:
        NothingToProveError: It has no accepted defect.
        DatasetError: A file of it is missing, or is not the one that was published.
    """
    pattern = None if group is None else re.compile(group)
    columns = (dataset.provenance[each] for each in ("sample_id", "normal_name", "normal_sha256"))
    origin = {str(row[0]): (str(row[1]), str(row[2])) for row in zip(*columns, strict=True)}
    part_of_photo = dict(parts)
    expect("look at dataset", len(dataset))
    samples = list(dataset)
    for sample in samples:
        if sample.is_normal and (part := parts.get(pixels_digest(sample.image()))):
            part_of_photo[origin[sample.sample_id][1]] = part
        advance("look at dataset")
    verdicts = {Verdict.ACCEPT, *also}
    taken = [each for each in samples if each.row["verdict"] in verdicts]
    if all(each.is_normal for each in taken):
        raise NothingToProveError(
            f"{dataset.name} {dataset.version} has no accepted defect to train on; "
            f"judge its samples with 'kizu review {dataset.name}', or add --also review"
        )

    def picture(sample: Sample) -> Picture:
        name, sha256 = origin[sample.sample_id]
        part = part_of_photo.get(sha256) or (group_of(name, pattern) if pattern else None)
        kind = GOOD if sample.is_normal else str(sample.row["defect_type"])
        return Picture(
            sample.sample_id,
            kind,
            part or f"photo {sha256}",
            lambda: (sample.image(), sample.label()),
        )

    cost_usd = float(dataset.edits["cost_usd"].fillna(0).sum())
    return DatasetPictures(
        tuple(picture(each) for each in taken), cost_usd, len(samples) - len(taken)
    )
