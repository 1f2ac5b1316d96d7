"""The reader of published datasets, on versions of today and of kizu 0.1.0."""

import io
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from deep_photos import deep_file, part_of_lot

from kizu.imaging.codecs import Decoding, decode_image, encode_mask, encode_png
from kizu.publish.dataset import FILE_KINDS, Dataset, DatasetError, open_dataset
from kizu.publish.layout import VersionFolder
from kizu.publish.schemas import TABLES, encode_table
from kizu.store.keys import sha256_hex


@pytest.fixture
def write_version(store, make_photo):
    """Write a version of many normal images and one defect; return its folder."""

    def write(number="0123", images=3, *, latest=True, older=False):
        folder = VersionFolder("plates", number)
        photo, mask = make_photo(1), make_photo(2)[..., 0] > 130
        files = {
            "image": encode_png(photo),
            "mask": encode_mask(mask),
            "touched": encode_mask(mask),
            "edited": encode_png(photo[::2, ::2]),
            "edited_mask": encode_mask(mask[::2, ::2]),
        }
        rows = []
        for n in range(images):
            kinds = FILE_KINDS if n == 0 else ("image",)
            row = {
                "label_index": int(n == 0),
                "split": "train",
                "label": "normal",
                "sample_id": f"s{n:04d}",
                "category": "plate",
                "defect_type": "hole",
                "verdict": "accept",
                "certified": True,
                "group": f"s{n:04d}",
                "fold": -1,
                "real_defect": "",
                "real_defect_sha256": "",
                "negative": "",
            }
            for kind in FILE_KINDS:
                path = f"{kind}/s{n:04d}.png" if kind in kinds else ""
                row[f"{kind}_path"] = path
                row[f"{kind}_sha256"] = sha256_hex(files[kind]) if path else ""
                if path:
                    store.write(folder.path(path), files[kind])
            rows.append(row)
        data = {table: encode_table(table, rows if table == "samples" else []) for table in TABLES}
        if older:
            data["samples"] = without_columns_of_today(data["samples"])
        for table, content in data.items():
            store.write(folder.path(f"{table}.parquet"), content)
        digests = {table: sha256_hex(content) for table, content in data.items()}
        manifest = {"rows": {"samples": images}, "sha256": digests, "schema_version": 2}
        store.write_json(folder.path("manifest.json"), manifest)
        if latest:
            store.write_json("datasets/plates/latest.json", {"version": number})
        return folder

    return write


def without_columns_of_today(data):
    table = pq.read_table(io.BytesIO(data))
    metadata = {**table.schema.metadata, b"kizu.schema_version": b"1"}
    kept = ("image_path", "mask_path")
    columns = (f"{kind}_{what}" for kind in FILE_KINDS for what in ("path", "sha256"))
    gone = [
        "certified",
        "negative",
        "group",
        "fold",
        "real_defect",
        "real_defect_sha256",
        *(column for column in columns if column not in kept),
    ]
    sink = io.BytesIO()
    pq.write_table(table.drop_columns(gone).replace_schema_metadata(metadata), sink)
    return sink.getvalue()


def test_the_latest_version_is_opened_unless_another_is_named(store, write_version):
    write_version("0123")
    write_version("0456", latest=False)
    assert open_dataset(store, "plates").version == "0123"
    assert open_dataset(store.url, "plates", "0456").version == "0456"


def test_tables_are_frames_and_samples_have_pixels(store, write_version, make_photo):
    write_version()
    dataset = open_dataset(store, "plates")
    assert list(dataset.samples.sample_id) == ["s0000", "s0001", "s0002"]
    assert all(table.empty for table in (dataset.provenance, dataset.instances, dataset.edits))
    defect, normal = dataset["s0000"], dataset["s0001"]
    assert (defect.image() == make_photo(1)).all()
    assert defect.label().any()
    assert defect.touched().any()
    assert (defect.edited() == make_photo(1)[::2, ::2]).all()
    assert defect.edited_label().shape == defect.edited().shape[:2]
    assert normal.edited() is None
    assert normal.edited_label() is None
    assert (defect.is_normal, normal.is_normal) == (False, True)
    assert not normal.label().any()
    assert normal.label().shape == (96, 96)
    assert normal.touched() is None


def test_iterating_reads_no_pixels_before_they_are_asked_for(store, write_version, monkeypatch):
    write_version(images=600)
    dataset, read = open_dataset(store, "plates"), []
    kept = Dataset.read
    monkeypatch.setattr(
        Dataset,
        "read",
        lambda self, path, sha256=None: read.append(path) or kept(self, path, sha256),
    )
    assert [sample.sample_id for sample in dataset] == [f"s{n:04d}" for n in range(600)]
    assert len(dataset) == 600
    assert not read


@pytest.mark.parametrize("damage", ["image/s0001.png", "samples.parquet", "provenance.parquet"])
def test_files_that_are_not_those_published_are_named(store, write_version, damage):
    folder = write_version()
    store.write(folder.path(damage), store.read(folder.path(damage))[:-9])
    [problem] = open_dataset(store, "plates").verify()
    assert damage in problem
    assert "is not the file that was published" in problem


def test_a_missing_file_is_named(store, write_version):
    folder = write_version()
    store.remove(folder.path("mask/s0000.png"))
    with pytest.raises(DatasetError, match=r"mask/s0000\.png is missing .* --restore"):
        open_dataset(store, "plates")["s0000"].label()


def test_a_version_of_an_older_kizu_is_read_without_what_it_lacked(store, write_version):
    write_version(older=True)
    dataset = open_dataset(store, "plates")
    assert dataset["s0000"].label().any()
    assert dataset["s0000"].touched() is None
    assert dataset.verify() == []


def test_a_picture_as_it_came_is_read_as_the_dataset_chose(store, write_version):
    folder = write_version()
    data = deep_file(part_of_lot(1000))
    store.write(folder.path("edited/s0000.png"), data)
    manifest = store.read_json(folder.path("manifest.json"))
    manifest.pop("checksum", None)
    told = Decoding(depth_bits=12)
    store.write_json(folder.path("manifest.json"), manifest | {"decoding": told.told()})
    dataset = open_dataset(store, "plates")
    sample = replace(dataset["s0000"], row=dict(dataset["s0000"].row, edited_sha256=""))
    assert np.array_equal(sample.edited(), decode_image(data, decoding=told))
    assert not np.array_equal(sample.edited(), decode_image(data))


def test_an_incomplete_version_is_none(store, write_version):
    folder = write_version("0123")
    store.remove(folder.path("manifest.json"))
    with pytest.raises(DatasetError, match="there is no version '0123' of 'plates'"):
        open_dataset(store, "plates", "0123")


def test_a_dataset_that_was_never_published_says_what_makes_one(store):
    with pytest.raises(DatasetError, match=r"there is no dataset 'mugs' .* 'kizu build' makes one"):
        open_dataset(store, "mugs")
