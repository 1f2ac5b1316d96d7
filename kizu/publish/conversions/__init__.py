"""A published version as the objects of other libraries; one file of code each.

What they hold is what an export holds: the normal images, and accepted samples, those that a
certificate covers where one stands. What is left out is said in the log.
"""

import logging
from collections.abc import Collection
from pathlib import Path

from kizu.publish.dataset import Dataset, DatasetError, Sample
from kizu.publish.selection import Selection

logger = logging.getLogger(__name__)


def chosen_samples(
    dataset: Dataset, also: Collection[str], *, uncertified: bool, splits: Collection[str] = ()
) -> tuple[list[Sample], list[str]]:
    """Return the samples that are converted, and the defect types of the version.

    Args:
        dataset: The version.
        also: Verdicts that are wanted besides "accept".
        uncertified: Whether accepted samples that a standing certificate does not cover are wanted.
        splits: Splits that are wanted; none for all.

    Raises:
        DatasetError: The version has no such split.
    """
    selection = Selection(dataset, "", also, uncertified)
    for sentence in selection.sentences_for_code:
        logger.warning("%s %s: %s", dataset.name, dataset.version, sentence)
    found = list(selection.rows())
    if not splits:
        return found, selection.classes
    chosen = [sample for sample in found if sample.row["split"] in splits]
    if not chosen:
        there = sorted({str(sample.row["split"]) for sample in found})
        raise DatasetError(
            f"{dataset.name} {dataset.version} has nothing to convert in "
            f"{', '.join(sorted(splits))}; there is: {', '.join(there) or 'nothing'}"
        )
    return chosen, selection.classes


def local_file(dataset: Dataset, path: str, reader: str) -> Path:
    """Return where a file of a version lies on this computer.

    Args:
        dataset: The version.
        path: The file's path as the version's tables give it.
        reader: What is to read it, for the error.

    Raises:
        DatasetError: The store is no folder of this computer.
    """
    root = dataset.store.local_root
    if root is None:
        raise DatasetError(
            f"{reader} reads files of this computer, and the store is at {dataset.store.url}; "
            f"'kizu export {dataset.name} FOLDER --to ...' brings them here"
        )
    return root / dataset.folder.path(path)
