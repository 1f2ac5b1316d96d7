import errno
import os
import socket
import unicodedata

import fsspec
import numpy as np
import pytest
from deep_photos import deep_file, part_of_lot, profiled, red_block, swapped_profile
from PIL import Image

from kizu.imaging.codecs import PLAIN, Decoding, decode_png, encode_png
from kizu.intake import list_photos, note_known, open_inventory, read_normal, take_in_files
from kizu.source_files import read_url
from kizu.sources import (
    Inventory,
    Skipped,
    SourceError,
    examine,
    file_url,
    list_source,
    take_in,
)
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


def taken(folder, store) -> Inventory:
    return Inventory.of(take_in(file, store) for file in list_source(str(folder)))


def spoken(text: str) -> bool:
    """Whether a text goes through JSON, Parquet and a terminal, and stays on its line."""
    return text.encode().decode() == text and "\n" not in text and "\x1b" not in text


HARD_NAMES = [
    "写真".encode("cp932") + b".png",
    b"\xff\xfe\x80.png",
    b"caf\xe9.png",
    b"a::b.png",
    b"zip::memory:x.png",
    b"q?x=1#y%41[1]*{2}.png",
    b"two\nlines\ttab\x1b[31m.png",
    b"trailing .png ",
    b" leading.png",
    b"back\\slash.png",
    b"-rf.png",
    b"CON.png",
    "傷".encode() * 83 + b".png",
    "\u202egnp.png".encode(),
    b"quo'te\"<b>.png",
]


@pytest.mark.parametrize("name", HARD_NAMES)
def test_a_photo_of_any_name_is_taken_in_and_its_name_can_be_told(
    tmp_path, store, name, make_photo
):
    folder = tmp_path / "photos"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/" + name, "wb") as opened:  # noqa: PTH123 - bytes
        opened.write(encode_png(make_photo(1)))
    inventory = taken(folder, store)
    assert [image.sha256 for image in inventory.images]
    assert spoken(inventory.images[0].name)
    file = list_source(str(folder))[0]
    assert spoken(file.url)
    assert read_url(file_url(str(folder), file.name), 1e9) == encode_png(make_photo(1))


def test_a_name_in_shift_jis_is_shown_as_it_was_meant(tmp_path):
    (tmp_path / "x").mkdir()
    with open(os.fsencode(tmp_path) + b"/x/" + "傷 01.png".encode("cp932"), "wb"):  # noqa: PTH123
        pass
    assert names(tmp_path / "x") == ["傷 01.png"]


def test_files_whose_names_look_the_same_are_told_apart(tmp_path):
    for name in ("ガ.png", unicodedata.normalize("NFD", "ガ.png")):
        (tmp_path / name).write_bytes(name.encode())
    with open(os.fsencode(tmp_path) + b"/" + "ガ.png".encode("cp932"), "wb") as opened:  # noqa: PTH123
        opened.write(b"sjis")
    found = names(tmp_path)
    assert len(set(found)) == 3
    assert "ガ.png" in found
    urls = {file_url(str(tmp_path), name) for name in found}
    assert {read_url(url, 1e9) for url in urls} == {
        "ガ.png".encode(),
        unicodedata.normalize("NFD", "ガ.png").encode(),
        b"sjis",
    }


def test_what_is_no_file_is_named_and_not_opened(photos, store):
    os.mkfifo(photos / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(photos / "s.png"))
        (photos / "gone.png").symlink_to("nowhere")
        (photos / "loop").symlink_to(photos)
        (photos / "zero.png").symlink_to("/dev/zero")
        (photos / "folder.png").mkdir()
        (photos / "linked.png").symlink_to(photos / "a.png")
        inventory = taken(photos, store)
    assert [image.name for image in inventory.images] == ["a.png", "b.png"]
    reasons = {skip.name: skip.reason for skip in inventory.skipped}
    assert reasons == {
        "gone.png": "it cannot be read (No such file or directory)",
        "linked.png": "it is the same picture as a.png",
        "loop": "it is a link to a folder, which is not followed; copy its files here",
        "pipe.png": "it is a pipe and no file",
        "s.png": "it is a socket and no file",
        "zero.png": "it is a device and no file",
    }


@pytest.mark.parametrize(
    "folder", ["line[2]", "a*b", "what?", "x[!y]", "a::b", "zip::c", "100%", "#1"]
)
def test_a_folder_of_any_name_is_a_source_and_so_is_a_pattern_below_it(
    tmp_path, make_photo, folder
):
    (tmp_path / folder / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        (tmp_path / folder / name).write_bytes(encode_png(make_photo(1)))
    assert names(tmp_path / folder) == ["a.png", "sub/b.png"]
    assert names(tmp_path / folder / "*.png") == ["a.png"]


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_goes_on(photos, store, monkeypatch):
    (photos / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    inventory = taken(photos, store)
    assert len(inventory.images) == 2
    assert inventory.skipped == (
        Skipped("locked", "this folder cannot be read (Permission denied)", unreadable=True),
    )


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "Input/output error"), RuntimeError("?"), MemoryError()]
)
def test_whatever_reading_one_photo_raises_the_others_are_taken_in(
    photos, store, monkeypatch, error
):
    files = list_source(str(photos))
    (photos / "a.png").unlink()
    read = os.fdopen

    def fail(number, *_mode):
        os.close(number)
        raise error

    assert take_in(files[0], store).unreadable
    monkeypatch.setattr(os, "fdopen", fail)
    assert take_in(files[1], store).unreadable
    monkeypatch.setattr(os, "fdopen", read)
    assert not isinstance(take_in(files[1], store), Skipped)


