"""Which defect a sentence asks for, in English or Japanese."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final


class DefectKind(StrEnum):
    """The defects that can be painted."""

    SCRATCH = "scratch"
    CRACK = "crack"
    STAIN = "stain"
    HOLE = "hole"
    DENT = "dent"
    CONTAMINATION = "contamination"
    DISCOLOURATION = "discolouration"
    MISSING_PART = "missing_part"
    CHIP = "chip"
    BURR = "burr"
    DELAMINATION = "delamination"
    MISPRINT = "misprint"
    BENT = "bent"


# English entries are stems that start a word ("scratch" finds "scratches"); Japanese ones are found
# anywhere, for Japanese sets no spaces between words. Half-width and upper-case forms are folded.
WORDS: Final[Mapping[DefectKind, tuple[str, ...]]] = {
    DefectKind.SCRATCH: (
        *("scratch", "scrape", "scraping", "scuff", "gouge", "gouging", "abrasion", "abrad", "cut"),
        *("傷", "きず", "キズ", "ひっかき傷", "引っかき傷", "引っ掻き傷", "擦り傷", "擦り", "擦れ"),
        *("線傷", "スクラッチ"),
    ),
    DefectKind.CRACK: (
        *("crack", "fractur", "fissur", "split"),
        *("ひび", "ヒビ", "ひび割れ", "ヒビ割れ", "罅", "亀裂", "き裂", "クラック", "割れ"),
    ),
    DefectKind.STAIN: (
        *(
            "stain",
            "smudg",
            "smear",
            "spill",
            "blot",
            "blemish",
            "dirt",
            "soiled",
            "grease",
            "spot",
        ),
        *("dark spot", "watermark", "water mark", "water stain", "oil stain", "rust"),
        *(
            "染み",
            "しみ",
            "シミ",
            "汚れ",
            "よごれ",
            "ヨゴレ",
            "汚損",
            "油汚れ",
            "水跡",
            "錆",
            "サビ",
        ),
    ),
    DefectKind.HOLE: (
        *("hole", "pinhole", "punctur", "perforat", "pierc"),
        *("穴", "孔", "ピンホール", "貫通", "破れ"),
    ),
    DefectKind.DENT: (
        *("dent", "ding", "dimpl", "depression", "indent", "bump"),
        *(
            "へこみ",
            "へこん",
            "ヘコミ",
            "凹み",
            "凹ん",
            "凹",
            "打痕",
            "打ち傷",
            "打ちきず",
            "打ちキズ",
        ),
        *("くぼみ", "窪み"),
    ),
    DefectKind.CONTAMINATION: (
        *("contamina", "foreign object", "foreign material", "foreign matter", "foreign body"),
        *("foreign", "debris", "dust", "lint", "fibre", "fiber", "hair", "speck", "particle"),
        *(
            "異物",
            "付着",
            "ほこり",
            "ホコリ",
            "埃",
            "ごみ",
            "ゴミ",
            "塵",
            "繊維",
            "糸くず",
            "髪の毛",
        ),
        *("毛髪", "混入", "コンタミ"),
    ),
    DefectKind.DISCOLOURATION: (
        *("discolo", "colour change", "color change", "uneven colour", "uneven color", "fade"),
        *("fading", "yellowed", "yellowing", "bleach", "tarnish", "scorch", "burn"),
        *("変色", "色むら", "色ムラ", "色斑", "退色", "褪色", "黄ばみ", "色あせ", "焼け", "焦げ"),
    ),
    DefectKind.MISSING_PART: (
        *("missing", "missing part", "missing component", "absent", "lost part", "removed"),
        *("欠品", "欠損", "欠落", "脱落", "部品欠け", "部品なし", "部品抜け", "抜け落ち", "紛失"),
    ),
    DefectKind.CHIP: (
        *("chip", "nick", "spall", "broken edge", "broken corner", "chipped edge"),
        *("欠け", "カケ", "かけ", "チップ", "チッピング", "角の欠損", "縁の欠損", "端の欠損"),
    ),
    DefectKind.BURR: (
        *("burr", "moulding flash", "molding flash", "flash on the edge", "fin on the edge"),
        *("sharp fin", "バリ", "ばり", "返り", "カエリ", "バリ残り"),
    ),
    DefectKind.DELAMINATION: (
        *("delamina", "peel", "flaking", "flaked", "blister", "lifted coating", "lifted paint"),
        *("coating come off", "paint come off", "coating loss", "paint loss"),
        *(
            "剥離",
            "はく離",
            "剥がれ",
            "剥がれ落ち",
            "はがれ",
            "ハガレ",
            "塗装剥がれ",
            "メッキ剥がれ",
        ),
        *("めっき剥がれ", "浮き", "ふくれ", "膨れ", "層間剥離"),
    ),
    DefectKind.MISPRINT: (
        *("misprint", "misregist", "out of register", "print defect", "printing defect"),
        *("faded print", "faint print", "shifted print", "double print", "blurred print", "ghost"),
        *("printing error", "print error", "print shift"),
        *("印刷ズレ", "印刷ずれ", "印字ズレ", "印字ずれ", "かすれ", "カスレ", "掠れ", "印刷不良"),
        *("印字不良", "印刷かすれ", "印字かすれ", "版ズレ", "版ずれ", "にじみ", "滲み", "文字欠け"),
        *("印刷欠け", "ゴースト"),
    ),
    DefectKind.BENT: (
        *("bent", "bend", "bending", "warp", "crooked", "twisted", "buckl", "deform"),
        *("曲がり", "曲がった", "曲がって", "曲げ", "まがり", "反り", "歪み", "ゆがみ"),
        *("変形", "折れ曲がり", "ねじれ", "たわみ"),
    ),
}


def kind_from_prompt(prompt: str) -> DefectKind:
    """Read which defect a prompt asks for.

    The longest known word wins; of equally long ones, the first in the sentence.

    Args:
        prompt: A sentence in English or Japanese.

    Returns:
        The defect to paint.

    Raises:
        ValueError: If the prompt names no defect that can be painted.

    Example:
        >>> kind_from_prompt("Add two thin SCRATCHES next to the hole")
        <DefectKind.SCRATCH: 'scratch'>
        >>> kind_from_prompt("表面に擦り傷を付ける")
        <DefectKind.SCRATCH: 'scratch'>
    """
    matches = list(_matches(_folded(prompt)))
    if not matches:
        paintable = ", ".join(DefectKind)
        raise ValueError(f"no known defect in prompt {prompt!r}; name one of: {paintable}")
    return max(matches, key=lambda match: (match[0], -match[1]))[2]


BRANCHED: Final = ("branch", "fork", "network", "枝分かれ", "分岐", "網目", "網状", "蜘蛛の巣")
STRAIGHT: Final = (
    "straight",
    "unbranched",
    "single",
    "一直線",
    "直線",
    "真っ直ぐ",
    "まっすぐ",
    "一本",
)


def is_branched(prompt: str) -> bool | None:
    """Read whether a crack is to branch; None where the prompt says nothing of it.

    Example:
        >>> is_branched("a branching crack"), is_branched("直線のひび"), is_branched("a crack")
        (True, False, None)
    """
    text = _folded(prompt)
    if any(word in text for word in STRAIGHT):
        return False
    return True if any(word in text for word in BRANCHED) else None


def _matches(text: str) -> Iterator[tuple[int, int, DefectKind]]:
    """Length, position and kind of every known word in a folded text."""
    for kind, words in WORDS.items():
        for word in map(_folded, (*words, kind)):
            start = r"\b" if word.isascii() else ""
            for match in re.finditer(start + re.escape(word), text, flags=re.ASCII):
                yield len(word), match.start(), kind


def _folded(text: str) -> str:
    """Case, width and separators made equal."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_-]+", " ", folded)
