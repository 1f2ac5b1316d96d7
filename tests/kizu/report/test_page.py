import re
from html.parser import HTMLParser

import numpy as np
import pytest

from kizu.learning.yields import YieldRow
from kizu.report import Card, CardPictures, Found, Page, draw_card, render_page
from kizu.report.translations import REASONS, WORDS

GREY = np.full((48, 64, 3), 128, np.uint8)
SPOT = np.zeros((48, 64), bool)
SPOT[20:24, 30:34] = True


def pictures(sample_id="s1", **changes) -> CardPictures:
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
    return draw_card(Card(sample_id=sample_id, edited=GREY, **{**values, **changes}))


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


def test_page_asks_the_network_for_nothing():
    outline = Outline(render_page(page(pictures())))
    sources = [v for _, a in outline.tags for k, v in a.items() if k in ("src", "href")]
    assert sources
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert not outline.of("link")


def test_page_names_no_address_at_all():
    html = render_page(page(pictures(), yield_rows=[yields("a", 1, 1, 0, 0, 1, 0, 0)]))
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", html)


def test_browser_is_told_to_load_nothing_and_run_only_our_script():
    policy = Outline(render_page(page(pictures()))).of("meta")[3]["content"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_hostile_text_stays_text():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    card = pictures(
        evil,
        defect_type=evil,
        prompt=evil,
        reason=evil,
        explanation=evil,
        metrics={evil: evil},
        found=(Found(evil, np.zeros((0, 4), np.float32), labels=(evil,), metrics={evil: evil}),)
        * 2,
    )
    html = render_page(
        page(
            card,
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
    assert len(outline.of("script")) == 2
    assert not [a for _, a in outline.tags if "onerror" in a]
    assert outline.of("article")[0]["data-id"] == evil


def test_filters_count_verdicts_defects_and_reasons():
    cards = [
        pictures("a"),
        pictures("b", verdict="review", reason="not_grounded"),
        pictures("c", verdict="review", reason="not_grounded", defect_type="stain"),
    ]
    html = render_page(page(*cards))
    counts = re.findall(r'name="(\w+)" value="([^"]+)"><span[^>]*>[^<]+</span><b>(\d+)</b>', html)
    assert counts == [
        ("verdict", "accept", "1"),
        ("verdict", "review", "2"),
        ("verdict", "reject", "0"),
        ("defect", "scratch", "2"),
        ("defect", "stain", "1"),
        ("reason", "not_grounded", "2"),
        ("reason", "agree", "1"),
    ]


def test_samples_can_be_sorted_by_numeric_metrics_only():
    values = [option["value"] for option in Outline(render_page(page(pictures()))).of("option")]
    assert values == ["", "mask_iou"]


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


def test_page_says_when_it_shows_only_a_part():
    assert "1 of 240 samples" in render_page(page(pictures(), total_samples=240))


def test_empty_build_has_a_page_that_says_so():
    html = render_page(page())
    assert "no samples to show yet" in html
    assert not Outline(html).of("script")


def test_skipped_files_and_notes_are_named():
    texts = Outline(
        render_page(page(skipped=[("傷.png", "it is empty")], notes=["Not grounded."]))
    ).texts
    assert {"傷.png", "it is empty", "Not grounded."} <= set(texts)


def test_japanese_page_speaks_japanese_and_keeps_japanese_content():
    card = pictures("表面-1", defect_type="ひび割れ", prompt="細いひび割れ")
    html = render_page(page(card, title="部品"), "ja")
    assert '<html lang="ja">' in html
    texts = Outline(html).texts
    assert {"ひび割れ", "細いひび割れ", "採用", "絞り込み", "異常度マップ"} - set(texts) <= {
        "絞り込み"
    }
    assert 'aria-label="絞り込み"' in html


@pytest.mark.parametrize("table", [WORDS, REASONS])
def test_both_languages_have_the_same_words(table):
    assert set(table["en"]) == set(table["ja"])


def test_placeholders_are_the_same_in_both_languages():
    for name, english in WORDS["en"].items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", WORDS["ja"][name]))


def test_equal_pages_give_equal_text():
    assert render_page(page(pictures())) == render_page(page(pictures()))


def test_card_without_map_leaves_its_place_empty():
    html = render_page(page(pictures(anomaly_map=None)))
    assert 'class="none"' in html


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_each_of_several_annotators_found_is_told_apart(language):
    boxes = np.array([[20, 10, 40, 30]], np.float32)
    names = ("clipseg", "sam3")
    each = [Found(n, boxes, labels=(f"{n} hole",), metrics={"mask_iou": 0.25}) for n in names]
    html = render_page(page(pictures(found=tuple(each))), language=language)
    for name in names:
        assert WORDS[language]["found_by_legend"].format(name=name) in html
        assert f"{name} hole" in html
    assert html.count("0.25</dd>") == 2
    alone = render_page(page(pictures(found=(each[0],))), language=language)
    assert WORDS[language]["grounded_legend"] in alone
    assert "clipseg (" not in alone


def test_a_sample_without_a_normal_image_has_an_empty_place_for_it():
    html = render_page(page(pictures(normal=None, reason="no_normal")))
    assert 'class="normal"' not in html
    assert "no normal image" in html