@pytest.mark.parametrize("name", ["a::b.png", "q?x#y.png", "[1].png", "é.png", "a%20b.png"])
def test_objects_of_any_name_are_read(store, make_photo, name):
    memory = fsspec.filesystem("memory")
    memory.pipe_file(f"/hard/{name}", encode_png(make_photo(1)))
    try:
        files = list_source("memory://hard")
        assert [file.name for file in files] == [name]
        assert not isinstance(take_in(files[0], store), Skipped)
    finally:
        memory.rm("/hard", recursive=True)


def test_an_object_store_that_refuses_is_one_sentence(monkeypatch):
    class RefusedError(Exception):
        pass

    def refuse(*_args, **_options):
        raise RefusedError("403 https://x.blob/c?sig=geheim")

    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "isdir", refuse)
    with pytest.raises(SourceError, match=r"cannot be listed \(403 https://x.blob/c\?sig=\*\*\*\)"):
        list_source("memory://photos")


@pytest.mark.parametrize(
    "url",
    ["sftp://me:geheim@host/x", "https://h/x?sv=1&sig=geheim", "s3://b/x?X-Amz-Signature=geheim"],
)
def test_a_url_with_a_password_is_refused_and_not_shown(url):
    with pytest.raises(SourceError, match="environment variables") as raised:
        list_source(url)
    assert "geheim" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_photo_larger_than_the_setting_is_named_and_no_other_is_touched(photos, store):
    found = [take_in(file, store, max_megapixels=0.005) for file in list_source(str(photos))]
    assert all("images.max_megapixels" in skip.reason for skip in found)


LOT = Decoding(depth_bits=12, profiles="all")


@pytest.fixture
def lot(tmp_path):
    """Write an 8-bit photo, a tinted one, and three of 16 bits, one of which 12 bits hold."""
    folder = tmp_path / "lot"
    folder.mkdir()
    (folder / "eight.png").write_bytes(profiled(red_block("RGB"), swapped_profile()))
    (folder / "tinted.png").write_bytes(profiled(red_block("RGBA"), swapped_profile()))
    for brightest in (1023, 1500, 5000):
        (folder / f"deep{brightest}.png").write_bytes(deep_file(part_of_lot(brightest)))
    for file in folder.iterdir():
        os.utime(file, (1e9, 1e9))  # what was just written is read again in any case
    return folder


def read_as(folder, store, decoding=PLAIN):
    files = list_source(str(folder))
    return {file.name: take_in(file, store, decoding=decoding) for file in files}


def test_only_photos_that_are_read_otherwise_have_another_identity(lot, store):
    before, now = read_as(lot, store), read_as(lot, store, LOT)
    assert now["eight.png"] == before["eight.png"]
    assert now["deep1500.png"] == before["deep1500.png"]  # 12 bits hold its brightest anyhow
    assert "brightest value is 5000" in now["deep5000.png"].reason
    for name in ("tinted.png", "deep1023.png"):
        assert now[name].sha256 != before[name].sha256
        assert now[name].pixels_sha256 != before[name].pixels_sha256


def test_identities_do_not_depend_on_what_the_store_has(lot, store, tmp_path):
    read_as(lot, store)
    elsewhere = Store(str(tmp_path / "elsewhere"))
    assert read_as(lot, store, LOT) == read_as(lot, elsewhere, LOT)
    assert read_as(lot, elsewhere, LOT) == read_as(lot, elsewhere, LOT)
    assert read_as(lot, elsewhere) == read_as(lot, store)


def test_two_readings_of_a_photo_lie_beside_each_other(lot, store):
    before, now = (read_as(lot, store, decoding)["deep1023.png"] for decoding in (PLAIN, LOT))
    dark, bright = (decode_png(store.read(image.path)) for image in (now, before))
    assert bright[1:].mean() == pytest.approx(4 * dark[1:].mean(), rel=0.02)
    assert read_as(lot, store)["deep1023.png"] == before


def test_photos_known_by_their_time_are_known_in_one_reading_only(lot, store):
    for decoding in (PLAIN, LOT):
        listing = list_photos(str(lot), store, 8, decoding=decoding)
        parts = [take_in_files(part, store, decoding=decoding) for part in listing.parts]
        assert len(parts) == 1  # nothing of another reading passed for this one
        note_known(str(lot), listing, parts, store, decoding)
    again = list_photos(str(lot), store, 8, decoding=LOT)
    images = open_inventory(list(again.known), store).images
    assert {image.name: image for image in images} == {
        name: image
        for name, image in read_as(lot, store, LOT).items()
        if not isinstance(image, Skipped)
    }


def test_a_damaged_photo_is_taken_in_anew_as_it_was_read(lot, store):
    image = read_as(lot, store, LOT)["deep1023.png"]
    whole = store.read(image.path)
    store.write(image.path, whole[:100])
    assert read_normal(store, image, str(lot), LOT) == whole
