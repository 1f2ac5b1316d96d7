"""One sample of one photo: the same that a build publishes, without Prefect."""

import json
import subprocess
import sys

import numpy as np
import pytest
from tiny_models.dino import grounding_dino_folder  # noqa: F401 - fixture
from tiny_models.sam import sam_folder  # noqa: F401 - fixture

import kizu
from kizu.agree.verdict import Verdict
from kizu.edit.editor import EditError
from kizu.edit.storage import truth_path
from kizu.imaging.codecs import decode_mask, encode_png
from kizu.imaging.masks import mask_iou
from kizu.store import Store

HOLE = {"defect_type": "hole", "prompt": "a large hole", "area": {"min_fraction": 0.02}}


@pytest.fixture
def photo(make_photo):
    return make_photo(1, 160)


def test_a_photo_gets_a_defect_and_everything_a_build_finds_of_it(
    photo,
    grounding_dino_folder,  # noqa: F811 - the fixture
    sam_folder,  # noqa: F811 - the fixture
):
    annotator = {
        "annotator": "grounding-dino+sam",
        "detector_weights": str(grounding_dino_folder),
        "segmenter_weights": str(sam_folder),
    }
    made = kizu.make_sample(photo, HOLE, annotators=[annotator])
    assert np.array_equal(made.normal, photo)
    assert made.mask.shape == photo.shape[:2]
    changed = (made.composite != photo).any(axis=2)
    assert changed.any()
    assert not (changed & ~made.touched).any()
    assert not (made.mask & ~made.touched).any()
    assert list(made.detections) == ["grounding-dino+sam"]
    assert made.verdict in set(Verdict)
    assert made.edit.model.startswith("painter")
    assert made.figure().width > 4 * 300
    assert made._repr_png_().startswith(b"\x89PNG")
    assert repr(made).startswith("MadeSample(")


def test_its_label_is_where_the_painter_painted(photo, tmp_path):
    store = Store(str(tmp_path))
    made = kizu.make_sample(photo, HOLE, annotators="none", store=store)
    truth = decode_mask(store.read(truth_path(made.edit.key)))
    assert mask_iou(made.mask, truth) > 0.7


def test_words_alone_are_prompt_phrase_and_type(photo):
    made = kizu.make_sample(photo, "a large dark hole!", annotators="none")
    assert made.prompt == "a large dark hole!"
    assert made.edit.request.ask["prompt"] == "a large dark hole!"


def test_another_variant_is_another_edit_and_the_same_is_the_same(photo, tmp_path):
    file = tmp_path / "part.png"
    file.write_bytes(encode_png(photo))
    first, again, other = (
        kizu.make_sample(what, HOLE, annotators="none", variant=variant)
        for what, variant in ((file, 0), (str(file), 0), (file.read_bytes(), 1))
    )
    assert first.edit.key == again.edit.key
    assert np.array_equal(first.composite, again.composite)
    assert other.edit.key != first.edit.key


def test_a_build_finds_the_edit_in_the_store(photo, tmp_path):
    file = tmp_path / "photos" / "part.png"
    file.parent.mkdir()
    file.write_bytes(encode_png(photo))
    store = Store(str(tmp_path / "store"))
    made = kizu.make_sample(file, HOLE, annotators="none", category="plate", store=store)
    from kizu.intake import open_inventory, save_listing, take_in_files
    from kizu.planning import estimate_build, plan_samples

    fields = {"name": "plates", "images": {"path": str(file.parent), "category": "plate"}}
    spec = kizu.DatasetSpec.parse({**fields, "defects": [HOLE], "editor": "painter"})
    listing = save_listing(spec.images.path, store, 8)
    images = open_inventory([take_in_files(part, store) for part in listing], store).images
    planned = plan_samples(spec, images)
    assert [sample.request.key for sample in planned] == [made.edit.key]
    assert estimate_build(spec, planned, 1, store).to_make == 0


def test_an_editor_that_costs_money_needs_a_store(photo):
    with pytest.raises(ValueError, match="so that none is paid for twice; name one, as store="):
        kizu.make_sample(photo, HOLE, "gpt-image")


def test_pictures_that_exist_are_labelled_by_another_function(photo, tmp_path):
    (tmp_path / "crack").mkdir()
    (tmp_path / "crack" / "one.png").write_bytes(encode_png(photo))
    folder = {"name": "folder", "path": str(tmp_path)}
    with pytest.raises(ValueError, match=r"makes no picture; kizu\.label_pair labels one"):
        kizu.make_sample(photo, {"defect_type": "crack"}, folder)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"defect": "purple elephants"}, "no known defect in prompt 'purple elephants'"),
        ({"photo": "absent.png"}, r"absent\.png: it cannot be read"),
        ({"photo": np.zeros((4, 4))}, r"the photo is float64 \(4, 4\)"),
        ({"photo": b"no picture"}, r"photo\.png: "),
        ({"seed": "many"}, "seed"),
        ({"annotators": "typo"}, "unknown annotator 'typo'"),
    ],
)
def test_what_is_wrong_is_one_sentence(photo, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        kizu.make_sample(**{"photo": photo, "defect": "a hole", "annotators": "none", **arguments})


def test_an_edit_that_cannot_be_made_says_why(photo, tmp_path):
    replay = {"name": "replay", "of": "painter"}
    with pytest.raises(EditError, match="is not in the store"):
        kizu.make_sample(photo, HOLE, replay, annotators="none", store=str(tmp_path))


def test_no_server_of_prefect_is_loaded():
    asked = "import kizu, sys; kizu.make_sample; print('prefect' in sys.modules)"
    command = [sys.executable, "-c", asked]
    said = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - ours
    assert json.loads(said.stdout.lower()) is False
