"""The rows of a dataset version's tables, from what the stages stored."""

from dataclasses import dataclass, fields
from typing import Any, Final

from kizu.agree.fusion import DIFF_SOURCE, TESTIMONY_SOURCE
from kizu.agree.verdict import Verdict
from kizu.edit.digital_source import published_source
from kizu.edit.storage import EditRecord
from kizu.outputs import SampleOutputs
from kizu.publish.layout import good_id
from kizu.publish.outcomes import UNMADE, Outcome
from kizu.real_defects import RealPicture
from kizu.samples import PlannedSample
from kizu.sources import NormalImage
from kizu.spec import GOOD, DatasetSpec
from kizu.splits import Group
from kizu.stages import STAGES
from kizu.store.keys import canonical_json

Row = dict[str, Any]

NORMAL, ABNORMAL = 0, 1
REVIEWER: Final = "review"
"""Who drew a mask, in place of ``DIFF_SOURCE``: a person who looked at it."""

TRAIN, TEST = "train", "test"
TRAIN_DEFECTS: Final = "train_defects"
"""Split of accepted defects whose photo is in train: one-class readers must not train on them."""
NEGATIVES: Final = "negatives"
"""Split of rejected samples that the spec asks for: no defect of the dataset is on them."""


@dataclass(frozen=True)
class File:
    """A published file: its path within the dataset, and the SHA-256 of its bytes."""

    path: str
    sha256: str


NO_FILE: Final = File("", "")


@dataclass(frozen=True)
class Files:
    """The files of one published image; those that it lacks are ``NO_FILE``.

    Attributes:
        image: The image.
        mask: Its label.
        touched: The mask of all touched pixels, of a composite.
        edited: The picture as it came, of one that existed before.
        edited_mask: The label on that.
    """

    image: File
    mask: File = NO_FILE
    touched: File = NO_FILE
    edited: File = NO_FILE
    edited_mask: File = NO_FILE

    def columns(self) -> Row:
        """Return paths and digests; empty text for no file, for readers without nulls."""
        files = {field.name: getattr(self, field.name) for field in fields(self)}
        paths = {f"{kind}_path": file.path for kind, file in files.items()}
        return paths | {f"{kind}_sha256": file.sha256 for kind, file in files.items()}


def normal_row(
    image: NormalImage, spec: DatasetSpec, file: File, group: Group, *, edited: bool
) -> Row:
    """Return the samples row of a normal image.

    Args:
        image: The image.
        spec: The dataset.
        file: Its file.
        group: The photos it stays together with.
        edited: Whether there are edits of any of these.
    """
    in_test = edited and group.is_test(spec.publish.test_fraction)
    return {
        "label_index": NORMAL,
        "split": TEST if in_test else TRAIN,
        "label": "normal",
        "sample_id": good_id(image),
        "category": spec.images.category,
        "defect_type": GOOD,
        "verdict": Verdict.ACCEPT.value,
        "negative": "",
        "certified": True,
        "group": group.name,
        "fold": group.fold(spec.publish.folds),
        **_real_defect_columns(None),
        **Files(file).columns(),
    }


def normal_provenance(image: NormalImage) -> Row:
    """Return the provenance row of a normal image."""
    return {
        "sample_id": good_id(image),
        "normal_name": image.name,
        "normal_sha256": image.sha256,
        "width": image.width,
        "height": image.height,
    }


def defect_row(outputs: SampleOutputs, outcome: Outcome, files: Files) -> Row:
    """Return the samples row of a judged sample; only accepted ones are in train or test splits.

    Args:
        outputs: The sample, judged.
        outcome: How far it came.
        files: What is published of it.
    """
    sample, spec = outputs.sample, outputs.shard.spec
    return {
        "sample_id": sample.sample_id,
        "category": spec.images.category,
        "defect_type": sample.defect_type,
        **_real_defect_columns(spec.editor.maker.real_defect(outputs.picture.request)),
        **settled_columns("samples", outcome),
        **files.columns(),
    }


def _real_defect_columns(moved: RealPicture | None) -> Row:
    """Return which real defect is on an image; empty text for none."""
    return {
        "real_defect": moved.name if moved else "",
        "real_defect_sha256": moved.picture_sha256 if moved else "",
    }


