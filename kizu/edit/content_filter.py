"""Words in defect prompts that content filters take for violence or harm, and what to say instead.

A refused prompt is not billed, but enough of them can block a whole resource, so they are named
before anything is sent.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from kizu.settings import Record

NEUTRAL_WORDS: Final[Mapping[str, str]] = {
    "blood": "a red-brown stain",
    "bloody": "stained red-brown",
    "bleeding": "with a red-brown liquid mark",
    "wound": "an open gouge",
    "injury": "damage",
    "bruise": "a dark pressure mark",
    "flesh": "inner material",
    "skin": "surface layer",
    "corpse": "remains of material",
    "dead": "inactive",
    "kill": "disable",
    "stab": "puncture",
    "stabbed": "punctured",
    "slash": "a long straight cut",
    "slashed": "cut in a long straight line",
    "bullet hole": "a round hole",
    "gunshot": "a round hole with a cracked rim",
    "explosion": "a burst",
    "bomb": "a burst vessel",
    "knife": "a sharp edge",
    "weapon": "a tool",
    "mutilated": "torn and deformed",
    "amputated": "missing",
    "decapitated": "without its top",
    "nude": "bare",
    "naked": "bare",
    "penetration": "a hole through the part",
    "vomit": "a yellowish residue",
    "feces": "a brown residue",
    "urine": "a yellow stain",
    "血": "赤茶色の汚れ",
    "血痕": "赤茶色の斑点",
    "出血": "赤茶色の液体の跡",
    "流血": "赤茶色の液体の跡",
    "傷口": "開いた溝状の傷",
    "死体": "残留物",
    "死": "停止",
    "殺": "停止",
    "刺し": "穿孔",
    "銃痕": "丸い穴",
    "弾痕": "丸い穴",
    "爆発": "破裂",
    "爆弾": "破裂した容器",
    "裸": "むき出し",
    "切断": "欠損",
    "嘔吐": "黄色い残留物",
}


class FlaggedWord(Record):
    """A word that filters may refuse, and a neutral way to say it."""

    word: str
    instead: str


def flag_words(prompt: str) -> list[FlaggedWord]:
    """Find the words of a prompt that content filters may refuse; the longest reading counts.

    Example:
        >>> [(found.word, found.instead) for found in flag_words("a smear like dried blood")]
        [('blood', 'a red-brown stain')]
        >>> flag_words("a bloodless, deadlocked gear")
        []
    """
    text = unicodedata.normalize("NFKC", prompt).casefold()
    found = []
    for word in sorted(NEUTRAL_WORDS, key=len, reverse=True):
        pattern = rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)
        text, count = re.subn(pattern, " ", text)
        if count:
            found.append(FlaggedWord(word=word, instead=NEUTRAL_WORDS[word]))
    return found
