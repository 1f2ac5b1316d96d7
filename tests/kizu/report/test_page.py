import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from kizu.learning.yields import YieldRow
from kizu.report import Card, Found, Page, ShownCard, draw_card, render_page
from kizu.report.translations import REASONS, WORDS

GREY = np.full((48, 64, 3), 128, np.uint8)
SPOT = np.zeros((48, 64), bool)
SPOT[20:24, 30:34] = True


def card(sample_id="s1", **changes) -> ShownCard:
    values = {
        "normal": GREY,
        "defect_type": "scratch",
        "prompt": "a scratch",
        "verdict": "accept",
        "reason": "agree",
        "explanation": "Both agree.",
        "metrics": {"mask_iou": 0.5, "registration": "similarity"},
        "mask": SPOT,
        "anomaly_map": SPOT.astype(np.float32) * 20,
    }
    drawn = draw_card(Card(sample_id=sample_id, edited=GREY, **{**values, **changes}))
    return ShownCard(drawn.words, pictures=drawn)


def beside(shown: ShownCard) -> ShownCard:
    """The same with its pictures in files beside the page."""
    path = f"../../../datasets/tiles/files/images/scratch/{shown.words.sample_id}-0123.png"
    return replace(shown, key="ab12", image=path, pictures=None)


def data(html, name):
    """What the page holds as JSON."""
    pattern = rf'<script type="application/json" id="{name}">(.*?)</script>'
    text = re.search(pattern, html, re.DOTALL)
    return json.loads(text[1])


def page(*cards, **changes) -> Page:
    return Page(**{"title": "tiles", "version": "v1", "cards": cards, **changes})


def yields(defect_type, *counts, cost_usd=None) -> YieldRow:
    names = ("planned", "edited", "refused", "failed", "accepted", "review", "rejected")
    return YieldRow(
        defect_type=defect_type, cost_usd=cost_usd, **dict(zip(names, counts, strict=True))
    )


