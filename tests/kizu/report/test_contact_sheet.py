import numpy as np
import pytest

from kizu.report import Card, contact_sheet, draw_card
from kizu.viz import fonts

GREY = np.full((48, 64, 3), 128, np.uint8)


def pictures(defect_type="scratch", verdict="accept", **arrays):
    card = Card("s", defect_type, "", verdict, "agree", "", {}, GREY, GREY, **arrays)
    return draw_card(card)


def label_strip(sheet):
    return sheet[-58:-28]


def test_sheet_of_nothing_is_a_small_empty_table():
    sheet = contact_sheet([])
    assert sheet.dtype == np.uint8
    assert sheet.std() < 1


def test_sheet_grows_by_rows_of_the_asked_columns():
    heights = [contact_sheet([pictures()] * n, columns=2).shape[0] for n in (2, 3, 5)]
    assert heights[1] - heights[0] == heights[2] - heights[1] > 0


def test_sheet_shows_a_fair_mix_of_at_most_the_asked_cards():
    kinds = [("scratch", "reject")] * 50 + [("hole", "accept"), ("stain", "review")]
    many = [pictures(defect, verdict) for defect, verdict in kinds]
    sheet = contact_sheet(many, max_cards=3)
    alone = contact_sheet([many[50], many[51], many[0]])
    assert (sheet[:190] == alone[:190]).all(), "but for their numbers they are the same three"


def test_sheet_shows_at_most_the_asked_cards():
    few = contact_sheet([pictures()] * 10, max_cards=4)
    assert few.shape == contact_sheet([pictures()] * 4).shape


def test_verdicts_are_marked_differently():
    strips = [label_strip(contact_sheet([pictures(verdict=v)])) for v in ("accept", "reject")]
    assert (strips[0] != strips[1]).any()


def test_japanese_label_without_a_japanese_font_is_a_readable_placeholder(monkeypatch):
    monkeypatch.setattr(fonts, "_JAPANESE_FILES", ("no-such-font.ttf",))
    fonts._japanese_font.cache_clear()
    sheet = contact_sheet([pictures("ひび割れ")])
    fonts._japanese_font.cache_clear()
    assert (label_strip(sheet) < 120).any()


def test_japanese_labels_do_not_stop_the_sheet():
    assert contact_sheet([pictures("ひび割れ")]).shape == contact_sheet([pictures()]).shape


def test_enlarged_change_stands_beside_the_whole():
    spot = np.zeros((48, 64), bool)
    spot[20:24, 30:34] = True
    with_detail = contact_sheet([pictures(mask=spot)])
    assert with_detail.shape == contact_sheet([pictures()]).shape
    assert (with_detail != contact_sheet([pictures()])).any()


def test_no_columns_are_refused_by_value():
    with pytest.raises(ValueError, match="columns=0"):
        contact_sheet([], columns=0)
