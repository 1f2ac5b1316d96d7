import unicodedata

import fsspec
import numpy as np
import pytest
from PIL import Image

from kizu.imaging.codecs import decode_png, encode_png
from kizu.sources import Inventory, Skipped, SourceError, examine, list_source, take_in
from kizu.store import Store


def names(path) -> list[str]:
    return [file.name for file in list_source(str(path))]


def test_a_folder_is_searched_with_its_subfolders(photos, make_photo):
    (photos / "line 2").mkdir()
    (photos / "line 2" / "c.png").write_bytes(encode_png(make_photo(3)))
    assert names(photos) == ["a.png", "b.png", "line 2/c.png"]


def test_of_an_mvtec_category_only_the_good_training_photos_are_taken(tmp_path, make_photo):
    for place in ("train/good", "test/broken"):
        (tmp_path / "bottle" / place).mkdir(parents=True)
        (tmp_path / "bottle" / place / "000.png").write_bytes(encode_png(make_photo(1)))
    assert names(tmp_path / "bottle") == ["000.png"]


def test_a_pattern_takes_what_it_matches(photos):
    assert names(photos / "a*.png") == ["a.png"]


def test_a_url_is_a_source_too(make_photo):
    with fsspec.open("memory://photos/x.png", "wb") as file:
        file.write(encode_png(make_photo(1)))
    assert names("memory://photos") == ["x.png"]
    fsspec.filesystem("memory").rm("/photos", recursive=True)


def test_hidden_files_are_not_the_users_photos(photos):
    (photos / ".DS_Store").write_bytes(b"x")
    assert names(photos) == ["a.png", "b.png"]


def test_japanese_names_are_kept_in_one_normal_form(photos, make_photo):
    spelled_apart = unicodedata.normalize("NFD", "ガラス.png")
    (photos / spelled_apart).write_bytes(encode_png(make_photo(3)))
    assert names(photos)[-1] == unicodedata.normalize("NFC", "ガラス.png")


@pytest.mark.parametrize(
    ("name", "sentence"), [("nowhere", "does not exist"), ("a.png", "is a file")]
)
def test_a_wrong_place_says_what_to_give_instead(photos, name, sentence):
    with pytest.raises(SourceError, match=rf"images.path: .*{name}.*{sentence}; give a folder"):
        list_source(str(photos / name))


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(SourceError, match="no files in"):
        list_source(str(tmp_path))


def test_mixed_files_are_counted_and_every_skipped_one_is_named(tmp_path, store, make_photo):
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = encode_png(make_photo(1))
    (folder / "a good.png").write_bytes(good)
    (folder / "b copy.png").write_bytes(good)
    Image.fromarray(make_photo(1)).save(folder / "c same pixels.bmp")
    (folder / "d cut off.png").write_bytes(good[: len(good) // 2])
    (folder / "e empty.jpg").write_bytes(b"")
    (folder / "f notes.txt").write_text("notes")
    (folder / "g not an image.png").write_text("notes")
    Image.fromarray(make_photo(2)[..., 0].astype(np.uint16) * 257).save(folder / "h 16 bit.png")
    inventory = Inventory.of(take_in(file, store) for file in list_source(str(folder)))
    assert [image.name for image in inventory.images] == ["a good.png", "h 16 bit.png"]
    assert {skip.name: skip.reason for skip in inventory.skipped} == {
        "b copy.png": "it is the same picture as a good.png",
        "c same pixels.bmp": "it is the same picture as a good.png",
        "d cut off.png": next(s.reason for s in inventory.skipped if s.name == "d cut off.png"),
        "e empty.jpg": "the file is empty",
        "f notes.txt": "its name does not end like an image's "
        "(png, jpg, jpeg, webp, tif, tiff, bmp, avif, heic, heif)",
        "g not an image.png": "it is not an image, or its header is damaged",
    }
    assert "damaged or cut off" in inventory.skipped[2].reason


def test_a_photo_lies_in_the_store_as_it_was_decoded(photos, store, make_photo):
    image = take_in(list_source(str(photos))[0], store)
    assert np.array_equal(decode_png(store.read(image.path)), make_photo(1))
    assert (image.width, image.height) == (96, 96)


def test_known_content_is_not_decoded_again(photos, store):
    file = list_source(str(photos))[0]
    first = take_in(file, store)
    store.write(first.path, b"untouched")
    assert take_in(file, store) == first
    assert store.read(first.path) == b"untouched"


def test_examining_changes_nothing(photos, tmp_path):
    store = Store(str(tmp_path / "fresh"))
    found = examine(list_source(str(photos))[0], store)
    assert not isinstance(found, Skipped)
    assert list(store.list("")) == []