class Outline(HTMLParser):
    """Collects every tag with its attributes and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data.strip())

    def of(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def test_a_whole_page_asks_for_nothing():
    html = render_page(page(card()))
    outline = Outline(html)
    assert not [v for _, a in outline.tags for k, v in a.items() if k in ("src", "href")]
    assert not outline.of("link")
    assert data(html, "embedded")["s1"]["film"]


def test_a_page_beside_its_files_holds_no_pictures():
    html = render_page(page(beside(card())))
    assert data(html, "embedded") is None
    index = data(html, "index")
    assert (index["keys"], index["ids"]) == (["ab12"], ["s1"])
    assert index["images"] == ["../../../datasets/tiles/files/images/scratch/*-0123.png"]


def test_page_names_no_address_of_the_network():
    html = render_page(page(card(), yield_rows=[yields("a", 1, 1, 0, 0, 1, 0, 0)]))
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", html)


def test_browser_is_told_to_run_only_our_script_and_files_beside_the_page():
    policy = Outline(render_page(page(card()))).of("meta")[3]["content"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy.partition("script-src")[2]


def test_hostile_text_stays_text():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    shown = card(
        evil,
        defect_type=evil,
        prompt=evil,
        reason=evil,
        explanation=evil,
        photo=evil,
        metrics={evil: 1.0},
        found=(Found(evil, np.zeros((0, 4), np.float32), labels=(evil,), metrics={evil: evil}),)
        * 2,
    )
    html = render_page(
        page(
            shown,
            title=evil,
            version=evil,
            facts=[(evil, evil)],
            yield_rows=[yields(evil, 1, 1, 0, 0, 1, 0, 0)],
            skipped=[(evil, evil)],
            notes=[evil],
            next_steps=[evil],
        )
    )
    outline = Outline(html)
    assert "<script>alert" not in html
    assert len(outline.of("script")) == 4
    assert not [a for _, a in outline.tags if "onerror" in a]
    assert data(html, "index")["ids"] == [evil]


def test_every_sample_is_in_the_index_whatever_their_number():
    cards = [beside(card(f"s{number:03}")) for number in range(400)]
    assert sorted(data(render_page(page(*cards)), "index")["ids"]) == [
        f"s{n:03}" for n in range(400)
    ]


def test_the_index_begins_with_a_fair_mix_and_knows_the_order_of_the_build():
    rejects = [card(f"r{n}", verdict="reject", metrics={"score": n / 10}) for n in range(4)]
    others = [card("a"), card("b", verdict="review")]
    index = data(render_page(page(*rejects, *others)), "index")
    assert index["ids"] == ["a", "b", "r3", "r2", "r1", "r0"]
    assert index["built"] == [4, 5, 3, 2, 1, 0]


def test_only_metrics_that_are_numbers_are_in_the_index():
    assert list(data(render_page(page(card())), "index")["metrics"]) == ["mask_iou"]


def test_yield_table_adds_up():
    rows = [
        yields("scratch", 10, 8, 1, 1, 5, 2, 1, cost_usd=0.4),
        yields("stain", 10, 10, 0, 0, 9, 1, 0, cost_usd=0.5),
    ]
    html = render_page(page(yield_rows=rows))
    foot = html[html.index("<tfoot>") : html.index("</tfoot>")]
    cells = re.findall(r"<td>([^<]*)</td>", foot)
    assert cells == ["20", "18", "1", "1", "14", "3", "1", "0.90"]


def test_total_cost_is_unknown_where_one_cost_is():
    rows = [
        yields("a", 1, 1, 0, 0, 1, 0, 0, cost_usd=0.4),
        yields("b", 1, 1, 0, 0, 1, 0, 0, cost_usd=None),
    ]
    html = render_page(page(yield_rows=rows))
    foot = html[html.index("<tfoot>") : html.index("</tfoot>")]
    assert "<td>-</td>" in foot


def test_cost_column_is_left_out_where_no_cost_is_known():
    assert "Cost (USD)" not in render_page(page(yield_rows=[yields("a", 1, 1, 0, 0, 1, 0, 0)]))


def test_empty_build_has_a_page_that_says_so():
    html = render_page(page())
    assert "no samples to show yet" in html
    assert not Outline(html).of("script")


def test_skipped_files_and_notes_are_named():
    texts = Outline(
        render_page(page(skipped=[("傷.png", "it is empty")], notes=["Not grounded."]))
    ).texts
    assert {"傷.png", "it is empty", "Not grounded."} <= set(texts)


def test_one_page_speaks_both_languages_and_keeps_japanese_content():
    shown = card("表面-1", defect_type="ひび割れ", prompt="細いひび割れ")
    html = render_page(page(shown, title="部品", yield_rows=[yields("a", 1, 1, 0, 0, 1, 0, 0)]))
    texts = Outline(html).texts
    assert {"Yield per defect", "欠陥ごとの歩留まり", "Accept", "採用"} <= set(texts)
    index = data(html, "index")
    assert index["values"]["prompt"] == ["細いひび割れ"]
    assert index["reasons"]["agree"] == ["both agree", "差分とテキスト検出が一致"]
    assert data(html, "words") == {language: dict(words) for language, words in WORDS.items()}


def test_what_a_build_says_is_told_in_both_languages():
    steps = ["3 files were left out; see the list of skipped files.", "An odd one."]
    skipped = [("傷.png", "the file is empty")]
    texts = Outline(render_page(page(next_steps=steps, skipped=skipped))).texts
    said = "3 個のファイルを除外しました。除外したファイルの一覧を見てください。"
    assert {*steps, said, "the file is empty", "ファイルが空です"} <= set(texts)
    assert texts.count("An odd one.") == 1


@pytest.mark.parametrize("table", [WORDS, REASONS])
def test_both_languages_have_the_same_words(table):
    assert set(table["en"]) == set(table["ja"])


def test_placeholders_are_the_same_in_both_languages():
    for name, english in WORDS["en"].items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", WORDS["ja"][name]))


def test_equal_pages_give_equal_text():
    assert render_page(page(card())) == render_page(page(card()))


def test_what_each_of_several_annotators_found_is_told_apart():
    boxes = np.array([[20, 10, 40, 30]], np.float32)
    names = ("clipseg", "sam3")
    each = [Found(n, boxes, labels=(f"{n} hole",), metrics={"mask_iou": 0.25}) for n in names]
    html = render_page(page(card(found=tuple(each))))
    for name in names:
        for words in WORDS.values():
            assert words["found_by_legend"].format(name=name) in html
    told = data(html, "embedded")["s1"]["card"]["words"]["found"]
    assert [found["labels"] for found in told] == [["clipseg hole"], ["sam3 hole"]]
    alone = render_page(page(card(found=(each[0],))))
    assert WORDS["en"]["grounded_legend"] in alone
    assert "clipseg (" not in alone
