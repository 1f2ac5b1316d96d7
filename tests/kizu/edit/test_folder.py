import pytest

from kizu.edit.editor import EditError
from kizu.edit.folder import FolderSettings
from kizu.edit.registry import load_editor
from kizu.edit.request import DefectRequest, EditRequest, ExistingPicture
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import Geometry
from kizu.store.keys import sha256_hex


def request_of(path, data, geometry=None):
    settings = FolderSettings(name="folder", path=str(path))
    geometry = geometry or Geometry.whole((64, 48), (32, 24))
    picture = ExistingPicture("a/1.png", sha256_hex(data), geometry)
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
