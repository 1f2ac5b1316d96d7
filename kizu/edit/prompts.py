"""The sentence that is sent: the user's words, where, how large, how severe, and nothing else.

A mask only guides a model, and some take none, so the place is said in words too. Each defect is
put in several phrasings, which variants take in turn: a dataset of one sentence's pictures is
monotonous.
"""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from kizu.edit.request import DefectRequest, Severity
from kizu.imaging.arrays import Mask
from kizu.imaging.geometry import Geometry

PROMPT_VERSION: Final = "1"
"""Changes when the same defect comes to be said in other words; then edits are bought anew."""

Language = Literal["en", "ja"]

_OPENINGS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": (
        "Make exactly one change to this product photo ({category}): {defect}.",
        "This photo shows a flawless product ({category}). Give it one defect: {defect}.",
        "Retouch this product photo ({category}) to show a realistic production flaw: {defect}.",
    ),
    "ja": (
        "この製品写真({category})に、次の変更を1つだけ加えてください: {defect}。",
        "この写真の製品({category})に欠陥はありません。次の欠陥を1つ加えてください: {defect}。",
        "この製品写真({category})を、次の自然な製造欠陥が写るように修整してください: {defect}。",
    ),
}

_CLOSING: Final[Mapping[Language, str]] = {
    "en": "Change nothing else: keep framing, camera angle, focus, lighting, colours, background, "
    "texture and every other detail of the photo exactly as they are. Add no text.",
    "ja": "それ以外は何も変えないでください。構図、カメラの角度、ピント、照明、色、背景、質感、"
    "その他の細部はすべて元の写真のまま正確に保ち、文字は加えないでください。",
}

_SEVERITY: Final[Mapping[Language, Mapping[Severity, str]]] = {
    "en": {
        Severity.SLIGHT: "The defect is slight: visible only on a close look.",
        Severity.MODERATE: "The defect is moderate: plainly visible.",
        Severity.SEVERE: "The defect is severe: it catches the eye at once.",
    },
    "ja": {
        Severity.SLIGHT: "欠陥は軽微で、近くで見てようやく分かる程度です。",
        Severity.MODERATE: "欠陥は中程度で、はっきりと見えます。",
        Severity.SEVERE: "欠陥は重度で、一目で分かります。",
    },
}

RegionForm = Literal["mask", "markup", "none"]
"""How a region is sent beside its words: a mask, a drawing over the photo, or not at all."""

_SENT_REGION: Final[Mapping[RegionForm, Mapping[Language, str]]] = {
    "mask": {
        "en": "Stay inside the transparent area of the mask.",
        "ja": "マスクの透明な領域の内側だけを編集してください。",
    },
    "markup": {
        "en": "The magenta outline drawn over the photo marks where the defect goes: stay inside "
        "it. The outline is no part of the photo; leave no trace of it.",
        "ja": "写真に重ねたマゼンタ色の輪郭は欠陥の位置を示します。その内側だけを編集して"
        "ください。輪郭は写真の一部ではないので、跡を残さないでください。",
    },
}
_OBJECT: Final[Mapping[Language, str]] = {
    "en": "The defect is on the product itself, not on the background.",
    "ja": "欠陥は背景ではなく、製品そのものの上に置いてください。",
}
_PLACE: Final[Mapping[Language, str]] = {
    "en": "The defect lies {place} of the picture, between {x0} and {x1} % of its width from the "
    "left and between {y0} and {y1} % of its height from the top.",
    "ja": "欠陥の位置は画像の{place}で、左端から幅の{x0}~{x1} %、上端から高さの{y0}~{y1} %の"
    "範囲です。",
}
_PLACEMENT: Final[Mapping[Language, str]] = {
    "en": "Where: {placement}.",
    "ja": "場所: {placement}。",
}
_SIZE: Final[Mapping[Language, str]] = {
    "en": "The defect covers between {least} and {most} % of the picture.",
    "ja": "欠陥の面積は画像の{least}~{most} %です。",
}
_POSITION_WORDS: Final[Mapping[Language, tuple[tuple[str, str, str], ...]]] = {
    "en": (
        ("in the upper left part", "in the upper middle", "in the upper right part"),
        ("at the left", "in the middle", "at the right"),
        ("in the lower left part", "in the lower middle", "in the lower right part"),
    ),
    "ja": (("左上", "上部中央", "右上"), ("左側", "中央", "右側"), ("左下", "下部中央", "右下")),
}


