"""Plans a dataset: which edits of which photos it needs, and what is still to be bought."""

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from kizu.edit.archive import sidecar_path
from kizu.edit.painter import PAINTER_VERSION, kind_from_prompt
from kizu.edit.region import Region
from kizu.edit.request import EditRequest
from kizu.edit.settings import EditorSettings, PainterSettings, ReplaySettings
from kizu.keys import content_key, fraction_of
from kizu.settings import Record
from kizu.source import Inventory, NormalImage
from kizu.spec import AreaRange, DatasetSpec, DefectSpec, SpecError
from kizu.store import Store


class PlannedSample(Record):
    """One defect image to be: the unit that goes through all stages.

    Attributes:
        sample_id: Its name in the dataset; readable, and distinct.
        normal: The normal image.
        defect_type: The class.
        prompt: What the user asked for.
        phrases: What the annotator looks for.
        region: Where the defect may be.
        expected_area: How much of the image it should cover.
        request: The edit request.
    """

    sample_id: str
    normal: NormalImage
    defect_type: str
    prompt: str
    phrases: tuple[str, ...]
    region: Region | None
    expected_area: AreaRange
    request: EditRequest


@dataclass(frozen=True)
class Outlook:
    """What a plan comes to before anything is made.

    Attributes:
        photos: Normal images that can be used.
        edited_photos: Those that get defects.
        requests: Edits the dataset needs.
        stored: Those the store already holds, refusals included.
        to_make: The rest.
        cost_usd: Estimate for the rest; None where the price is not known.
    """

    photos: int
    edited_photos: int
    requests: int
    stored: int
    to_make: int
    cost_usd: float | None


def plan_samples(spec: DatasetSpec, images: Iterable[NormalImage]) -> list[PlannedSample]:
    """List the samples of a dataset: edited photos x defects x variants, in that order.

    Raises:
        SpecError: The editor does not understand a prompt.
    """
    asks = [_ask(index, defect, spec.editor) for index, defect in enumerate(spec.defects)]
    return [
        _sample(spec, image, defect, ask, variant)
        for image in edited_images(spec, list(images))
        for defect, ask in zip(spec.defects, asks, strict=True)
        for variant in range(defect.variants)
    ]


def edited_images(spec: DatasetSpec, images: Sequence[NormalImage]) -> list[NormalImage]:
    """Choose the photos that get defects: a draw that more photos or a higher bound only extend."""
    drawn = sorted(images, key=lambda image: content_key("edited", sha256=image.sha256))
    chosen = {image.sha256 for image in drawn[: spec.images.max_edited]}
    return [image for image in images if image.sha256 in chosen]


def outlook(spec: DatasetSpec, inventory: Inventory, store: Store) -> Outlook:
    """Compare a plan with what the store holds; changes nothing."""
    samples = plan_samples(spec, inventory.images)
    stored = sum(store.exists(sidecar_path(sample.request.key)) for sample in samples)
    to_make = len(samples) - stored
    return Outlook(
        photos=len(inventory.images),
        edited_photos=len({sample.normal.sha256 for sample in samples}),
        requests=len(samples),
        stored=stored,
        to_make=to_make,
        cost_usd=0.0,
    )


def is_test_photo(image: NormalImage, test_fraction: float) -> bool:
    """Draw the split of an edited photo by its content, so that it never changes sides."""
    return fraction_of(content_key("split", sha256=image.sha256)) < test_fraction


def _sample(
    spec: DatasetSpec,
    image: NormalImage,
    defect: DefectSpec,
    ask: dict[str, JsonValue],
    variant: int,
) -> PlannedSample:
    request = EditRequest(
        normal_sha256=image.sha256,
        ask=ask,
        editor=_identity(spec.editor),
        variant=variant,
        seed=spec.seed,
    )
    stem = file_stem(image.name)
    return PlannedSample(
        sample_id=f"{stem}_{defect.defect_type}_{variant:03d}_{request.key[:8]}",
        normal=image,
        defect_type=defect.defect_type,
        prompt=defect.prompt,
        phrases=defect.grounding_phrases,
        region=defect.region,
        expected_area=defect.expected_area,
        request=request,
    )


def file_stem(name: str) -> str:
    """Make a file's path below the source a plain file stem.

    Example:
        >>> file_stem("line 2/カップ 01.png")
        'line-2-カップ-01'
    """
    stem = posixpath.splitext(name)[0]
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:80] or "photo"


def _ask(index: int, defect: DefectSpec, editor: EditorSettings) -> dict[str, JsonValue]:
    """Return what is asked of the editor; for the painter with the kind and size to paint."""
    painter = editor.of if isinstance(editor, ReplaySettings) else editor
    region = defect.region.model_dump(mode="json") if defect.region else None
    ask: dict[str, JsonValue] = {"prompt": defect.prompt, "region": region}
    if isinstance(painter, PainterSettings):
        ask["kind"] = _painted_kind(index, defect)
        ask["area"] = [defect.area.min_fraction, defect.area.max_fraction] if defect.area else None
    return ask


def _painted_kind(index: int, defect: DefectSpec) -> str:
    try:
        return kind_from_prompt(defect.prompt).value
    except ValueError as error:
        try:
            return kind_from_prompt(defect.defect_type.replace("_", " ")).value
        except ValueError:
            raise SpecError(f"defects.{index}.prompt: {error}") from error


def _identity(editor: EditorSettings) -> dict[str, JsonValue]:
    if isinstance(editor, ReplaySettings):
        return _identity(editor.of)
    return {**editor.model_dump(mode="json"), "version": PAINTER_VERSION}