def settled_columns(table: str, outcome: Outcome) -> Row:
    """Return what of a judged sample's row follows from what is proven and from the split.

    Args:
        table: The table; most have no such columns.
        outcome: How far the sample came.
    """
    if outcome.verdict is None:
        return {}
    if table == "samples":
        unchanged = outcome.negative == "unchanged"
        return {
            "label_index": NORMAL if unchanged else ABNORMAL,
            "label": "normal" if unchanged else "abnormal",
            "split": NEGATIVES if outcome.negative else _split(outcome),
            "negative": outcome.negative or "",
            "verdict": outcome.verdict.value,
            "certified": outcome.is_certified,
            "group": outcome.group,
            "fold": outcome.fold,
        }
    if table == "provenance":
        return {
            "verdict": outcome.verdict.value,
            "reason": outcome.reason,
            "stratum": outcome.settled_stratum.value,
        }
    return {}


def _split(outcome: Outcome) -> str:
    if outcome.verdict and outcome.verdict is not Verdict.ACCEPT:
        return outcome.verdict.value
    return TEST if outcome.in_test else TRAIN_DEFECTS


def defect_provenance(outputs: SampleOutputs, outcome: Outcome, *, composited: bool) -> Row:
    """Return the provenance row of a judged sample."""
    return {
        **normal_provenance(outputs.sample.normal),
        "sample_id": outputs.sample.sample_id,
        **_edit_columns(outputs),
        **_pairing_columns(outputs.sample),
        **{name: value for stage in STAGES for name, value in stage.row(outputs).items()},
        **settled_columns("provenance", outcome),
        "made_by": outputs.made_by,
        "composited": composited,
        "digital_source_type": _digital_source(outputs, composited=composited),
        **_review_columns(outputs),
        "mask_source": mask_source(outputs),
    }


def _digital_source(outputs: SampleOutputs, *, composited: bool) -> str | None:
    """Return what made the published image; None where that is not known."""
    editor = outputs.shard.spec.editor.maker.digital_source
    source = published_source(editor, composited=composited, emulated=outputs.picture.emulated)
    return source.value if source else None


def _pairing_columns(sample: PlannedSample) -> Row:
    """Return how a picture that existed before found its normal image."""
    if sample.picture is None:
        return {}
    return {
        "edited_name": sample.picture.name,
        "paired_by": sample.picture.paired_by,
        "match_score": sample.picture.score,
    }


def _review_columns(outputs: SampleOutputs) -> Row:
    """Return who decided on a sample, and when; its verdict is theirs."""
    decision = outputs.decision
    if decision is None:
        return {"decision_key": outputs.decision_key or None}
    return {
        "reviewed_by": decision.reviewed_by,
        "reviewed_at": decision.reviewed_at,
        "decision_key": decision.key,
    }


def mask_source(outputs: SampleOutputs) -> str:
    """Return who drew the published mask, as tables name it."""
    if outputs.decision and outputs.decision.mask:
        return REVIEWER
    return TESTIMONY_SOURCE if outputs.is_labelled_by_annotators else DIFF_SOURCE


def _edit_columns(outputs: SampleOutputs) -> Row:
    edit = outputs.picture
    return {
        "prompt": outputs.sample.prompt,
        "phrases": list(outputs.sample.phrases),
        "variant": edit.request.variant,
        "seed": edit.request.seed,
        "editor": canonical_json(edit.request.editor),
        "model": edit.model,
        "geometry": canonical_json(edit.geometry.identity()),
        "cost_usd": edit.cost_usd,
        "host": edit.host,
        "emulated": edit.emulated,
        "picture_sha256": edit.picture_sha256,
        **{f"{stage.name}_key": stage.key(outputs) for stage in STAGES},
    }


def edit_row(outputs: SampleOutputs, outcome: Outcome) -> Row:
    """Return the ledger row of a dataset's request, whatever became of it."""
    sample, edit = outputs.sample, outputs.edit
    failed = outcome.status in UNMADE
    return {
        "edit_key": sample.request.key,
        "sample_id": sample.sample_id,
        "normal_sha256": sample.normal.sha256,
        "defect_type": sample.defect_type,
        "prompt": sample.prompt,
        "status": _request_status(edit, outputs.shard.spec.name) if edit else "failed",
        "reason": outcome.reason if failed else (edit.reason if edit else ""),
        "model": edit.model if edit else "",
        "cost_usd": edit.cost_usd if edit else None,
        "usage": canonical_json(edit.usage if edit else {}),
        "request_id": edit.request_id if edit else None,
        "bought_at": edit.bought_at if edit else None,
        "bought_for": edit.bought_for if edit else "",
        "latency_s": edit.latency_s if edit else None,
        "host": edit.host if edit else "",
        "emulated": edit.emulated if edit else False,
    }


def _request_status(edit: EditRecord, dataset: str) -> str:
    """Return "bought" or "cached" for paid edits, by whether this dataset or another one paid."""
    if not edit.has_picture or not edit.bought_for:
        return edit.status
    if edit.emulated:
        return "emulated"
    return "bought" if edit.bought_for == dataset else "cached"
