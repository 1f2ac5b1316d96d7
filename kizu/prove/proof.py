"""Proves a published version on a folder of real defects."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kizu.agree.verdict import Verdict
from kizu.prove.bootstrap import MEAN, METRICS, POOLED, Interval, interval
from kizu.prove.comparison import Comparison, ProofSettings, compare
from kizu.prove.dataset_pictures import dataset_pictures
from kizu.prove.one_class import load_one_class
from kizu.prove.real_folder import open_real_folder
from kizu.prove.segmenters import load_segmenter
from kizu.prove.training_sets import TrainingSet
from kizu.prove.verdict import Contrast, contrast, contrasts, parts_of, usd_per_point
from kizu.publish.dataset import Dataset
from kizu.store import Store


@dataclass(frozen=True, eq=False)
class Proof:
    """What training on a dataset is worth on real defects.

    Attributes:
        name: What the training set is called.
        segmenter: What was trained.
        settings: How it was compared.
        comparison: All figures.
        cost_usd: What the dataset's edits cost.
        notes: Sentences about what was left out.
    """

    name: str
    segmenter: str
    settings: ProofSettings
    comparison: Comparison
    cost_usd: float
    notes: tuple[str, ...]

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """The questions that are answered; the first is the verdict."""
        return tuple(contrasts(self.comparison))

    @property
    def usd_per_point(self) -> float | None:
        """What a hundredth of mean pixel AP above the free baseline cost; None without a gain."""
        return usd_per_point(self.comparison, self.cost_usd)

    def figure(self, which: TrainingSet, metric: str, kind: str = MEAN) -> Interval:
        """Return a figure of a training set with its interval."""
        values = self.comparison.tables[which][metric, kind]
        return interval(values, parts_of(self.comparison, kind))

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain values."""
        found = self.comparison
        kinds = (MEAN, POOLED, *found.kinds)
        return {
            "dataset": self.name,
            "segmenter": self.segmenter,
            "settings": asdict(self.settings),
            "parts": {**found.groups, "any defect": found.defect_groups},
            "test_pictures": dict(found.pictures),
            "training_sets": [
                {
                    "name": which.value,
                    "defects": found.trained[which],
                    "normals": found.normals,
                    "metrics": {
                        metric: {kind: asdict(self.figure(which, metric, kind)) for kind in kinds}
                        for metric in METRICS
                    },
                }
                for which in found.tables
            ],
            "contrasts": [
                {
                    "which": each.which.value,
                    "against": each.against.value,
                    "kind": each.kind,
                    "gain": asdict(each.gain),
                    "worth": each.worth.value,
                }
                for asked in self.contrasts
                for each in (
                    asked,
                    *(contrast(found, asked.which, asked.against, kind) for kind in found.kinds),
                )
            ],
            "cost_usd": self.cost_usd,
            "usd_per_point": self.usd_per_point,
            "notes": list(self.notes),
        }


def prove(
    store: Store,
    dataset: Dataset,
    folder: Path,
    *,
    group: str | None = None,
    segmenter: str = "features",
    one_class: str = "features",
    settings: ProofSettings | None = None,
    also: Collection[Verdict] = (),
) -> Proof:
    """Compare what training on a version finds of real defects with what is to be had without it.

    Args:
        store: Where it and its edits lie.
        dataset: The version.
        folder: The real defects; see ``open_real_folder``.
        group: A regular expression that tells the part in a picture's name.
        segmenter: One of ``SEGMENTERS``.
        one_class: One of ``ONE_CLASS``.
        settings: How to compare.
        also: Verdicts of samples to train on besides "accept".

    Raises:
        RealFolderError: The folder cannot be used.
        NothingToProveError: The version has no accepted defect.
        UnknownSegmenterError: There is no such segmenter.
        NoOneClassModelError: There is no such one-class model, or it is not installed.
        DatasetError: A file of the version is missing, or is not the one that was published.
    """
    model, normal_model = load_segmenter(segmenter), load_one_class(one_class)
    how = settings or ProofSettings()
    real = open_real_folder(folder, group)
    made = dataset_pictures(store, dataset, real.parts, also)
    found = compare(real.pictures, made.pictures, how, model, normal_model)
    notes = [*real.left_out, *_notes(found, group)]
    if normal_model.remark:
        notes.append(normal_model.remark)
    if made.not_accepted:
        notes.append(
            f"{made.not_accepted} samples of the dataset were not trained on, for they are not "
            "accepted; --also review takes those that wait for review."
        )
    return Proof(
        f"{dataset.name} {dataset.version}",
        segmenter,
        how,
        found,
        made.cost_usd,
        tuple(notes),
    )


def _notes(found: Comparison, group: str | None) -> list[str]:
    notes = []
    if group is None:
        notes.append(
            "Every picture counts as a part of its own; where several show one part, tell which by "
            "--group, or what is found is too good."
        )
    if found.left_out:
        notes.append(
            f"{found.left_out} pictures of the dataset show parts of the real folder; each was "
            "left out of training where its part was tested."
        )
    if not found.own_normals:
        notes.append("The normals are the real folder's, of parts that were not tested.")
    return notes
