import numpy as np
import pytest
from deep_photos import deep_file, part_of_lot

from kizu.edit.editor import EditError
from kizu.edit.folder import FolderSettings
from kizu.edit.registry import load_editor
from kizu.edit.request import DefectRequest, EditRequest, ExistingPicture
from kizu.edit.storage import open_edit
from kizu.imaging.codecs import PLAIN, Decoding, decode_image, encode_png
from kizu.imaging.geometry import Geometry
from kizu.stages.obtain import obtain_edit
from kizu.store.keys import sha256_hex


def request_of(path, data, geometry=None, decoding=PLAIN):
    settings = FolderSettings(name="folder", path=str(path))
    geometry = geometry or Geometry.whole((64, 48), (32, 24))
    picture = ExistingPicture("a/1.png", sha256_hex(data), geometry, decoding)
    wanted = DefectRequest(
        "ab" * 32, (64, 48), "mug", "crack", "crack", "crack", 0, 0, picture=picture
    )
    ask = settings.describe(wanted)
    identity = settings.identity(emulated=False)
    return EditRequest(normal_sha256="ab" * 32, ask=ask, editor=identity, variant=0, seed=0)


@pytest.fixture
def folder(tmp_path, make_photo):
    (tmp_path / "edited" / "a").mkdir(parents=True)
    (tmp_path / "edited" / "a" / "1.png").write_bytes(encode_png(make_photo(1)))
    return tmp_path / "edited"


def test_the_edit_is_the_picture_byte_for_byte(folder, make_photo):
    data = (folder / "a" / "1.png").read_bytes()
    editor = load_editor("folder", FolderSettings(name="folder", path=str(folder)))
    turned = Geometry((64, 48), (0, 0, 64, 48), (32, 24), (0, 0), (24, 32), turns=1)
    request = request_of(folder, data, turned)
    assert editor.edit(request, make_photo(1), None).picture == data
    assert editor.plan_crop(request, (64, 48), None) == turned


def test_a_picture_that_is_gone_or_another_one_is_named(folder, make_photo):
    file = folder / "a" / "1.png"
    request = request_of(folder, file.read_bytes())
    editor = load_editor("folder", FolderSettings(name="folder", path=str(folder)))
    file.write_bytes(encode_png(make_photo(2)))
    with pytest.raises(EditError, match=r"a/1.png in .* has changed since it was paired"):
        editor.edit(request, make_photo(1), None)
    file.rename(folder / "other.png")
    with pytest.raises(EditError, match=r"a/1.png is no longer in .*; bring it back"):
        editor.edit(request, make_photo(1), None)


def test_the_key_names_the_picture_and_how_it_lies_and_not_its_folder():
    one = request_of("here", b"x").key
    assert one == request_of("there", b"x").key
    assert one != request_of("here", b"y").key
    assert one != request_of("here", b"x", Geometry.whole((64, 48), (64, 48))).key


def test_a_picture_of_16_bits_is_read_as_the_dataset_chose(folder, make_photo, store):
    data, told = deep_file(part_of_lot(1000)), Decoding(depth_bits=12)
    (folder / "a" / "1.png").write_bytes(data)
    editor = load_editor("folder", FolderSettings(name="folder", path=str(folder)))
    whole, photo = Geometry.whole((64, 48), (64, 48)), make_photo(1)[:48, :64]
    opened = []
    for decoding in (PLAIN, told):
        request = request_of(folder, data, whole, decoding)
        record = obtain_edit(store, editor, request, photo, None)
        opened.append((request.key, open_edit(store, record, photo)))
    (plain_key, plain), (told_key, darker) = opened
    assert plain_key == request_of(folder, data, whole).key != told_key
    assert np.array_equal(plain, decode_image(data))
    assert np.array_equal(darker, decode_image(data, decoding=told))
