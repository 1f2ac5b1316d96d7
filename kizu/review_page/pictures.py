"""What the page shows of one sample: its pictures as files, everything else as JSON."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import cv2
import numpy as np

from kizu.agree.verdict import EXPLANATION, Reason, Verdict
from kizu.grounding import annotator_name
from kizu.grounding.encoded import EncodedDetections
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import encode_png
from kizu.imaging.run_lengths import run_lengths
from kizu.imaging.slices import square_around
from kizu.outputs import SampleOutputs
from kizu.publish.frames import PublishedFrame
from kizu.publish.samples import made_label, made_picture
from kizu.report.translations import Language, explanation_text, reason_label
from kizu.review import Decision
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


def picture_file(outputs: SampleOutputs, picture: Picture) -> tuple[bytes, str]:
    """Return a picture at full size, as a file and its media type.

    Raises:
        FileNotFoundError: There is none: no normal image, or nothing was compared with it.
    """
    if picture is not Picture.PUBLISHED and not outputs.sample.has_normal:
        raise FileNotFoundError(f"{outputs.sample.sample_id} has no normal image")
    if picture is Picture.NORMAL:
        return outputs.normal_file(), "image/png"
    frame = PublishedFrame(outputs)
    image = made_picture(outputs, frame).image
    if picture is Picture.PUBLISHED:
        return encode_png(image), "image/png"
    return _webp(heat_picture(image, frame.anomaly_map())), "image/webp"


def thumbnail_file(outputs: SampleOutputs) -> bytes:
    """Return what lies around a sample's label, as a WebP file of three squares.

    They are the published image with its label outlined, the same without, and the normal image
    (the published one again where there is none): one file, so that all change in one moment.
    """
    made = made_picture(outputs, PublishedFrame(outputs))
    window = square_around(made.label, _CONTEXT, _LEAST_WINDOW_PX)
    label = made.label[window]
    scale = THUMBNAIL_PX / max(label.shape)
    size = round(label.shape[1] * scale), round(label.shape[0] * scale)
    published = fit_image(made.image[window], *size)
    normal = outputs.normal if outputs.sample.has_normal else made.image
    outlined = outline_mask(published, fit_mask(label, *size), CHANGED_COLOUR, FINE_PEN)
    parts = (outlined, published, fit_image(normal[window], *size))
    return _webp(np.hstack([_squared(part) for part in parts]))


def _squared(part: RgbImage) -> RgbImage:
    """Return a picture in the middle of a square, its edges drawn out to fill that."""
    height, width = THUMBNAIL_PX - part.shape[0], THUMBNAIL_PX - part.shape[1]
    top, left = height // 2, width // 2
    sides = (top, height - top, left, width - left)
    return np.asarray(cv2.copyMakeBorder(part, *sides, cv2.BORDER_REPLICATE), np.uint8)


def _webp(image: RgbImage) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY])
    return bytes(data.tobytes())


def describe_sample(outputs: SampleOutputs, verdict: Verdict, reason: Reason) -> dict[str, Any]:
    """Return everything that is said of a sample, masks as ``run_lengths``.

    Args:
        outputs: The sample, judged.
        verdict: What becomes of it unless a person decides.
        reason: Why.
    """
    frame, sample = PublishedFrame(outputs), outputs.sample
    return {
        "sample_id": sample.sample_id,
        "defect_type": sample.defect_type,
        "prompt": sample.prompt,
        "phrases": list(sample.phrases),
        "size": list(frame.shape),
        "has_normal": sample.has_normal,
        "verdict": verdict,
        "reason": _in_both(lambda language: reason_label(reason, language)),
        "explanation": _in_both(
            lambda language: explanation_text(reason, EXPLANATION[reason], language)
        ),
        "label": run_lengths(made_label(outputs)),
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
