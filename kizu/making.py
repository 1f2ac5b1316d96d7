"""Makes one sample of one photo: edit, difference, grounding, verdict, without Prefect."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias
from uuid import uuid4

import numpy as np

from kizu.cancellation import CancelToken
from kizu.diff.storage import open_judged
from kizu.edit.editor import EditError
from kizu.edit.registry import ReplaySettings
from kizu.edit.storage import EditRecord
from kizu.grounding import annotator_name
from kizu.grounding.encoded import decoded
from kizu.imaging.arrays import checked_rgb
from kizu.imaging.codecs import decode_image, encode_png
from kizu.labelling.dataset import grounding_fields
from kizu.labelling.labelled import LabelledPair
from kizu.labelling.pair import Picture
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.publish.as_it_came import label_as_it_came
from kizu.publish.frames import PublishedFrame
from kizu.publish.samples import made_picture
from kizu.shards import save_shards
from kizu.source_files import SourceFile
from kizu.sources import NormalImage, Skipped, SourceError, take_in
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError
from kizu.stages import STAGES, StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.store import Store
from kizu.store.addresses import without_secrets

Defect: TypeAlias = str | Mapping[str, Any]
"""What is wanted, in your words, or an entry of a spec's ``defects``."""

_ORIGIN: Final = "kizu.make_sample"
_NAME: Final = "sample"


@dataclass(frozen=True, eq=False, repr=False)
class MadeSample(LabelledPair):
    """A sample that was made of one photo, as a build would publish it.

    Attributes:
        prompt: What was asked for.
        edit: The record of the edit: model, cost, request.
        note: Why annotators did not look, in a sentence; empty if all did.
    """

    prompt: str
    edit: EditRecord
    note: str

    def _sentences(self) -> list[str]:
        """Say what was asked for, what was decided, and who did not look."""
        asked = f"Asked for: {self.prompt} ({self.edit.model})"
        return [asked, *super()._sentences(), *([self.note] if self.note else [])]


def make_sample(
    photo: Picture,
    defect: Defect,
    editor: str | Mapping[str, Any] = "painter",
    *,
    annotators: str | Sequence[Any] | None = None,
    category: str = "",
    variant: int = 0,
    store: Store | str | PathLike[str] | None = None,
    **settings: Any,  # noqa: ANN401 - what a spec holds
) -> MadeSample:
    """Make a defect on one photo, and take it through all that a build does.

    What comes out is what a build with the same settings publishes. An edit that is in the store is
    not made again, by this function or by a build.

    Args:
        photo: (H, W, 3) uint8 RGB, or a picture's file: its bytes, its path, or an fsspec URL.
        defect: What is wanted, as "a thin crack"; or a mapping as in a spec's ``defects``, with
            ``defect_type``, ``prompt``, ``phrases``, ``region``, ``area``, ``severity``.
        editor: Who makes it: a name, or a mapping as a spec's ``editor``.
        annotators: Who looks for the phrases, as in a spec; None for the usual one.
        category: What the photo shows, which editors are told.
        variant: Another number is another edit of the same.
        store: Where edits are kept, a folder or an fsspec URL. None keeps nothing, which is for
            editors that cost nothing.
        settings: Any other part of a spec, as ``seed=1`` or ``diff={...}``.

    Returns:
        Pictures, masks, figures and verdict; as the last line of a notebook's cell it is a picture.

    Raises:
        ValueError: The photo cannot be used, the arguments are no spec, or an editor that costs
            money has no store.
        EditError: The edit was refused, or could not be made now; the message says why.

    Example:
        made = kizu.make_sample("mug.jpg", "a thin crack")
        made.verdict, made.mask, made.figure()
    """
    spec = _spec(photo, defect, editor, annotators, category, variant, settings)
    with _opened(spec, store) as opened, _as_file(photo) as file:
        taken = take_in(file, opened, spec.images.max_megapixels, spec.images.decoding)
        if isinstance(taken, Skipped):
            raise SourceError(f"{taken.name}: {taken.reason}")
        return _made(spec, taken, opened)


