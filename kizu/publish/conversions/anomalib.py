"""A version as a data module of anomalib."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from kizu.publish.conversions import local_file
from kizu.publish.dataset import Dataset, Sample

if TYPE_CHECKING:
    from anomalib.data import Tabular

_COLUMNS: Final = ("image_path", "label_index", "mask_path", "split", "label")


def to_anomalib(dataset: Dataset, samples: Sequence[Sample], settings: dict[str, Any]) -> "Tabular":
    """Return the samples as ``Tabular``; see ``Dataset.to_anomalib``."""
    from anomalib.data import Tabular  # noqa: PLC0415 - no package of ours

    rows = [{column: sample.row[column] for column in _COLUMNS} for sample in samples]
    for row in rows:
        for column in ("image_path", "mask_path"):
            if row[column]:
                row[column] = str(local_file(dataset, row[column], "anomalib"))
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(
        # anomalib 2.7 can set no value in the text columns of pandas 3
        dict.fromkeys(("image_path", "mask_path", "split", "label"), object)
    )
    return Tabular(name=dataset.name, samples=frame, **settings)
