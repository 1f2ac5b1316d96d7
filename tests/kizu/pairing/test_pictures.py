import cv2
import pytest
from deep_photos import deep_file
from matching_pictures import part, with_scratch

from kizu.imaging.codecs import PLAIN, Decoding, encode_png
from kizu.labelling import label_spec
from kizu.pairing import pair_source, pictures
from kizu.sources import Skipped


@pytest.fixture
def put(tmp_path):
    """Write a picture, or bytes, into one of the two folders."""

    def write(name, content):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else encode_png(content))

    return write


@pytest.fixture
def paired(tmp_path, store):
    """Pair what is in the folders; return the pairs by picture, and why others are left out."""

    def pair(depth_bits=None, **editor):
        spec = label_spec(str(tmp_path / "normals"), str(tmp_path / "edited"), "crack", **editor)
        images = spec.images.model_copy(update={"depth_bits": depth_bits})
        spec = spec.model_copy(update={"images": images})
        inventory, pairing = pair_source(spec, store)
        assert all(isinstance(skip, Skipped) for skip in (*inventory.skipped, *pairing.left_out))
        reasons = {skip.name: skip.reason for skip in pairing.left_out}
        return {each.picture.name: each for each in pairing.pairs}, reasons

    return pair


def test_of_a_mixed_folder_every_file_is_paired_or_named(put, paired):
    for seed in (1, 2):
        put(f"normals/n{seed}.png", part(seed))
    good = with_scratch(part(1))
    put("edited/good.png", good)
    put("edited/6mp.png", cv2.resize(good, (3000, 2000), interpolation=cv2.INTER_LINEAR))
    put("edited/foreign.png", with_scratch(part(9)))
    put("edited/broken.png", encode_png(good)[:500])
    put("edited/empty.png", b"")
    put("edited/tiny.png", good[:20, :20])
    put("edited/notes.txt", b"look at these")
    pairs, reasons = paired()
    assert {name: pair.normal.name for name, pair in pairs.items()} == {
        "good.png": "n1.png",
        "6mp.png": "n1.png",
    }
    assert reasons.keys() == {"foreign.png", "broken.png", "empty.png", "tiny.png", "notes.txt"}
    assert "matches no normal image" in reasons["foreign.png"]
    assert "the shorter side needs 32 pixels" in reasons["tiny.png"]


def test_a_picture_is_looked_at_once_and_anew_among_other_normal_images(put, paired, monkeypatch):
    put("normals/n1.png", part(1))
    put("edited/a.png", with_scratch(part(1)))
    put("edited/foreign.png", with_scratch(part(2)))
    first = paired()
    looked_at = []

    def decode(data, *how):
        looked_at.append(data)
        return decoded(data, *how)

    decoded = pictures.decode_image
    monkeypatch.setattr(pictures, "decode_image", decode)
    assert paired() == first
    assert not looked_at
    put("normals/n2.png", part(2))
    pairs, reasons = paired()
    assert looked_at
    assert {name: pair.normal.name for name, pair in pairs.items()} == {
        "a.png": "n1.png",
        "foreign.png": "n2.png",
    }
    assert not reasons


def test_a_pair_that_is_told_is_kept_where_the_normal_cannot_be_seen(put, paired):
    put("normals/a.png", part(1))
    put("edited/a.png", part(9)[:, :64])
    [pair] = paired(pair_by="name")[0].values()
    assert (pair.picture.paired_by, pair.picture.score) == ("name", 0.0)
    assert pair.geometry.crop == (0, 0, *pair.geometry.source)


def test_a_name_decides_where_the_picture_is_another_normal_image(put, paired):
    put("normals/a.png", part(1))
    put("normals/b.png", with_scratch(part(1)))
    put("edited/a.png", with_scratch(part(1)))
    [pair] = paired()[0].values()
    assert (pair.normal.name, pair.picture.paired_by) == ("a.png", "name")


def test_equal_pictures_are_labelled_once(put, paired):
    put("normals/a.png", part(1))
    for name in ("x.png", "y.png"):
        put(f"edited/{name}", with_scratch(part(1)))
    pairs, reasons = paired()
    assert list(pairs) == ["x.png"]
    assert reasons == {"y.png": "it is the same picture as x.png"}


@pytest.mark.parametrize("folder", ["normals/edited", "./normals/edited", "normals/edited/"])
def test_pictures_below_the_normal_images_are_none_of_them(
    put, store, tmp_path, folder, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    put("normals/a.png", part(1))
    put("normals/edited/x.png", with_scratch(part(1)))
    inventory, pairing = pair_source(label_spec("normals", folder, "crack"), store)
    assert [image.name for image in inventory.images] == ["a.png"]
    assert [pair.picture.name for pair in pairing.pairs] == ["x.png"]


def test_pictures_of_16_bits_are_read_as_their_normal_images_are(put, paired):
    for name, image in (("normals/a.png", part(1)), ("edited/a.png", with_scratch(part(1)))):
        put(name, deep_file(image[..., 0].astype("uint16") * 4))
    [plain], [told] = (paired(depth_bits)[0].values() for depth_bits in (None, 12))
    assert (plain.decoding, told.decoding) == (PLAIN, Decoding(depth_bits=12))
    assert told.picture == plain.picture
    assert told.pixels_sha256 != plain.pixels_sha256
    assert told.normal.sha256 != plain.normal.sha256
    put("normals/b.png", part(2))
    put("edited/b.png", with_scratch(part(2)))
    assert paired()[0]["b.png"] == paired(12)[0]["b.png"]
