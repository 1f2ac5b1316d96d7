"""What is damaged of a sample's outputs is made anew when it is read; all else stays."""

from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from damage import CONTENT, MISSING, damage
from kept import copy_store

from kizu.diff.storage import open_anomaly_map, open_composite, open_diff_mask
from kizu.edit.storage import EditDamagedError, sidecar_path, truth_path
from kizu.sources import normal_record_path
from kizu.stages import DIFF, EDIT, FUSE, STAGES, VERDICT
from kizu.store import DamagedFileError, keyed

FILES = [
    ("stages/diff", "anomaly_map.png"),
    ("stages/diff", "mask.png"),
    ("stages/diff", "patch.png"),
    ("stages/diff", "label.png"),
    ("stages/diff", "touched.png"),
    ("stages/fuse", "mask.png"),
]
ALL_WAYS = [*CONTENT, MISSING]
FEW_WAYS = ["one flipped byte", MISSING]  # how files are damaged is the store's tests' subject


def of_one_sample(store, folder, name):
    return next(path for path in store.list(folder) if path.endswith(f"/{name}"))


def everything(store):
    return {path: store.read(path) for path in store.list("") if not path.startswith("failures/")}


def read_all(sample):
    """Read what publishing a sample reads."""
    folder = DIFF.folder(sample)
    return (
        open_anomaly_map(folder),
        open_diff_mask(folder),
        open_composite(folder, sample.normal),
        FUSE.mask(sample),
        VERDICT.result(sample),
    )


@pytest.fixture(autouse=True)
def _edited(kept_plates, store):
    """Have the edits, as they were made once."""
    copy_store(kept_plates.store, store, ("edits", "normals", "truth"))


@pytest.fixture
def staged(kept_plates, store):
    """Have what the stages after them make, as it was made once."""
    copy_store(kept_plates.store, store, ("stages",))


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize(
    ("folder", "name", "way"), [(*f, w) for f, w in zip(FILES, cycle(ALL_WAYS), strict=False)]
)
def test_a_damaged_picture_is_made_anew_as_it_was(
    through, inputs, store, caplog, folder, name, way
):
    through(*STAGES)
    before, path = everything(store), of_one_sample(store, folder, name)
    damage(store, path, way)
    for sample in inputs():
        read_all(sample)
    assert everything(store) == before
    assert [path in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize("way", ALL_WAYS)
def test_a_damaged_record_counts_as_not_made(through, store, way):
    through(*STAGES)
    before, path = everything(store), of_one_sample(store, "stages/verdict", "record.json")
    damage(store, path, way)
    report = through(VERDICT)
    assert (report.made, report.kept, report.failures) == (1, 3, ())
    assert everything(store) == before


@pytest.mark.usefixtures("staged")
def test_a_record_of_an_older_kizu_that_says_something_else_is_made_anew(through, inputs, store):
    through(*STAGES)
    path = of_one_sample(store, "stages/diff", "record.json")
    store.write(path, b'{"status": "gone"}')
    for sample in inputs():
        assert DIFF.result(sample).status == "changed"


@pytest.mark.parametrize("way", FEW_WAYS)
@pytest.mark.parametrize("name", ["edit.json", "picture.png"])
def test_a_damaged_edit_that_cost_nothing_is_made_anew(through, inputs, store, name, way):
    through(EDIT)
    [sample, *_] = inputs()
    before, edited = everything(store), sample.edited
    damage(store, f"{keyed('edits', sample.sample.request.key)}/{name}", way)
    report = through(EDIT)
    assert not report.failures
    assert np.array_equal(inputs()[0].edited, edited)
    assert everything(store) == before


def test_a_replay_makes_no_damaged_edit_anew_and_names_it_without_a_traceback(
    through, inputs, store, spec, caplog
):
    through(EDIT)
    sidecar = sidecar_path(inputs()[0].sample.request.key)
    damage(store, sidecar, "cut to half")
    replayed = spec.model_validate(
        {**spec.model_dump(mode="json"), "editor": {"name": "replay", "of": {"name": "painter"}}}
    )
    [failure] = through(EDIT, spec=replayed).failures
    assert sidecar in failure.reason
    assert "kizu repair --buy" in failure.reason
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("way", FEW_WAYS)
@pytest.mark.parametrize("is_record", [True, False])
def test_a_damaged_normal_image_is_taken_in_anew(through, inputs, store, is_record, way):
    through(EDIT)
    [sample, *_] = inputs()
    before, normal = everything(store), sample.sample.normal
    damage(store, normal_record_path(normal.sha256) if is_record else normal.path, way)
    assert not through(DIFF).failures
    assert all(store.read(path) == data for path, data in before.items())


def test_a_damaged_normal_image_whose_photo_is_gone_is_named_and_costs_its_samples(
    through, inputs, store, spec
):
    through(EDIT)
    samples = inputs()
    [mine, *_] = samples
    damage(store, mine.sample.normal.path, "one flipped byte")
    Path(spec.images.path, mine.sample.normal.name).unlink()
    with pytest.raises(DamagedFileError, match=r"normals/.*a\.png is no longer what it was"):
        _ = mine.normal
    assert samples[-1].normal.any()


def test_the_painters_truth_is_no_part_of_an_edit(through, inputs, store):
    through(EDIT)
    store.remove(truth_path(inputs()[0].sample.request.key))
    assert through(EDIT).kept == 4


def test_damage_of_an_edit_names_the_way_out():
    assert "kizu repair --buy" in str(EditDamagedError("edits/a", "it is missing"))