def compose_prompt(
    defect: DefectRequest,
    geometry: Geometry,
    guide: Mask | None,
    *,
    language: Language,
    region_form: RegionForm = "mask",
) -> str:
    """Write the prompt of one edit; variants take the phrasings in turn.

    Args:
        defect: What the user wants.
        geometry: What of the photo is sent; places and sizes are told as the model sees them.
        guide: The region on a grid over the photo; None for anywhere or not yet known.
        language: Language of the words around the user's.
        region_form: How the region is sent too.
    """
    openings = _OPENINGS[language]
    wording = defect.wording.rstrip(" .。")
    opening = openings[defect.variant % len(openings)]
    parts = [opening.format(category=defect.category, defect=wording)]
    if defect.placement:
        placement = defect.placement.rstrip(" .。")
        parts.append(_PLACEMENT[language].format(placement=placement))
    if defect.region is not None:
        parts.append(_region_words(geometry, guide, language))
        parts += [_SENT_REGION[region_form][language]] if region_form in _SENT_REGION else []
    if defect.area is not None:
        parts.append(_size_words(defect.area, geometry, language))
    if defect.severity is not None:
        parts.append(_SEVERITY[language][defect.severity])
    parts.append(_CLOSING[language])
    return ("" if language == "ja" else " ").join(parts)


def _region_words(geometry: Geometry, guide: Mask | None, language: Language) -> str:
    if guide is None:
        return _OBJECT[language]
    x0, y0, x1, y1 = sent_box(geometry, guide)
    position = _POSITION_WORDS[language][min(int(1.5 * (y0 + y1)), 2)][min(int(1.5 * (x0 + x1)), 2)]
    edges = {name: round(100 * edge) for name, edge in zip(_EDGES, (x0, y0, x1, y1), strict=True)}
    return _PLACE[language].format(place=position, **edges)


_EDGES: Final = ("x0", "y0", "x1", "y1")


def sent_box(geometry: Geometry, guide: Mask) -> tuple[float, float, float, float]:
    """Return the box around a region in the picture that is sent, as shares of that picture.

    Args:
        geometry: What of the photo is sent.
        guide: (H, W) bool, the region on a grid over the photo.
    """
    rows, columns = np.flatnonzero(guide.any(axis=1)), np.flatnonzero(guide.any(axis=0))
    spans = (
        (columns, guide.shape[1], 0),
        (rows, guide.shape[0], 1),
    )
    edges = [
        _sent_edge(geometry, float(edge) / cells, axis)
        for found, cells, axis in spans
        for edge in (found[0], found[-1] + 1)
    ]
    return edges[0], edges[2], edges[1], edges[3]


def _sent_edge(geometry: Geometry, share: float, axis: int) -> float:
    on_crop = share * geometry.source[axis] - geometry.crop[axis]
    sent = geometry.offset[axis] + on_crop * geometry.scaled[axis] / geometry.crop[2 + axis]
    return min(max(sent / geometry.model[axis], 0.0), 1.0)


def _size_words(area: tuple[float, float], geometry: Geometry, language: Language) -> str:
    scale = geometry.scaled[0] * geometry.scaled[1] / (geometry.crop[2] * geometry.crop[3])
    photo, sent = geometry.source, geometry.model
    grown = scale * photo[0] * photo[1] / (sent[0] * sent[1])
    least, most = (f"{min(100 * share * grown, 100):.2g}" for share in area)
    return _SIZE[language].format(least=least, most=most)
