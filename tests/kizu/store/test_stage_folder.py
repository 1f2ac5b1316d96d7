"""An output counts once its record is there; what is damaged of it is named or made anew."""

import json

import pytest
from damage import CONTENT, damage

from kizu.store import DamagedFileError, StageFolder, keyed


def test_a_stage_output_counts_only_with_its_record(store):
    folder = StageFolder(store, "diff", "abcd")
    folder.write("mask.png", b"...")
    assert not folder.done()
    folder.finish({"status": "changed"})
    assert folder.done()
    assert folder.record() == {"status": "changed"}
    assert store.exists(keyed("stages/diff", "abcd") + "/record.json")


@pytest.fixture
def output(store):
    """Write a stage output of one file; return a function that opens it, to be made anew or not."""

    def make(folder):
        folder.write("mask.png", b"the mask")
        folder.finish({"status": "changed"})

    def opened(*, anew=False):
        folder = StageFolder(store, "diff", "abcd", (lambda: make(folder)) if anew else None)
        return folder

    make(opened())
    return opened


@pytest.mark.parametrize("way", CONTENT)
def test_an_output_with_a_damaged_record_is_not_made(store, output, way):
    damage(store, "stages/diff/ab/abcd/record.json", way)
    assert not output().done()


def test_the_digests_of_an_output_are_no_part_of_its_record(store, output):
    assert output().record() == {"status": "changed"}
    assert set(json.loads(store.read("stages/diff/ab/abcd/record.json"))["files"]) == {"mask.png"}


@pytest.mark.parametrize("way", [*CONTENT, "missing"])
def test_a_damaged_file_of_an_output_is_named_and_the_output_no_longer_made(store, output, way):
    damage(store, "stages/diff/ab/abcd/mask.png", way)
    with pytest.raises(DamagedFileError, match=r"abcd/mask\.png is damaged: "):
        output().read("mask.png")
    assert not output().done()


@pytest.mark.parametrize("way", [*CONTENT, "missing"])
@pytest.mark.parametrize("name", ["mask.png", "record.json"])
def test_a_damaged_output_is_made_anew_where_it_is_known_how(store, output, name, way):
    written = {path: store.read(path) for path in store.list("stages")}
    damage(store, f"stages/diff/ab/abcd/{name}", way)
    if (name, way) == ("record.json", "missing"):
        with pytest.raises(FileNotFoundError):
            output(anew=True).read("mask.png")
        return
    assert output(anew=True).read("mask.png") == b"the mask"
    assert {path: store.read(path) for path in store.list("stages")} == written


def test_a_file_of_an_output_of_an_older_kizu_is_known_by_what_reads_it(store):
    store.write("stages/diff/ab/abcd/mask.png", b"no mask")
    store.write("stages/diff/ab/abcd/record.json", b'{"status":"changed"}')
    folder = StageFolder(store, "diff", "abcd")
    assert folder.read("mask.png") == b"no mask"
    with pytest.raises(DamagedFileError, match=r"mask\.png is damaged: no number"):
        folder.read_as("mask.png", _number)


def _number(_):
    raise ValueError("no number")


def test_the_files_of_an_output_are_those_its_record_names(store):
    folder = StageFolder(store, "diff", "abcd")
    folder.write("mask.png", b"the mask")
    folder.finish({})
    again = StageFolder(store, "diff", "abcd")
    assert again.has("mask.png")
    assert not again.has("patch.png")
    with pytest.raises(FileNotFoundError):
        StageFolder(store, "diff", "efgh").has("mask.png")