def _spec(
    photo: Picture,
    defect: Defect,
    editor: str | Mapping[str, Any],
    annotators: str | Sequence[Any] | None,
    category: str,
    variant: int,
    settings: Mapping[str, Any],
) -> DatasetSpec:
    if isinstance(defect, str):
        defect = {"defect_type": _type_of(defect), "prompt": defect, "phrases": [defect]}
    grounding = {} if annotators is None else {"grounding": grounding_fields(annotators)}
    place = "photo" if isinstance(photo, np.ndarray | bytes) else fspath(photo)
    fields = {
        "name": _NAME,
        "images": {"path": without_secrets(place), **({"category": category} if category else {})},
        "defects": [{**defect, "variants": variant + 1}],
        "editor": editor if isinstance(editor, str) else dict(editor),
        **grounding,
        **settings,
    }
    spec = DatasetSpec.parse(fields, origin=_ORIGIN)
    if spec.editor.maker.pictures is not None:
        raise SpecError(
            f"{_ORIGIN}: the editor {spec.editor.name!r} makes no picture; kizu.label_pair labels "
            "one that is there"
        )
    return spec


def _type_of(words: str) -> str:
    """Return words as a defect type, which names folders.

    >>> _type_of("A thin crack across the glaze.")
    'a-thin-crack-across-the-glaze'
    """
    return re.sub(r"[\W_]+", "-", words.casefold()).strip("-")[:80] or "defect"


@contextmanager
def _opened(spec: DatasetSpec, store: Store | str | PathLike[str] | None) -> Iterator[Store]:
    """Open the store; none is a folder that is gone afterwards."""
    if store is not None:
        yield store if isinstance(store, Store) else Store(fspath(store))
        return
    if spec.editor.make().is_paid or isinstance(spec.editor, ReplaySettings):
        raise SpecError(
            f"{_ORIGIN}: edits of {spec.editor.name!r} are kept in a store, so that none is "
            "paid for twice; name one, as store='kizu-store'"
        )
    with TemporaryDirectory(prefix="kizu-") as folder:
        yield Store(folder)


@contextmanager
def _as_file(photo: Picture) -> Iterator[SourceFile]:
    """Give the photo as a file that is taken in, under its own name."""
    if not isinstance(photo, np.ndarray | bytes):
        place = without_secrets(fspath(photo))
        yield SourceFile(re.split(r"[/\\]", place)[-1], place)
        return
    with TemporaryDirectory(prefix="kizu-") as folder:
        file = Path(folder, "photo.png")
        file.write_bytes(
            photo if isinstance(photo, bytes) else encode_png(checked_rgb(photo, "the photo"))
        )
        yield SourceFile(file.name, str(file))


def _made(spec: DatasetSpec, photo: NormalImage, store: Store) -> MadeSample:
    """Take the last variant of a photo through the stages.

    Raises:
        EditError: One of them has nothing for it.
    """
    chosen = choose_annotators(spec.grounding)
    *_, planned = plan_samples(spec, [photo], emulated=spec.editor.is_emulated())
    [ref] = save_shards([planned], spec, chosen.versions, store, 1)
    run = StageRun(store, CancelToken(store, f"{_ORIGIN} {uuid4()}"))
    for stage in STAGES:
        report = run_stage(stage, ref, run)
        if report.failures or report.stopped:
            raise EditError(report.stopped or report.failures[0].reason)
    outputs = SampleOutputs(store, ref.open(store), planned)
    if outputs.edit is not None and not outputs.edit.has_picture:
        raise EditError(f"the edit was refused: {outputs.edit.reason}")
    return _as_published(outputs, chosen.note)


def _as_published(outputs: SampleOutputs, note: str) -> MadeSample:
    frame, edit, judged = PublishedFrame(outputs), outputs.picture, outputs.judged
    published = made_picture(outputs, frame)
    touched = published.touched
    return MadeSample(
        normal=outputs.normal,
        edited=decode_image(outputs.picture_file(), inf),
        has_normal=True,
        mask=published.label,
        mask_on_edited=label_as_it_came(outputs, frame, published.label),
        judged_on_edited=edit.geometry.apply_mask(open_judged(outputs.diff)),
        composite=published.image,
        touched=np.ones(frame.shape, np.bool_) if touched is None else touched,
        anomaly_map=frame.anomaly_map(),
        detections={
            annotator_name(version): decoded(found, frame.shape)
            for version, found in frame.detections.items()
        },
        geometry=edit.geometry,
        match_score=None,
        status=frame.diff.status,
        drift=frame.diff.drift,
        verdict=judged.verdict,
        reason=judged.reason,
        explanation=judged.explanation,
        figures=judged.figures.model_dump(),
        score=judged.score,
        prompt=outputs.sample.prompt,
        edit=edit,
        note=note,
    )
