"""Brings tables that an older kizu wrote to the columns of today, as far as they say it."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_COLUMNS_BEFORE_3: Final[Mapping[str, str]] = {
    "ground_key": "grounding_key",
    "agree_key": "verdict_key",
    "drift_figures": "drift_metrics",
    "coverage": "mask_containment",
    "box_ratio": "box_area_ratio",
}
"""Columns of ``provenance`` by the names they had before schema version 3."""

_JSON_NAMES_BEFORE_3: Final[Mapping[str, Mapping[str, str]]] = {
    "drift_metrics": {"identical_share": "identical_fraction"},
    "agreement_settings": {
        "min_coverage": "min_mask_containment",
        "max_box_ratio": "max_box_area_ratio",
    },
}
"""Names within the JSON of a column of ``provenance``, by those they had then."""

_REASONS_BEFORE_5: Final[Mapping[str, str]] = {
    "unchanged": "no_visible_change",
    "no_annotator": "annotator_unavailable",
}
"""Reasons of verdicts by the names they had before schema version 5."""

_MEASURED: Final = "kizu-diff"
"""The annotator of ``instances`` that are regions of the diff mask."""


def upgraded(table: str, found: pa.Table, version: int) -> pa.Table:
    """Return a table with the names and units of today; columns it lacks stay missing.

    Args:
        table: The table's name.
        found: The table as it was written.
        version: The schema version it was written with.
    """
    if table == "instances" and version < 3:
        return _with_evidence(found)
    if table == "provenance" and version < 3:
        found = _renamed(found)
    if table == "provenance" and version < 4:
        found = _with_annotators(found)
    if table == "samples" and version < 5:
        found = found.append_column("certified", pa.array([False] * found.num_rows, pa.bool_()))
    if table == "samples" and "group" not in found.column_names:
        found = _without_groups(found)
    if table == "samples" and "negative" not in found.column_names:
        found = found.append_column("negative", pa.array([""] * found.num_rows, pa.string()))
    if table == "samples" and version < 7:
        for name in ("real_defect", "real_defect_sha256"):
            found = found.append_column(name, pa.array([""] * found.num_rows, pa.string()))
    if table == "provenance" and version < 5:
        found = _with_reasons(found)
    return found


def _without_groups(found: pa.Table) -> pa.Table:
    """Name no groups: photos were drawn by themselves, and the table does not say which it was."""
    groups, folds = [""] * found.num_rows, [-1] * found.num_rows
    found = found.append_column("group", pa.array(groups, pa.string()))
    return found.append_column("fold", pa.array(folds, pa.int64()))


def _with_reasons(found: pa.Table) -> pa.Table:
    if "reason" not in found.column_names:
        return found
    each = [_REASONS_BEFORE_5.get(reason, reason) for reason in found["reason"].to_pylist()]
    place = found.column_names.index("reason")
    return found.set_column(place, "reason", pa.array(each, pa.string()))


def _renamed(found: pa.Table) -> pa.Table:
    names = [_COLUMNS_BEFORE_3.get(name, name) for name in found.column_names]
    found = found.rename_columns(names)
    for column, renamed in _JSON_NAMES_BEFORE_3.items():
        if column in names:
            text = found[column]
            for old, new in renamed.items():
                text = pc.replace_substring(text, f'"{old}":', f'"{new}":')
            found = found.set_column(names.index(column), column, text)
    return found


def _with_annotators(found: pa.Table) -> pa.Table:
    """Take the one annotator there was for a list of one; null where nobody annotated."""
    if "annotator" not in found.column_names:
        return found
    each = [None if name is None else [name] for name in found["annotator"].to_pylist()]
    place = found.column_names.index("annotator")
    return found.set_column(place, "annotators", pa.array(each, pa.list_(pa.string())))


def _with_evidence(found: pa.Table) -> pa.Table:
    """Take the scores of measured regions for the evidence they were.

    Their score of today is null: it needs the pair's threshold, which was not published.
    """
    measured = pc.equal(found["annotator"], _MEASURED)
    unknown = pa.scalar(None, pa.float64())
    evidence = pc.if_else(measured, found["score"], unknown)
    score = pc.if_else(measured, unknown, found["score"])
    place = found.column_names.index("score")
    return found.set_column(place, "score", score).append_column("evidence", evidence)
