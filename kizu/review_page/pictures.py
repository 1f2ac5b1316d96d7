"""What the page shows of one sample: its pictures as files, everything else as JSON."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import cv2
import numpy as np

from kizu.grounding import annotator_name
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.imaging.crops import crop_of
from kizu.outputs import SampleOutputs
from kizu.publish.frames import PublishedFrame
from kizu.publish.samples import made_picture
from kizu.report.translations import Language, explanation_text, reason_label
from kizu.review import Decision
from kizu.review_page.run_lengths import run_lengths
from kizu.viz.overlays import (
    CHANGED_COLOUR,
    FINE_PEN,
    fit_image,
    fit_mask,
    heat_picture,
    outline_mask,
)

THUMBNAIL_PX: Final = 320
"""Side of a contact sheet's pictures: they are shown at half of it, or whole on fine screens."""
_CONTEXT: Final = 2.0  # of the mask's longer side: what is around says what kind of defect it is
_LEAST_WINDOW_PX: Final = 96  # less shows pixels and no surface
_WEBP_QUALITY: Final = 90


class Picture(StrEnum):
    """The pictures of a sample at full size."""

    NORMAL = "normal"
    PUBLISHED = "published"
    HEAT = "heat"


class Thumbnail(StrEnum):
    """The pictures of a sample on a contact sheet."""

    NORMAL = "normal"
    PUBLISHED = "published"
    OUTLINED = "outlined"


def picture_file(outputs: SampleOutputs, picture: Picture) -> tuple[bytes, str]:
    """Return a picture at full size, as a file and its media type.

    Raises:
        FileNotFoundError: There is none: no normal image, or nothing was compared with it.
    """
    if picture is not Picture.PUBLISHED and not outputs.sample.has_normal:
        raise FileNotFoundError(f"{outputs.sample.sample_id} has no normal image")
    if picture is Picture.NORMAL:
        return outputs.store.read(outputs.sample.normal.path), "image/png"
    frame = PublishedFrame(outputs)
    image = made_picture(outputs, frame).image
    if picture is Picture.PUBLISHED:
        return encode_png(image), "image/png"
    return _webp(heat_picture(image, frame.anomaly_map())), "image/webp"


def thumbnail_file(outputs: SampleOutputs, picture: Thumbnail) -> bytes:
    """Return the part of a picture around its label, as a square WebP file."""
    made = made_picture(outputs, PublishedFrame(outputs))
    has_normal = picture is Thumbnail.NORMAL and outputs.sample.has_normal
    image = outputs.normal if has_normal else made.image
    rows, columns = _window(made.label)
    part, label = image[rows, columns], made.label[rows, columns]
    scale = THUMBNAIL_PX / max(part.shape[:2])
    width, height = round(part.shape[1] * scale), round(part.shape[0] * scale)
    small = fit_image(part, width, height)
    if picture is Thumbnail.OUTLINED:
        small = outline_mask(small, fit_mask(label, width, height), CHANGED_COLOUR, FINE_PEN)
    return _webp(small)


def _window(label: Mask) -> tuple[slice, slice]:
    """Return a square window around a label, inside the picture; all of it without a label."""
    crop = crop_of(label)
    if not crop.inside.size:
        return slice(None), slice(None)
    side = max(_CONTEXT * max(crop.inside.shape), _LEAST_WINDOW_PX)
    x0, y0, x1, y1 = crop.xyxy
    return _around((y0 + y1) / 2, side, label.shape[0]), _around(
        (x0 + x1) / 2, side, label.shape[1]
    )


def _around(centre_px: float, side_px: float, size_px: int) -> slice:
    side = min(round(side_px), size_px)
    start = min(max(round(centre_px - side / 2), 0), size_px - side)
    return slice(start, start + side)


def _webp(image: RgbImage) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY])
    return bytes(data.tobytes())


def describe_sample(outputs: SampleOutputs) -> dict[str, Any]:
    """Return everything that is said of a sample, masks as ``run_lengths``."""
    frame = PublishedFrame(outputs)
    sample, judged = outputs.sample, outputs.judged
    return {
        "sample_id": sample.sample_id,
        "defect_type": sample.defect_type,
        "prompt": sample.prompt,
        "phrases": list(sample.phrases),
        "size": list(frame.shape),
        "has_normal": sample.has_normal,
        "verdict": judged.verdict,
        "reason": _in_both(lambda language: reason_label(judged.reason, language)),
        "explanation": _in_both(
            lambda language: explanation_text(judged.reason, judged.explanation, language)
        ),
        "label": run_lengths(made_picture(outputs, frame).label),
        "witnesses": [_witness(name, found, frame) for name, found in frame.detections.items()],
        "decision": describe_decision(outputs.decision),
    }


def describe_decision(decision: Decision | None) -> dict[str, Any] | None:
    """Return what a person decided, the mask as ``run_lengths``; None where nobody did."""
    if decision is None:
        return None
    drawn = decision.label()
    return {
        "key": decision.key,
        "verdict": decision.verdict,
        "reviewed_by": decision.reviewed_by,
        "reviewed_at": decision.reviewed_at,
        "note": decision.note,
        "drawn": decision.drawn,
        "mask": None if drawn is None else run_lengths(drawn),
    }


def _in_both(text: Callable[[Language], str]) -> Mapping[str, str]:
    languages: tuple[Language, ...] = ("en", "ja")
    return {language: text(language) for language in languages}


def _witness(version: str, found: EncodedDetections, frame: PublishedFrame) -> dict[str, Any]:
    """Return what one annotator found: the union of its regions, and each one's confidence."""
    return {
        "name": annotator_name(version),
        "mask": run_lengths(found.union_mask(frame.shape)),
        "boxes": np.round(found.xyxy, 1).tolist(),
        "phrases": list(found.phrase),
        "confidence": np.round(found.confidence, 3).tolist(),
    }
