"""The report as files: drawn once, shared by versions, complete for whoever opens it."""

import json
import posixpath
import re
from urllib.parse import unquote

import pytest
from reported import plates_in, report
from republished import add_photo

from kizu.agree.verdict import Verdict
from kizu.imaging.codecs import decode_png, encode_png
from kizu.publish.dataset import DatasetError, open_dataset
from kizu.publish.deletion import delete_version
from kizu.report import write
from kizu.report.single import single_page
from kizu.store import Store

JSON = r'<script type="application/json" id="{}">(.*?)</script>'


@pytest.fixture
def drawn(monkeypatch):
    """The samples that were drawn, by name."""
    names, draw = [], write.draw_card

    def note(card):
        names.append(card.sample_id)
        return draw(card)

    monkeypatch.setattr(write, "draw_card", note)
    return names


@pytest.fixture(scope="module")
def kept(first, tmp_path_factory):
    """A store with a version and its report, and the version's folder; only to be read."""
    folder = tmp_path_factory.mktemp("kept")
    store = Store(str(folder / "store"))
    return store, report(store, plates_in(folder, store, first))


def index_of(store, folder, name="index"):
    html = store.read(folder.report("index.html")).decode()
    return json.loads(re.search(JSON.format(name), html, re.DOTALL)[1])


def test_everything_that_the_page_names_is_there(kept):
    store, folder = kept
    index = index_of(store, folder)
    assert len(index["ids"]) == 4
    here = posixpath.dirname(folder.report("index.html"))
    for at, (name, key) in enumerate(zip(index["ids"], index["keys"], strict=True)):
        normal = index["values"]["normal"][index["columns"]["normal"][at]]
        addresses = [index["images"][at], index["masks"][at], normal]
        addresses += [f"../cards/{key[:2]}/{key}.{suffix}" for suffix in ("webp", "js")]
        for address in addresses:
            path = posixpath.normpath(posixpath.join(here, unquote(address.replace("*", name))))
            assert store.exists(path), path
    rows = open_dataset(store, "plates").samples.set_index("sample_id")
    for name, image in zip(index["ids"], index["images"], strict=True):
        assert image.replace("*", name).endswith(rows.loc[name, "image_path"])


def test_the_japanese_page_of_older_links_leads_to_the_one_page(kept):
    store, folder = kept
    assert b"index.html#lang=ja" in store.read(folder.report("index.ja.html"))


def test_nothing_is_drawn_twice(store, plates, drawn):
    report(store, plates)
    assert len(drawn) == 4
    report(store, plates)
    assert len(drawn) == 4


def test_one_photograph_more_draws_its_own_samples_alone(store, plates, drawn, tmp_path):
    before = report(store, plates)
    add_photo(tmp_path)
    after = report(store, plates)
    assert (after.version != before.version, len(drawn)) == (True, 6)
    assert len(index_of(store, after)["ids"]) == 6


@pytest.mark.parametrize("lost", ["cards.json", "all"])
def test_what_is_lost_is_found_or_drawn_again(store, plates, drawn, lost):
    report(store, plates)
    for path in list(store.list("reports/plates")):
        if lost == "all" or path == "reports/plates/cards.json":
            store.remove(path)
    folder = report(store, plates)
    assert len(drawn) == (8 if lost == "all" else 4)
    assert store.exists(folder.report("contact_sheet.png"))


def test_a_damaged_card_is_drawn_anew(store, plates, drawn):
    report(store, plates)
    store.remove("reports/plates/cards.json")
    path = next(path for path in store.list("reports/plates/cards") if path.endswith(".js"))
    store.write(path, b"kizuCard({})")
    report(store, plates)
    assert len(drawn) == 5


def test_a_deletion_removes_the_pictures_that_no_report_shows(store, plates, tmp_path):
    before = report(store, plates)
    add_photo(tmp_path)
    after = report(store, plates)
    count = len(list(store.list("reports/plates/cards")))
    assert count == 2 * 6
    delete_version(store, before)
    assert len(list(store.list("reports/plates/cards"))) == count
    delete_version(store, after, even_latest=True)
    assert not list(store.list("reports/plates"))


def test_one_file_holds_all_pictures(kept):
    store, folder = kept
    html = single_page(store, folder)
    held = json.loads(re.search(JSON.format("embedded"), html, re.DOTALL)[1])
    assert sorted(held) == sorted(index_of(store, folder)["ids"])
    for each in held.values():
        assert all(each[name] for name in ("film", "normal", "published"))
        assert each["card"]["evidence"]["label"]
    assert "keep or send it as one file" in html


def test_one_file_of_too_many_samples_is_refused_with_another_way(kept, monkeypatch):
    store, folder = kept
    monkeypatch.setattr("kizu.report.single.MOST_SAMPLES", 3)
    with pytest.raises(
        DatasetError, match=r"4 samples, one file holds at most 3; send the folders"
    ):
        single_page(store, folder)


def test_the_report_of_an_older_kizu_is_no_single_file(store, plates):
    folder = report(store, plates)
    store.write(folder.report("index.html"), b"<html>")
    with pytest.raises(DatasetError, match="'kizu build' makes it anew"):
        single_page(store, folder)


def test_all_verdicts_are_in_the_index(kept):
    store, folder = kept
    index = index_of(store, folder)
    told = {index["values"]["verdict"][one] for one in index["columns"]["verdict"]}
    assert told <= set(Verdict)


def test_a_contact_sheet_takes_over_what_the_last_one_shows(store, plates, tmp_path, monkeypatch):
    report(store, plates)
    add_photo(tmp_path)
    read, read_card = [], write.CardFolder.read
    monkeypatch.setattr(
        write.CardFolder, "read", lambda self, key: read.append(key) or read_card(self, key)
    )
    after = report(store, plates)
    sheet = store.read(after.report("contact_sheet.png"))
    assert len(read) == 2, "the cards of the new photo"
    for path in ("reports/plates/cards.json", after.report("contact_sheet.png")):
        store.remove(path)
    report(store, plates)
    assert len(read) == 2 + 6, "without the last sheet, all cards"
    assert store.read(after.report("contact_sheet.png")) == sheet


def test_a_contact_sheet_of_another_file_is_not_taken_over(store, plates, tmp_path):
    before = report(store, plates)
    place = before.report("contact_sheet.png")
    store.write(place, encode_png(decode_png(store.read(place)) // 2))
    add_photo(tmp_path)
    sheet = store.read(report(store, plates).report("contact_sheet.png"))
    assert decode_png(sheet)[:8].mean() > 200
