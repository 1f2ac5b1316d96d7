"""Labels a folder of pictures that exist, without a spec written by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from kizu.building import BuildStoppedError, run_build
from kizu.edit.settings import PairBy
from kizu.pairing import SETTING
from kizu.pairing.table import read_table
from kizu.publish.dataset import Dataset, open_dataset
from kizu.sources import SourceError, list_source
from kizu.spec import DatasetSpec
from kizu.spec.texts import name_after

Defects = str | Sequence[str] | Mapping[str, Sequence[str]]
"""Defect types; with the phrases that annotators look for, where they are not the types' names."""


def label(
    normals: str | None,
    edited: str,
    defects: Defects | None = None,
    *,
    store: str = "kizu-store",
    name: str | None = None,
    table: str | None = None,
    name_rule: str | None = None,
    pair_by: PairBy = "auto",
    annotators: str | Sequence[Any] | None = None,
    **settings: Any,  # noqa: ANN401 - what a spec holds
) -> Dataset:
    """Label pictures that have defects already, and publish them as a dataset.

    Args:
        normals: Folder, pattern or URL of the normal images; None if there are none.
        edited: Folder, pattern or URL of the pictures.
        defects: What they show; None for the names of their folders, or what the table says.
        store: A folder or an fsspec URL.
        name: The dataset's name; None for the folder's.
        table: A CSV or Parquet file of pairs.
        name_rule: A regular expression for the pictures' names, with the group ``normal``.
        pair_by: How pictures find their normal image otherwise: "auto", "name" or "content".
        annotators: Who looks for the phrases, as in a spec; None for the usual one.
        settings: Any other part of a spec, as ``publish={"composite": False}`` or
            ``images={"depth_bits": 12}``.

    Returns:
        The published version; its ``samples`` have the verdicts.

    Raises:
        ValueError: Nothing can be labelled; the message says why and the way out.

    Example:
        dataset = kizu.label("normals", "edited", {"crack": ["a crack"]})
    """
    spec = label_spec(
        normals,
        edited,
        defects,
        name=name,
        table=table,
        name_rule=name_rule,
        pair_by=pair_by,
        annotators=annotators,
        **settings,
    )
    summary = run_build(spec, store)
    if not summary.version:
        reasons = "; ".join(problem.reason for problem in summary.problems[:3])
        raise BuildStoppedError(f"no picture of {edited} was labelled: {reasons}")
    return open_dataset(store, summary.dataset, summary.version)


def label_spec(
    normals: str | None,
    edited: str,
    defects: Defects | None = None,
    *,
    name: str | None = None,
    table: str | None = None,
    name_rule: str | None = None,
    pair_by: PairBy = "auto",
    annotators: str | Sequence[Any] | None = None,
    **settings: Any,  # noqa: ANN401 - what a spec holds
) -> DatasetSpec:
    """Return the spec of a dataset of pictures that exist; arguments as of ``label``.

    Raises:
        ValueError: It would be none.
    """
    phrases = _phrases(defects, edited, table)
    editor = {
        "name": "folder",
        "path": edited,
        "table": table,
        "name_rule": name_rule,
        "pair_by": pair_by,
        "without_normals": normals is None,
    }
    fields: dict[str, Any] = {
        "name": name or name_after(edited),
        "images": {"path": normals or "", **settings.pop("images", {})},
        "defects": [
            {"defect_type": kind, "phrases": list(words)} for kind, words in phrases.items()
        ],
        "editor": editor,
        **({} if annotators is None else {"grounding": grounding_fields(annotators)}),
        **settings,
    }
    return DatasetSpec.parse(fields, origin="kizu label")


def grounding_fields(annotators: str | Sequence[Any]) -> dict[str, Any]:
    """Return a spec's ``grounding`` of an annotator's name, or of several as in a spec."""
    if isinstance(annotators, str):
        return {"annotator": annotators}
    return {"annotators": list(annotators)}


def _phrases(
    defects: Defects | None, edited: str, table: str | None
) -> Mapping[str, Sequence[str]]:
    """Return the phrases of every defect type; none for its name."""
    if isinstance(defects, Mapping):
        return defects
    if isinstance(defects, str):
        return {defects: ()}
    if defects is None:
        defects = _types_in_table(table) if table else _types_in_folders(edited)
    return dict.fromkeys(defects, ())


def _types_in_table(table: str) -> list[str]:
    rows = read_table(table)
    return list(dict.fromkeys(row.defect_type for row in rows if not row.trouble))


def _types_in_folders(edited: str) -> list[str]:
    """Return the names of the folders that the pictures are in, where all are in one."""
    folders = [file.name.rpartition("/")[0] for file in list_source(edited, SETTING)]
    types = sorted({folder.rpartition("/")[2] for folder in folders})
    if "" in types:
        raise SourceError(
            f"{edited} holds pictures in no folder of their own, so their defect is not known; "
            "name it (--defect crack), or sort them into folders named after their defects"
        )
    return types
