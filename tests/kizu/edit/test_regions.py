import cv2
import numpy as np
import pytest

from kizu.edit.regions import BoxRegion, DrawnRegion, foreground_mask, region_mask
from kizu.imaging.codecs import encode_mask
from kizu.planning import plan_samples
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError


def no_foreground():
    raise AssertionError("the foreground is not asked for")


def test_no_region_is_no_mask():
    assert region_mask(None, (96, 96), no_foreground) is None


def test_a_box_scales_with_the_photo():
    box = BoxRegion(x0=0.25, y0=0.5, x1=0.75, y1=1)
    mask = region_mask(box, (40, 80), no_foreground)
    assert mask.sum() == 20 * 40
    assert mask[20:, 20:60].all()


def test_a_box_thinner_than_a_pixel_still_holds_one():
    box = BoxRegion(x0=0.5, y0=0.5, x1=0.5001, y1=0.5001)
    assert region_mask(box, (40, 80), no_foreground).sum() == 1


def test_the_foreground_is_the_object_with_its_holes():
    photo = np.full((200, 300, 3), 230, np.uint8)
    cv2.circle(photo, (150, 100), 60, (40, 80, 160), -1)
    cv2.circle(photo, (150, 100), 15, (230, 230, 230), -1)
    disc = np.zeros((200, 300), np.uint8)
    cv2.circle(disc, (150, 100), 60, 1, -1)
    mask = foreground_mask(photo)
    assert np.count_nonzero(mask ^ (disc > 0)) < 0.05 * disc.sum()


def test_a_picture_without_an_object_is_foreground_throughout():
    assert foreground_mask(np.full((64, 64, 3), 90, np.uint8)).all()


@pytest.fixture
def taken(spec, store):
    return [take_in(file, store) for file in list_source(spec.images.path)]


def changed(spec, defect=None, **fields):
    parsed = spec.model_dump(mode="json")
    parsed["defects"] = [{**parsed["defects"][0], **(defect or {})}]
    return DatasetSpec.parse({**parsed, **fields})


def left_half(shape=(96, 96)):
    mask = np.zeros(shape, bool)
    mask[:, : shape[1] // 2] = True
    return mask


def test_one_drawn_mask_serves_every_photo(spec, taken, tmp_path):
    (tmp_path / "mask.png").write_bytes(encode_mask(left_half((960, 960))))
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(tmp_path / "mask.png")}})
    for sample in plan_samples(drawn, taken):
        assert isinstance(sample.region, DrawnRegion)
        mask = region_mask(sample.region, (96, 96), lambda: np.zeros((96, 96), bool))
        assert np.array_equal(mask, left_half())


def test_a_folder_holds_a_mask_per_photo(spec, taken, tmp_path):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(encode_mask(left_half()))
    (tmp_path / "masks" / "b.png").write_bytes(encode_mask(~left_half()))
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(tmp_path / "masks")}})
    a, b = plan_samples(drawn, taken)
    assert a.request.ask["region"] != b.request.ask["region"]


def test_another_drawing_under_the_same_name_is_another_request(spec, taken, tmp_path):
    file = tmp_path / "mask.png"
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(file)}})
    keys = []
    for mask in (left_half(), ~left_half()):
        file.write_bytes(encode_mask(mask))
        keys.append(plan_samples(drawn, taken)[0].request.key)
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "there is no mask"),
        (b"x", "cannot be read"),
        (encode_mask(~np.ones((9, 9), bool)), "black"),
    ],
)
def test_a_mask_that_is_no_use_is_named(spec, taken, tmp_path, data, says):
    if data is not None:
        (tmp_path / "mask.png").write_bytes(data)
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(tmp_path / "mask.png")}})
    with pytest.raises(SpecError, match=rf"defects.0.region.path: .*{says}"):
        plan_samples(drawn, taken)
