"""The commands that look for damage say what they found and what to do."""

import pytest
from damage import damage
from ledger_entries import finished, started

from kizu.billing.ledger import Ledger


@pytest.fixture
def plates(run, store, dataset):
    """Run a command on the store of a published version."""
    assert dataset.name == "plates"
    return lambda *words: run(*words, "--store", store.url)


def test_a_whole_version_is_said_to_be_whole(plates):
    code, said, _ = plates("verify", "plates", "--version", "0123")
    assert (code, said) == (
        0,
        "plates 0123: all is as it was published; 5 of 5 images and the tables were looked at.\n",
    )


def test_a_damaged_file_is_named_and_the_command_fails(plates, store):
    damage(store, "datasets/plates/files/masks/ring.png", "one flipped byte")
    code, said, _ = plates("verify", "plates", "--version", "0123")
    assert code == 1
    assert "masks/ring.png is not the file that was published" in said
    assert "1 files are damaged" in said


def test_some_images_are_looked_at_instead_of_all(plates):
    _, said, _ = plates("verify", "plates", "--version", "0123", "--sample", "2")
    assert "2 of 5 images" in said


def test_what_cannot_be_restored_is_said_and_left(plates, store):
    damage(store, "datasets/plates/0123/samples.parquet", "cut to half")
    code, said, _ = plates("verify", "plates", "--version", "0123", "--restore")
    assert code == 1
    assert "0 files are restored" in said
    assert "1 cannot be" in said
    assert store.exists("datasets/plates/0123/samples.parquet")


def test_what_a_restore_replaces_is_kept(plates, store):
    path = "datasets/plates/files/masks/ring.png"
    store.write(path, b"painted by hand")
    plates("verify", "plates", "--version", "0123", "--restore")
    assert store.read(f"inspect/{path}") == b"painted by hand"


def test_a_dataset_that_is_not_there_is_one_sentence(run):
    code, _, said = run("verify", "mugs")
    assert code == 2
    assert "there is no dataset 'mugs'" in said


def test_repair_lists_what_is_damaged_and_what_became_of_it(run, store):
    ledger = Ledger(store)
    ledger.append(1, started())
    ledger.end(1, finished())
    path = store.put_json("builds/files", {"files": []})
    damage(store, path, "empty")
    damage(store, "ledger/ends/00000001.json", "random bytes")
    code, said, _ = run("repair", "--store", store.url)
    assert code == 1
    assert f"{path} is damaged: it is no JSON: removed, the next build makes it anew" in said
    assert "ends/00000001.json is damaged: it is no JSON: left as it is" in said
    assert "2 files are damaged; 1 of them are left as they are." in said
    code, said, _ = run("repair", "--buy", "--store", store.url)
    assert (code, "1 files are damaged; 0 of them" in said) == (0, True)
    assert run("repair", "--store", store.url)[:2] == (
        0,
        "Nothing is damaged.\n",
    )


def test_repair_of_a_dataset_that_was_never_built_is_one_sentence(run, store):
    code, _, said = run("repair", "mugs", "--store", store.url)
    assert code == 2
    assert "no build of 'mugs'" in said
