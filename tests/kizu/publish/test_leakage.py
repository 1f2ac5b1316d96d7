"""What is on which side of a published version, and what counts as a leak."""

import numpy as np
import pytest
from published import complete_version, publish
from station_photos import recompressed, station_photo

from kizu.imaging.codecs import encode_png
from kizu.publish.dataset import FILE_KINDS, open_dataset
from kizu.publish.layout import VersionFolder
from kizu.publish.leakage import find_leakage, split_photos
from kizu.store.keys import sha256_hex

FOLDER = VersionFolder("parts", "0123")


@pytest.fixture
def version(store):
    """Publish a version of rows: photo, its pixels, split, and changes of the row."""

    def make(*rows):
        samples, provenance = [], []
        for number, (photo, pixels, split, changes) in enumerate(rows):
            png = encode_png(pixels)
            sample_id = f"sample{number}"
            row = {
                "sample_id": sample_id,
                "label_index": 0,
                "label": "normal",
                "split": split,
                "category": "part",
                "defect_type": "good",
                "verdict": "accept",
                "certified": True,
                "negative": "",
                "group": photo,
                "fold": -1,
                "real_defect": "",
                "real_defect_sha256": "",
            }
            row |= {f"{kind}_path": "" for kind in FILE_KINDS}
            row |= {f"{kind}_sha256": "" for kind in FILE_KINDS}
            row |= {"image_path": f"{sample_id}.png", "image_sha256": sha256_hex(png)}
            store.write(FOLDER.path(f"{sample_id}.png"), png)
            samples.append(row | changes)
            origin = {"normal_name": photo, "normal_sha256": sha256_hex(photo.encode())}
            size = {"width": pixels.shape[1], "height": pixels.shape[0]}
            provenance.append({"sample_id": sample_id, **origin, **size})
        complete_version(store, FOLDER, samples=samples, provenance=provenance)
        return open_dataset(store, "parts", "0123")

    return make


DEFECT = {"label_index": 1, "label": "abnormal", "defect_type": "hole"}


def test_a_photo_is_on_the_side_of_its_images_and_shown_by_the_one_without_a_defect(version):
    plain = station_photo(0)
    dataset = version(
        ("a.png", np.flipud(plain), "train_defects", DEFECT),
        ("a.png", plain, "train", {}),
        ("b.png", plain, "review", DEFECT),
        ("c.png", plain, "test", DEFECT),
    )
    photos = {photo.name: photo for photo in split_photos(dataset)}
    assert {name: set(photo.sides) for name, photo in photos.items()} == {
        "a.png": {"train"},
        "c.png": {"test"},
    }
    assert photos["a.png"].sample.is_normal


def test_a_photo_with_images_in_train_and_test_is_a_leak_by_itself(version):
    dataset = version(
        ("a.png", station_photo(0), "train", {}),
        ("a.png", station_photo(0), "test", DEFECT),
        ("b.png", station_photo(1), "test", {}),
    )
    found = find_leakage(dataset)
    assert found.twice == ("a.png",)
    assert not found.is_proven
    assert found.sentence.startswith("photos in train and in test at once: 1 (a.png)")


def test_copies_in_two_folds_are_a_leak_though_both_are_in_train(version):
    rows = [(f"{n}.png", station_photo(n), "train", {"fold": n % 3}) for n in range(6)]
    found = find_leakage(version(*rows))
    assert found.is_proven
    assert found.folds == 3
    copy = ("copy.jpg", recompressed(station_photo(4)), "train", {"fold": 2})
    [leak] = find_leakage(version(*rows, copy)).leaks
    assert (leak.first.name, leak.second.name, leak.across) == (
        "4.png",
        "copy.jpg",
        "fold 1 / fold 2",
    )


def test_a_version_of_a_kizu_without_provenance_of_photos_is_compared_by_its_images(store):
    splits = ["train", "train", "train", "test"]
    rows = [(f"{n}", "good", split, "accept", None) for n, split in enumerate(splits)]
    photos = [station_photo(n) for n in range(3)]
    publish(store, FOLDER, rows, [*photos, recompressed(photos[1])])
    [leak] = find_leakage(open_dataset(store, "parts", "0123")).leaks
    assert (leak.first.name, leak.second.name) == ("1", "3")
