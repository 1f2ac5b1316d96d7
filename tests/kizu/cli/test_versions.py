"""The commands that list and delete versions."""

import json
import re
from pathlib import Path

import pytest
from damage import damage
from kept import copy_folder
from republished import add_photo
from reviewed import built

from kizu.publish.layout import complete_versions, latest_version, pool_path
from kizu.store import Store


@pytest.fixture
def known(second, tmp_path):
    """A store with two versions."""
    copy_folder(second, tmp_path)
    return Store(str(tmp_path / "store"))


@pytest.fixture
def before(known):
    """The name of the version before the latest one."""
    latest = latest_version(known, "plates").version
    [name] = set(complete_versions(known, "plates")) - {latest}
    return name


@pytest.fixture
def plates(run, known, monkeypatch):
    """Run a command on the known, in a wide terminal."""
    monkeypatch.setattr("kizu.cli.versions.out.width", 200)
    return lambda *words: run(*words, "--store", known.url)


def test_versions_are_listed_with_what_they_hold(plates, known, before):
    code, said, _ = plates("versions", "plates")
    assert code == 0
    latest = latest_version(known, "plates").version
    rows = [line for line in said.splitlines() if re.search(r"[0-9a-f]{12}", line)]
    cells = [[cell.strip() for cell in row.strip("│ ").split("│")] for row in rows]
    assert [row[0] for row in cells] == [before, f"{latest} *"]
    counts = [[int(count) for count in row[2].split(" / ")] for row in cells]
    assert [count[0] for count in counts] == [2, 3]
    assert [sum(count[1:]) for count in counts] == [4, 6]
    assert not any("certificate" in row[3] for row in cells)


def test_a_row_of_versions_fits_into_a_terminal_of_80_columns(plates, known, before, monkeypatch):
    monkeypatch.setattr("kizu.cli.versions.out.width", 80)
    _, said, _ = plates("versions", "plates")
    assert before in said
    assert latest_version(known, "plates").version in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_dataset_that_is_not_there_is_one_sentence(plates):
    code, _, said = plates("versions", "mugs")
    assert code == 2
    assert "there is no dataset 'mugs'" in said


def test_a_version_is_deleted_and_the_command_says_what_it_freed(plates, known, before):
    code, said, _ = plates("delete", "plates", before, "--yes")
    assert code == 0
    assert re.search(rf"Deleted version {before} of plates: \d+ files removed, .* freed", said)
    assert complete_versions(known, "plates") == [latest_version(known, "plates").version]


def test_the_latest_version_is_deleted_only_if_told_so(plates, known, before):
    latest = latest_version(known, "plates").version
    code, _, said = plates("delete", "plates", latest, "--yes")
    assert code == 2
    assert "say --latest" in said
    assert plates("delete", "plates", latest, "--yes", "--latest")[0] == 0
    assert complete_versions(known, "plates") == [before]


def test_nothing_is_deleted_where_nobody_can_be_asked(plates, known, before):
    code, _, said = plates("delete", "plates", before)
    assert code == 2
    assert "say --yes" in said
    assert before in complete_versions(known, "plates")


def test_nothing_is_deleted_while_a_build_publishes(plates, known, known_spec, before, tmp_path):
    add_photo(tmp_path, 10)
    built(known, known_spec)
    code, _, said = plates("delete", "plates", before, "--yes")
    assert code == 2
    assert "wait for it, or, if it was killed, build again or say --even-building" in said


def test_what_differs_is_counted_and_shown_on_a_page(plates, known, before):
    code, said, _ = plates("diff", "plates", before, "--no-open")
    assert code == 0
    assert re.search(r"│ added +│ 3 ", said)
    page = said.strip().splitlines()[-1]
    assert page.endswith(f"changes_from_{before}.html")
    assert "data:image/webp" in Path(page).read_text(encoding="utf-8")
    assert f"/{latest_version(known, 'plates').version}/" in page


def test_what_differs_is_printed_for_programs(plates, known, before):
    code, said, _ = plates("diff", "plates", before, "latest", "--json")
    assert code == 0
    told = json.loads(said)
    assert told["after"] == latest_version(known, "plates").version
    assert told["counts"]["added"] == len(told["changes"]) == 3


def test_a_version_to_compare_that_is_not_there_is_one_sentence(plates):
    code, _, said = plates("diff", "plates", "nothing")
    assert code == 2
    assert "there is no version 'nothing' of 'plates'" in said


@pytest.mark.usefixtures("before")
def test_of_all_versions_a_file_that_they_share_is_read_once(plates, known, monkeypatch):
    read, read_all = [], Store.read
    monkeypatch.setattr(Store, "read", lambda self, path: read.append(path) or read_all(self, path))
    code, said, _ = plates("verify", "plates", "--all")
    assert code == 0
    assert said.count("all is as it was published") == 2
    pictures = [path for path in read if path.startswith(pool_path("plates"))]
    assert sorted(pictures) == sorted(known.list(pool_path("plates")))


@pytest.mark.usefixtures("before")
def test_of_all_versions_a_damaged_file_is_brought_back_once(plates, known):
    mask = next(path for path in known.list(pool_path("plates")) if "/masks/" in path)
    damage(known, mask, "one flipped byte")
    code, said, _ = plates("verify", "plates", "--all")
    assert code == 1
    assert said.count("is not the file that was published") == 1
    assert plates("verify", "plates", "--all", "--restore")[0] == 0
    assert plates("verify", "plates", "--all")[0] == 0
