import json

import numpy as np
import pytest
from real_parts import pictures, publish, with_line, with_spot, write_folder

from kizu.edit.request import EditRequest
from kizu.edit.storage import save_refusal
from kizu.imaging.geometry import Geometry
from kizu.prove import feature_model
from kizu.prove.comparison import ProofSettings
from kizu.prove.dataset_pictures import NothingToProveError, dataset_pictures
from kizu.prove.plot import NoPlotError, save_plot
from kizu.prove.proof import prove
from kizu.prove.real_folder import RealParts, open_real_folder
from kizu.prove.report import markdown
from kizu.prove.training_sets import TrainingSet
from kizu.store.keys import sha256_hex

PARTS = 8


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    monkeypatch.setattr(feature_model, "_STEPS", 60)


@pytest.fixture
def real(tmp_path):
    return write_folder(tmp_path / "real", pictures({"spot": with_spot}, PARTS))


def parts_of(store, dataset, real, group=None):
    """The real parts that each sample shows something of."""
    parts = open_real_folder(real, group).parts
    found = dataset_pictures(store, dataset, parts)
    return {each.name: set(each.made_from) for each in found.pictures}


def test_a_photo_of_the_real_folder_is_known_by_its_pixels_and_all_made_from_it_with_it(
    store, real
):
    dataset = publish(store, pictures({"made": with_line}, 1))
    part = {"good/part000_0.png"}
    assert parts_of(store, dataset, real) == {"good-part000_0": part, "made-part000_0": part}


def test_a_real_defect_that_was_published_is_known_by_its_pixels(store, real):
    dataset = publish(store, [*pictures({"spot": with_spot}, 1, normals=False)])
    assert parts_of(store, dataset, real) == {"spot-part000_0": {"spot/part000_0.png"}}


def test_another_photo_of_a_real_part_is_known_by_its_name(store, real):
    part = pictures({"made": with_line}, 1, normals=False)
    dataset = publish(store, [*part, *pictures({}, 1, first=700)])
    assert parts_of(store, dataset, real, "part[0-9]+")["made-part000_0"] == {"part000"}
    assert parts_of(store, dataset, real)["made-part000_0"] == set()


def test_a_part_is_known_by_the_group_that_was_published(store, real):
    dataset = publish(store, pictures({"made": with_spot}, 1, first=500), group="part002")
    found = parts_of(store, dataset, real, "part[0-9]+")
    assert "part002" in found["made-part500_0"]


def test_a_real_defect_that_was_moved_is_known_by_its_file(store, real):
    source = real / "spot" / "part003_0.png"
    moved = ("elsewhere/crack.png", sha256_hex(source.read_bytes()))
    dataset = publish(store, pictures({"made": with_spot}, 1, first=500), moved=moved)
    assert parts_of(store, dataset, real)["made-part500_0"] == {"spot/part003_0.png"}
    assert parts_of(store, dataset, real)["good-part500_0"] == set()


def test_another_photo_of_a_real_defect_that_was_moved_is_known_by_its_name(store, real):
    moved = ("spot/part003_7.png", "ab" * 32)
    dataset = publish(store, pictures({"made": with_spot}, 1, first=500), moved=moved)
    found = parts_of(store, dataset, real, "part[0-9]+")
    assert found["made-part500_0"] == {"part003", "part500"}


def test_of_an_older_version_what_was_moved_is_known_by_what_its_edit_was_asked_to_use(store, real):
    source = real / "spot" / "part003_0.png"
    request = EditRequest(
        normal_sha256="photo of part500",
        ask={"source": source.name, "source_sha256": sha256_hex(source.read_bytes())},
        editor={"name": "transplant"},
        variant=0,
        seed=0,
    )
    save_refusal(store, request, "none", Geometry.whole((96, 96), (96, 96)))
    made = pictures({"made": with_spot}, 1, first=500)
    dataset = publish(store, made, edit_key=request.key)
    dataset.manifest["schema_version"] = 6
    found = parts_of(store, dataset, real, "part[0-9]+")
    assert found["made-part500_0"] == {"part003", "part500"}


def test_the_pictures_are_those_that_a_user_receives(store):
    made = pictures({"made": with_spot}, 1, first=500)
    found = dataset_pictures(store, publish(store, made), RealParts({}))
    for each, published in zip(sorted(made, key=lambda one: one.kind), found.pictures, strict=True):
        for own, other in zip(each.read(), published.read(), strict=True):
            np.testing.assert_array_equal(own, other)


def test_only_accepted_samples_are_trained_on_unless_others_are_asked_for(store):
    dataset = publish(store, pictures({"made": with_spot}, 2, first=500), verdict="review")
    with pytest.raises(NothingToProveError, match="no accepted defect"):
        dataset_pictures(store, dataset, RealParts({}))
    assert len(dataset_pictures(store, dataset, RealParts({}), also=["review"]).pictures) == 4


def test_a_proof_tells_figures_costs_and_what_was_left_out(store, real, tmp_path):
    made = [*pictures({"made": with_spot}, 6, first=500), *pictures({"made": with_spot}, 1)]
    dataset = publish(store, made, cost_usd=[0.5, None, 0.25])
    sets = (TrainingSet.NORMALS, TrainingSet.FREE, TrainingSet.DATASET)
    proof = prove(store, dataset, real, settings=ProofSettings(seeds=1, draws=100, sets=sets))
    assert proof.cost_usd == 0.75
    assert any("2 pictures of the dataset show parts" in note for note in proof.notes)
    told = json.loads(json.dumps(proof.to_json()))
    assert [each["name"] for each in told["training_sets"]] == [which.value for which in sets]
    assert told["parts"]["spot"] == PARTS
    page = markdown(proof)
    assert proof.contrasts[0].sentence in page
    assert "USD" in page
    save_plot(proof, tmp_path / "proof.png")
    assert (tmp_path / "proof.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(NoPlotError, match=r"name it \.png"):
        save_plot(proof, tmp_path / "proof.xyz")
