"""Datasets are found in their store."""

from pathlib import Path

import pytest

from kizu.publish.version import point_to_latest


@pytest.fixture
def where(store, dataset):
    """The URL of a store with one dataset."""
    assert dataset.name == "plates"
    return store.url


def test_a_store_lists_its_datasets_with_what_their_latest_versions_hold(
    run, store, where, dataset
):
    point_to_latest(store, dataset.folder)
    code, said, _ = run("list", "--store", where)
    assert code == 0
    [row] = [line for line in said.splitlines() if "plates" in line]
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells == ["plates", "0123", "1", "3", "1", "0", "1"]


def test_a_dataset_without_a_latest_version_is_listed_with_the_reason(run, where):
    code, said, errors = run("list", "--store", where)
    assert code == 0
    assert "plates" in said
    assert "no version of 'plates'" in errors
    assert "name one of: 0123" in errors


def test_an_empty_store_says_what_makes_a_dataset(run):
    code, said, _ = run("list")
    assert code == 0
    assert "'kizu build' makes one" in said


def test_the_folder_of_a_version_is_printed_alone(run, store, where, dataset):
    point_to_latest(store, dataset.folder)
    code, said, _ = run("open", "plates", "--store", where)
    assert code == 0
    assert (Path(said.removesuffix("\n")) / "manifest.json").is_file()
    assert run("open", "plates", "--version", "0123", "--store", where) == (0, said, "")


def test_a_version_that_is_not_there_is_a_sentence(run, where):
    code, said, errors = run("open", "plates", "--version", "4567", "--store", where)
    assert (code, said) == (2, "")
    assert "there is no version '4567' of 'plates'" in errors
