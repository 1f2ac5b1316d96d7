"""A published version as the objects of other libraries, and by number."""

import logging

import numpy as np
import pytest
from published import dataset, made_from, masks, publish  # noqa: F401 - fixtures
from torch.utils.data import DataLoader

from kizu.publish.dataset import DatasetError, open_dataset
from kizu.publish.layout import VersionFolder


def test_samples_are_found_by_id_by_number_and_by_slice(dataset):  # noqa: F811
    ids = [sample.sample_id for sample in dataset]
    assert [dataset[n].sample_id for n in range(len(dataset))] == ids
    assert dataset[-1].sample_id == ids[-1]
    assert [sample.sample_id for sample in dataset[1:3]] == ids[1:3]
    assert dataset["ring"].sample_id == "ring"
    with pytest.raises(IndexError, match="plates 0123 has 5 images"):
        dataset[5]
    with pytest.raises(KeyError):
        dataset["no such"]


def test_a_frame_has_every_image_with_a_path_that_opens(dataset):  # noqa: F811
    frame = dataset.to_pandas()
    assert sorted(frame["sample_id"]) == sorted(sample.sample_id for sample in dataset)
    for row in frame.itertuples():
        with open(row.image_path, "rb") as file:  # noqa: PTH123 - what pandas users do
            assert file.read() == dataset[row.sample_id].read("image")
    assert frame.set_index("sample_id").loc["normal", "mask_path"] == ""


def test_a_frame_says_how_samples_came_about(store, make_photo):
    rows = [("one", "good", "train", "accept", None)]
    told = made_from({"one": "1" * 64}, normal_name="line 2/one.png")
    publish(store, VersionFolder("plates", "1"), rows, [make_photo(1)], provenance=told)
    frame = open_dataset(store, "plates", "1").to_pandas()
    assert frame["normal_name"].tolist() == ["line 2/one.png"]


def test_torch_reads_images_and_masks_bit_for_bit_in_a_worker(dataset, masks):  # noqa: F811
    data = dataset.to_torch()
    # not forked: Prefect's threads may be at work in the process that runs the tests
    loader = DataLoader(data, batch_size=None, num_workers=1, multiprocessing_context="spawn")
    items = list(loader)
    assert [item["sample_id"] for item in items] == [s.sample_id for s in data.samples]
    for item in items:
        sample = dataset[item["sample_id"]]
        pixels = np.rint(item["image"].numpy() * 255).astype(np.uint8)
        assert np.array_equal(np.moveaxis(pixels, 0, 2), sample.image())
        assert np.array_equal(item["mask"].numpy(), sample.label())
        assert item["label"] == int(item["sample_id"] in masks)
    assert data.classes == ("crack", "hole")
    classes = {item["sample_id"]: item["class_index"] for item in items}
    assert classes == {"normal": 0, "line": 1, "ring": 2, "parts": 2}


def test_torch_gives_what_the_transform_makes(dataset):  # noqa: F811
    data = dataset.to_torch(lambda item: item["mask"].sum().item())
    assert [data[n] for n in range(len(data))] == [s.label().sum() for s in data.samples]


def test_only_accepted_samples_are_converted_and_the_log_says_so(dataset, caplog):  # noqa: F811
    with caplog.at_level(logging.WARNING):
        assert "doubtful" not in {s.sample_id for s in dataset.to_torch().samples}
    assert '1 wait for a person (also=["review"] takes them too)' in caplog.text
    also = dataset.to_torch(also=["review"])
    assert "doubtful" in {s.sample_id for s in also.samples}


def test_splits_are_chosen_and_a_missing_one_is_named(dataset):  # noqa: F811
    chosen = dataset.to_torch(splits=("train", "train_defects"))
    assert {s.sample_id for s in chosen.samples} == {"normal", "ring"}
    with pytest.raises(DatasetError, match=r"nothing to convert in val; there is: test, train"):
        dataset.to_torch(splits=["val"])


def test_a_samples_normal_image_is_found_by_its_photo(store, make_photo, masks):  # noqa: F811
    shape = masks["ring"].shape
    images = [np.ascontiguousarray(make_photo(n)[: shape[0], : shape[1]]) for n in range(3)]
    rows = [
        ("photo", "good", "train", "accept", None),
        ("ring", "hole", "train_defects", "accept", masks["ring"]),
        ("orphan", "hole", "train_defects", "accept", masks["parts"]),
    ]
    photos = {"photo": "1" * 64, "ring": "1" * 64, "orphan": "2" * 64}
    folder = VersionFolder("plates", "1")
    publish(store, folder, rows, images, provenance=made_from(photos))
    opened = open_dataset(store, "plates", "1")
    assert np.array_equal(opened["ring"].normal(), images[0])
    assert opened["orphan"].normal() is None
    with_photo, without = opened["ring"].figure(), opened["orphan"].figure()
    assert with_photo.width > without.width
    assert opened["ring"]._repr_png_().startswith(b"\x89PNG")
