import io

import numpy as np
import pytest
from made_pairs import SIZE, made_pair
from rich.console import Console

from kizu.cli import pairs_table
from kizu.cli.pairs_table import print_pairs, show_pairs
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import Geometry
from kizu.labelling import label_spec
from kizu.pairing import Pairing
from kizu.sources import Skipped

CROPPED = Geometry(SIZE, (0, 0, 80, 30), (40, 15), (0, 0), (40, 15))
PAIRS = (
    made_pair("b.png", 0.95),
    made_pair("a.png", 0.41, geometry=CROPPED),
    made_pair("[c].png", None, by="none"),
)
LEFT_OUT = (Skipped("x.png", "matches no normal image"),)


@pytest.fixture
def printed(capsys, monkeypatch):
    """Print pairs; returns the text, and the names of the pairs that were opened."""
    monkeypatch.delenv("NO_COLOR", raising=False)

    def go(*pairs, most=10, colours=None, width=80):
        opened = []

        def open_pair(pair):
            opened.append(pair.picture.name)
            return np.full((60, 80, 3), 200, np.uint8), np.full((30, 80, 3), 20, np.uint8)

        console = Console(
            file=io.StringIO(),
            force_terminal=bool(colours),
            color_system=colours,
            width=width,
            soft_wrap=True,
            highlight=False,
        )
        print_pairs(Pairing(pairs=pairs, left_out=LEFT_OUT), open_pair, most, console)
        return console.file.getvalue(), opened, capsys.readouterr().err

    return go


def test_without_colours_every_pair_is_one_whole_line(printed):
    long = made_pair("a folder/" + 100 * "n" + ".png")
    text, opened, errors = printed(*PAIRS, long)
    assert text.splitlines() == [
        f"a.png: from normal.png, crack, paired by content, match 0.41, {CROPPED.in_words()}",
        f"{long.picture.name}: from normal.png, crack, paired by content, match 0.90, as it is",
        "b.png: from normal.png, crack, paired by content, match 0.95, as it is",
        "[c].png: crack, alone",
        "4 pairs (3 by content, 1 without a normal image); 1 file left out",
    ]
    assert opened == []
    assert "skipped: x.png: matches no normal image" in errors


@pytest.mark.parametrize("width", [60, 80, 200])
def test_with_colours_both_pictures_stand_beside_the_same_words(printed, width):
    long = made_pair("a folder/" + 100 * "n" + ".png")
    text, opened, _ = printed(*PAIRS, long, colours="truecolor", width=width)
    assert opened == ["a.png", long.picture.name, "b.png", "[c].png"]
    assert "\x1b[38;2;200;200;200;48;2;200;200;200m▀" in text
    assert "\x1b[38;2;20;20;20;48;2;20;20;20m▀" in text
    assert "…" not in text
    for words in ("a.png", "from normal", "crack", "match 0.41", "as it is", "[c].png", "alone"):
        assert words in text


def test_of_many_pairs_the_least_sure_are_opened_and_the_others_counted(printed):
    pairs = [made_pair(f"{row}.png", row / 1000) for row in reversed(range(1000))]
    text, opened, _ = printed(*pairs, most=3, colours="truecolor")
    assert opened == ["0.png", "1.png", "2.png"]
    assert text.splitlines()[-2:] == [
        "and 997 more, which are at least as sure",
        "1000 pairs (1000 by content); 1 file left out",
    ]


def test_without_a_single_pair_the_reasons_are_left(printed):
    text, _, errors = printed(colours="truecolor")
    assert text == "0 pairs; 1 file left out\n"
    assert "matches no normal image" in errors


@pytest.mark.parametrize("alone", [False, True])
def test_the_pictures_of_a_dataset_are_opened_from_where_they_lie(
    alone, photos, make_photo, store, tmp_path, monkeypatch
):
    edited = tmp_path / "edited" / "stain"
    edited.mkdir(parents=True)
    picture = make_photo(1)
    picture[30:60, 30:60] = (250, 10, 10)
    (edited / "a.png").write_bytes(encode_png(picture))
    file = io.StringIO()
    colours = Console(
        file=file, force_terminal=True, color_system="truecolor", width=100, highlight=False
    )
    monkeypatch.setattr(pairs_table, "out", colours)
    monkeypatch.delenv("NO_COLOR", raising=False)
    show_pairs(label_spec(None if alone else str(photos), str(edited.parent)), store)
    text = file.getvalue()
    assert "250;10;10" in text
    assert ("1 pair (1 without a normal image)" in text) is alone
    assert ("from a.png" in text) is not alone
