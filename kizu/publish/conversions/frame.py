"""A version as one pandas frame."""

from typing import TYPE_CHECKING, Final

from kizu.publish.dataset import FILE_KINDS, Dataset

if TYPE_CHECKING:
    import pandas as pd

_KEY: Final = "sample_id"


def to_pandas(dataset: Dataset) -> "pd.DataFrame":
    """Return one row per image; see ``Dataset.to_pandas``."""
    frame = dataset.samples.copy()
    for kind in FILE_KINDS:
        column = f"{kind}_path"
        frame[column] = [
            dataset.store.address(dataset.folder.path(path)) if path else ""
            for path in frame[column]
        ]
    told = [name for name in dataset.provenance.columns if name not in frame.columns]
    return frame.merge(
        dataset.provenance[[_KEY, *told]], how="left", on=_KEY, validate="one_to_one"
    )
