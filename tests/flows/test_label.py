from pathlib import Path

import numpy as np
import pytest
from kept import copy_folder
from matching_pictures import part, with_scratch

import kizu
from kizu.imaging.codecs import decode_image, decode_png, encode_png
from kizu.labelling import label_spec
from kizu.store import Store

WORKED_ON = ("matches", "edits", "stages")
"""Folders of the store that hold what was worked out of single pictures."""


def scratched(seed, turns=0):
    return np.ascontiguousarray(np.rot90(with_scratch(part(seed)), turns))


def put(folder: Path, name: str, picture):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(encode_png(picture))


def put_pictures(tmp_path):
    """Four pictures of three parts: as it is, resized, turned, and one of another part."""
    for seed in (1, 2, 3):
        put(tmp_path / "normals", f"n{seed}.png", part(seed))
    folder = tmp_path / "edited" / "crack"
    put(folder, "same.png", scratched(1))
    put(folder, "turned.png", scratched(2, turns=1))
    resized = np.repeat(np.repeat(scratched(3), 2, axis=0), 2, axis=1)
    put(folder, "resized.png", resized)
    put(folder, "foreign.png", scratched(9))
    return tmp_path / "edited"


@pytest.fixture(scope="module")
def once(run_flow, tmp_path_factory):
    """A folder with the pictures and the store in which they are compared, and what came of it."""
    folder = tmp_path_factory.mktemp("once")
    return folder, *run_flow(compared(put_pictures(folder)), str(folder / "store"))


def compared(edited):
    normals = str(edited.parent / "normals")
    return label_spec(normals, str(edited), annotators="none", name="parts")


def written(store: Store) -> dict[str, int]:
    """When each file that holds single pictures' work was last written, in nanoseconds."""
    return {
        path: Path(store.address(path)).stat().st_mtime_ns
        for folder in WORKED_ON
        for path in store.list(folder)
    }


def labelled(store, name="parts"):
    dataset = kizu.open_dataset(store, name)
    return dataset.samples[dataset.samples.label_index == 1].merge(
        dataset.provenance[["sample_id", "edited_name"]], on="sample_id"
    )


def test_pictures_are_published_as_they_came_with_a_label_of_their_size(once):
    folder, state, summary = once
    edited, store = folder / "edited", Store(str(folder / "store"))
    assert state.is_completed()
    assert [skipped.name for skipped in summary.skipped] == ["crack/foreign.png"]
    samples = labelled(store)
    names = {"crack/same.png", "crack/turned.png", "crack/resized.png"}
    assert set(samples.edited_name) == names
    assert set(samples.verdict) == {"review"}
    root = "datasets/parts"
    for row in samples.itertuples():
        picture = store.read(f"{root}/{row.edited_path}")
        assert picture == (edited / row.edited_name).read_bytes()
        mask = decode_png(store.read(f"{root}/{row.edited_mask_path}"))
        assert mask.shape[:2] == decode_image(picture).shape[:2]
        assert mask.any()


def test_only_a_new_picture_is_worked_on(build, once, tmp_path, store):
    folder, _, first = once
    copy_folder(folder, tmp_path)
    edited = tmp_path / "edited"
    before = written(store)
    assert {path.split("/")[0] for path in before} == set(WORKED_ON)
    _, second = build(compared(edited))
    assert (second.version, second.is_new) == (first.version, False)
    assert written(store) == before
    put(edited / "crack", "new.png", scratched(2))
    _, third = build(compared(edited))
    after = written(store)
    assert third.is_new
    assert third.samples == first.samples + 1
    assert {path: after[path] for path in before} == before
    assert {path.split("/")[0] for path in set(after) - set(before)} == set(WORKED_ON)


def test_pictures_without_normals_all_go_to_review(build, tmp_path, store):
    edited = put_pictures(tmp_path)
    annotator = "demo-grounding-dino+demo-sam"
    build(label_spec(None, str(edited), annotators=annotator, name="alone"))
    samples = kizu.open_dataset(store, "alone").samples
    assert len(samples) == 4
    assert set(samples.verdict) == {"review"}
    assert set(samples.defect_type) == {"crack"}
    provenance = kizu.open_dataset(store, "alone").provenance
    assert set(provenance.reason) == {"no_normal"}
