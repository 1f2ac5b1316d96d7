"""Messages of the terminal in Japanese: whole sentences, found by their English form."""

import ast
import re
from pathlib import Path

import pytest
from served import ROOT

from kizu.japanese import SENTENCES, in_japanese, is_japanese, told

FEWEST_LETTERS = 12
"""Of a piece of a sentence that has to stand in the source."""


SPLIT = re.compile(r"\{\w+\}|; |: |, |\. | [(]| at most |PREFECT_API_URL")
"""Where sentences are put together of parts."""


def places(text):
    return set(re.findall(r"\{(\w+)\}", text))


def pieces(file: Path):
    """Texts of a source file; what is filled in is left out of them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "\0" for p in node.values)
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_a_translation_has_the_places_of_its_sentence():
    odd = [english for english, text in SENTENCES.items() if places(english) != places(text)]
    assert odd == []


def test_every_sentence_is_one_that_kizu_says():
    files = [file for file in (ROOT / "kizu").rglob("*.py") if file.name != "japanese.py"]
    said = "\n".join(piece for file in files for piece in pieces(file))
    longest = [
        max((piece.strip(" -#.") for piece in SPLIT.split(english)), key=len)
        for english in SENTENCES
    ]
    assert [piece for piece in longest if len(piece) >= FEWEST_LETTERS and piece not in said] == []


def test_the_first_variable_that_is_set_names_the_language():
    assert is_japanese({"LANG": "ja_JP.UTF-8"})
    assert is_japanese({"LC_MESSAGES": "ja", "LANG": "en_US.UTF-8"})
    assert not is_japanese({"LC_ALL": "C.UTF-8", "LANG": "ja_JP.UTF-8"})
    assert not is_japanese({"LANG": "jam_JM"})
    assert not is_japanese({})


def test_a_message_is_whole_in_one_language():
    said = "warning: mugs: demonstration weights, five words, synthetic defects"
    assert in_japanese(said) == "注意: mugs: デモ用の重み(合成の欠陥、五つの言葉)"
    odd = "warning: something that has no entry"
    assert in_japanese(odd) == odd
    mixed = "photos.yaml: line 3: seed is missing; add it\nno entry either"
    assert in_japanese(mixed) == mixed


def test_what_is_filled_in_stays_as_it_is():
    found = in_japanese("mugs.yaml: line 12: sed is not a setting; did you mean seed?")
    assert found == "mugs.yaml: 12 行目: sed という設定はありません。seed ではありませんか"


@pytest.mark.parametrize(("language", "word"), [("ja_JP.UTF-8", "写真"), ("de_DE.UTF-8", "photos")])
def test_the_system_says_which_language(monkeypatch, language, word):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", language)
    assert told("photos") == word
