"""A name stays with its dataset, however that grows, until somebody gives it to another one."""

from math import inf

import pytest
from republished import add_photo, changed
from reviewed import built, surface

from kizu.imaging.codecs import encode_png
from kizu.publish.names import NameTakenError, check_name
from kizu.source_files import read_url
from kizu.sources import list_source
from kizu.store.keys import sha256_hex


def check(store, spec):
    files = list_source(spec.images.path)
    check_name(store, spec, (sha256_hex(read_url(file.url, inf)) for file in files))


@pytest.fixture
def others(tmp_path):
    """A folder of other photos."""
    folder = tmp_path / "others"
    folder.mkdir()
    (folder / "0000.png").write_bytes(encode_png(surface(77, 96)))
    return str(folder)


def test_a_dataset_that_grows_and_changes_keeps_its_name(known, known_spec, tmp_path):
    add_photo(tmp_path)
    check(known, known_spec)
    defects = [{"defect_type": "dent", "prompt": "a shallow dent"}]
    check(known, changed(known_spec, defects=defects, seed=7))


def test_photos_that_are_all_replaced_in_their_place_keep_the_name(known, known_spec, tmp_path):
    built(known, known_spec)
    for file in (tmp_path / "photos").iterdir():
        file.unlink()
    add_photo(tmp_path)
    check(known, known_spec)


def test_a_folder_that_moved_keeps_the_name(known, known_spec, tmp_path):
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    moved = {"path": str(tmp_path / "elsewhere"), "category": "dish"}
    check(known, changed(known_spec, images=moved))


@pytest.mark.parametrize("category", ["object", "circuit board"])
def test_other_photos_are_another_dataset(known, known_spec, others, category):
    other = changed(known_spec, images={"path": others, "category": category})
    with pytest.raises(NameTakenError, match=r"'plates' is taken: .* none of its 2 photos .* set"):
        check(known, other)
    check(known, changed(other, publish={"take_over": True}))
    check(known, changed(other, name="mugs"))


def test_another_category_of_other_photos_in_the_same_place_is_another_dataset(
    known, known_spec, tmp_path
):
    built(known, known_spec)
    for file in (tmp_path / "photos").iterdir():
        file.unlink()
    add_photo(tmp_path)
    other = {**known_spec.images.model_dump(mode="json"), "category": "circuit board"}
    with pytest.raises(NameTakenError):
        check(known, changed(known_spec, images=other))


def test_a_name_that_differs_in_case_alone_is_refused(known, known_spec):
    with pytest.raises(NameTakenError, match=r"'Plates' differs from .* 'plates' .* case alone"):
        check(known, changed(known_spec, name="Plates"))


def test_a_name_of_which_nothing_is_published_is_free(store, known_spec):
    check(store, known_spec)
