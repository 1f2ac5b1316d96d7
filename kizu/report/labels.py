"""Names of reasons, figures and facts for people; unknown ones are shown as their own words."""

from collections.abc import Mapping
from typing import Final

from kizu.report.card import Figure
from kizu.report.translations import Language

REASONS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "agree": "both agree",
        "diff_only": "clear change, unconfirmed",
        "disagree": "text finds another place",
        "no_annotator": "no annotator",
        "not_grounded": "not grounded",
        "outside_region": "outside the region",
        "redrawn": "redrawn",
        "too_large": "too large",
        "too_small": "too small",
        "unchanged": "unchanged",
    },
    "ja": {
        "agree": "差分とテキスト検出が一致",
        "diff_only": "差分のみで判定",
        "disagree": "差分とテキスト検出が不一致",
        "no_annotator": "テキスト検出器なし",
        "not_grounded": "テキストで検出できず",
        "outside_region": "指定領域の外",
        "redrawn": "全体が描き直された",
        "too_large": "変化が大きすぎる",
        "too_small": "変化が小さすぎる",
        "unchanged": "変化なし",
    },
}

_EXPLANATIONS_JA: Final = {
    "agree": "差分とテキスト検出が、同じ場所を示しています。",
    "diff_only": "変化は明瞭で、想定した大きさです。テキスト検出による裏付けはありません。",
    "disagree": "テキスト検出は、変化した場所とは別の場所を示しています。",
    "no_annotator": "変化を裏付けるテキスト検出器がありませんでした。",
    "not_grounded": "変化した場所に、指定した語句は検出されませんでした。",
    "outside_region": "変化の多くが、指定した領域の外にあります。",
    "redrawn": "画像全体が描き直されたため、変化した場所を特定できません。",
    "too_large": "変化した領域が、想定した面積より大きくなっています。",
    "too_small": "変化した領域が、想定した面積より小さくなっています。",
    "unchanged": "画像自身のノイズを超える変化がありません。",
}

_FIGURES_JA: Final = {
    "area_fraction": "面積比",
    "box_ratio": "枠の面積比",
    "confidence": "確信度",
    "coverage": "被覆率",
    "detections": "検出数",
    "detections_elsewhere": "別の場所の検出数",
    "drift": "変化以外のずれ",
    "mask_iou": "マスク IoU",
    "match_rate": "位置合わせ一致率",
    "outside_fraction": "領域外の割合",
}

_FACTS_JA: Final = {
    "Annotator": "テキスト検出器",
    "Cost": "費用",
    "Editor": "編集モデル",
    "Photos": "写真",
    "Samples": "サンプル",
    "Seed": "シード",
}

_UNITS: Final = {"px": "px", "usd": "USD", "s": "s", "percent": "%"}


def reason_label(reason: str, language: Language) -> str:
    """Return a reason in a few words.

    Example:
        >>> reason_label("not_grounded", "en"), reason_label("odd_light", "ja")
        ('not grounded', 'odd light')
    """
    return REASONS[language].get(reason, reason.replace("_", " "))


def explanation_text(reason: str, explanation: str, language: Language) -> str:
    """Return a reason's sentence in the page's language, or the given one where there is none."""
    return _EXPLANATIONS_JA.get(reason, explanation) if language == "ja" else explanation


def fact_label(label: str, language: Language) -> str:
    """Return a fact's label in the page's language, or the given one where there is none."""
    return _FACTS_JA.get(label, label) if language == "ja" else label


def figure_label(name: str, language: Language) -> str:
    """Return a figure's name, its unit in brackets.

    Example:
        >>> figure_label("mask_iou", "en"), figure_label("area_px", "en")
        ('mask IoU', 'area (px)')
    """
    if language == "ja" and name in _FIGURES_JA:
        return _FIGURES_JA[name]
    words = name.split("_")
    unit = _UNITS.get(words[-1]) if len(words) > 1 else None
    text = " ".join("IoU" if word == "iou" else word for word in words[: -1 if unit else None])
    return f"{text} ({unit})" if unit else text


def figure_text(name: str, value: Figure) -> str:
    """Return a figure: three digits, thousands apart, shares in percent, a hyphen for none.

    Example:
        >>> figures = {"score": 0.12345, "area_px": 20481, "area_fraction": 0.00077, "iou": None}
        >>> [figure_text(name, value) for name, value in figures.items()]
        ['0.123', '20,481', '0.077 %', '-']
    """
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if name.endswith("_fraction"):
        return f"{100 * value:.3g} %"
    if isinstance(value, int) or abs(value) >= 1000:  # noqa: PLR2004 - longer than three digits
        return f"{value:,.0f}"
    return f"{value:.3g}"
