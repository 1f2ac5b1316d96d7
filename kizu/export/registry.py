"""The table of export formats, and what all of them have in common.

Exports are for supervised training, so the defects that one-class methods must not see
(``train_defects``) are part of an export's ``train``.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from kizu.agree.verdict import Verdict
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.rows import TRAIN_DEFECTS


class ExportError(ValueError):
    """A dataset cannot be exported; the message says why and the way out."""


class ExportModule(Protocol):
    """A module of this room."""

    def export(self, dataset: Dataset, samples: Iterator[Sample], folder: Path) -> None:
        """Write samples into an empty folder.

        Args:
            dataset: The version, for its name and its classes.
            samples: What to write, to be run through once.
            folder: An empty folder.
        """
        ...


FORMATS: Final = ("coco", "yolo")
"""Each is a module of this room."""


def export_dataset(dataset: Dataset, to: str, folder: Path, *, also: Collection[str] = ()) -> int:
    """Write a version's normal and accepted images in another tool's format.

    Args:
        dataset: The version.
        to: One of ``FORMATS``.
        folder: Where it goes; must be absent or empty.
        also: Verdicts to export besides "accept": "review", "reject".

    Returns:
        How many images were written.

    Raises:
        ExportError: There is no such format, or the folder holds something.
        DatasetError: A file of the version is missing, or is not the one that was published.
    """
    if to not in FORMATS:
        raise ExportError(f"there is no export format {to!r}; choose one of {', '.join(FORMATS)}")
    make_empty_folder(folder)
    counted = _Counted(dataset, {Verdict.ACCEPT, *also})
    module = cast("ExportModule", import_module(f"kizu.export.{to}"))
    module.export(dataset, iter(counted), folder)
    return counted.count


def make_empty_folder(folder: Path) -> None:
    """Make a folder that an export is written into.

    Raises:
        ExportError: It is a file, or holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is not an empty folder; choose another one, or empty it")
    folder.mkdir(parents=True, exist_ok=True)


def split_of(sample: Sample) -> str:
    """Return the split a sample is exported in: "train", "test", "review" or "reject"."""
    split = str(sample.row["split"])
    return "train" if split == TRAIN_DEFECTS else split


def class_names(dataset: Dataset) -> list[str]:
    """Return the defect types of a version, sorted: the classes of its exports."""
    samples = dataset.samples
    return sorted(samples.loc[samples["label_index"] > 0, "defect_type"].unique())


@dataclass
class _Counted:
    """Runs through the samples that are exported, and counts them."""

    dataset: Dataset
    verdicts: Collection[str]
    count: int = 0

    def __iter__(self) -> Iterator[Sample]:
        for sample in self.dataset:
            if sample.is_normal or sample.row["verdict"] in self.verdicts:
                self.count += 1
                yield sample
