import json
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from published import SHAPE

from kizu.imaging.brush_rle import decode_brush, encode_brush
from kizu.review_exchange.label_studio import read, write
from kizu.review_exchange.registry import Judged, LeftOut


@pytest.fixture
def tasks(hard, tmp_path):
    write(iter(hard), ["crack", "a <b>"], tmp_path)
    return json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))


def region(mask, **other):
    value = {"format": "rle", "rle": encode_brush(mask), "brushlabels": ["crack"]}
    size = {"original_width": mask.shape[1], "original_height": mask.shape[0], "image_rotation": 0}
    return {"from_name": "mask", "type": "brushlabels", "value": value, **size} | other


def choice(verdict):
    return {"from_name": "verdict", "type": "choices", "value": {"choices": [verdict]}}


def answered(task, *annotations):
    return json.dumps([task | {"id": 7, "annotations": list(annotations)}]).encode()


def test_what_annotators_found_and_last_the_published_mask_are_predictions_to_start_from(
    tasks, masks
):
    for task in tasks:
        versions = [each["model_version"] for each in task["predictions"]]
        assert versions == ["sam", "kizu"]
        expected = masks["ring"], masks[task["data"]["sample_id"]]
        for prediction, mask in zip(task["predictions"], expected, strict=True):
            [found] = prediction["result"]
            assert np.array_equal(decode_brush(found["value"]["rle"], SHAPE), mask)
            assert (found["original_height"], found["original_width"]) == SHAPE


def test_the_interface_names_what_the_predictions_name(tasks, tmp_path):
    interface = ET.parse(tmp_path / "interface.xml").getroot()  # noqa: S314 - ours
    names = {each.get("name"): each for each in interface.iter() if each.get("name")}
    [found] = tasks[0]["predictions"][0]["result"]
    assert names[found["from_name"]].get("toName") == found["to_name"] == names["image"].get("name")
    assert names["image"].get("value").lstrip("$") in tasks[0]["data"]
    assert [each.get("value") for each in interface.iter("Label")] == ["crack", "a <b>"]
    assert [each.get("value") for each in interface.iter("Choice")] == ["accept", "reject"]


def test_pictures_are_found_below_the_parent_of_the_folder(tasks, tmp_path):
    [path] = parse_qs(urlsplit(tasks[0]["data"]["image"]).query)["d"]
    assert path == f"{tmp_path.name}/images/ring.{'0' * 16}.png"


def test_everybody_is_heard_last_and_by_the_name_in_the_file(tasks, masks):
    def told(person, verdict, at, **other):
        result = [region(masks["ring"]), choice(verdict)]
        return {"completed_by": person, "updated_at": at, "result": result} | other

    aiko, ben = {"id": 1, "email": "aiko@example.org"}, 2
    found = list(
        read(
            answered(
                tasks[0],
                told(ben, "accept", "2026-03-01"),
                told(aiko, "reject", "2026-02-02"),
                told(aiko, "accept", "2026-02-01"),
                told(3, "reject", "2026-04-01", was_cancelled=True),
            )
        )
    )
    heard = [(each.reviewer, each.verdict) for each in found]
    assert heard == [("aiko@example.org", "reject"), ("", "accept")]


def test_several_brush_masks_are_one(tasks, masks):
    result = [region(masks["ring"]), region(masks["line"]), choice("accept")]
    [found] = read(answered(tasks[0], {"result": result}))
    assert np.array_equal(found.mask(SHAPE), masks["ring"] | masks["line"])


def test_an_erased_mask_is_empty_and_a_note_comes_along(tasks):
    note = {"from_name": "note", "type": "textarea", "value": {"text": ["blurred", "no crack"]}}
    [found] = read(answered(tasks[0], {"result": [choice("reject"), note]}))
    assert not found.mask(SHAPE).any()
    assert found.note == "blurred\nno crack"


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"type": "rectanglelabels"}, "'rectanglelabels'; draw with the brush"),
        ({"image_rotation": 90}, "its picture is turned"),
        ({"original_width": 94}, r"its mask is \(61, 94\), its image is \(61, 95\)"),
        ({"original_width": None}, "use the exported picture"),
        ({"value": {"format": "rle", "rle": [1, 2, 3]}}, "cut off"),
        ({"value": {"format": "rle"}}, "cut off"),
        ({"value": {"format": "url"}}, "draw with the brush"),
    ],
)
def test_a_region_that_is_no_mask_of_the_picture_has_its_reason(tasks, masks, other, reason):
    result = [region(masks["ring"], **other), choice("accept")]
    [found] = read(answered(tasks[0], {"result": result}))
    with pytest.raises(ValueError, match=reason):
        found.mask(SHAPE)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda _: "no task", "as Label Studio exports it as JSON"),
        (lambda task: {**task, "annotations": None}, "annotations"),
        (lambda task: {**task, "data": {"image": "x.png"}}, "no sample of kizu's"),
        (lambda task: {**task, "data": {**task["data"], "shown": 5}}, "data.shown"),
        (lambda task: {**task, "annotations": [{"result": [{}]}]}, "result.0.from_name"),
        (lambda task: {**task, "annotations": [{"result": []}]}, "chosen: nothing"),
        (
            lambda task: {
                **task,
                "annotations": [{"result": [choice("accept"), choice("reject")]}],
            },
            "chosen: accept, reject",
        ),
    ],
)
def test_a_spoilt_task_is_left_out_by_name_and_the_next_one_is_not(tasks, masks, spoil, reason):
    good = {"result": [region(masks["ring"]), choice("accept")]}
    first, second, _ = (task | {"id": n, "annotations": [good]} for n, task in enumerate(tasks))
    left_out, judged = read(json.dumps([spoil(first), second]).encode())
    assert isinstance(left_out, LeftOut)
    assert reason in left_out.reason
    assert isinstance(judged, Judged)


def test_a_sample_that_is_in_two_tasks_is_heard_twice_the_last_one_last(tasks, masks):
    def task(number, verdict):
        result = [region(masks["ring"]), choice(verdict)]
        return tasks[0] | {"id": number, "annotations": [{"result": result}]}

    found = read(json.dumps([task(1, "accept"), task(2, "reject")]).encode())
    assert [each.verdict for each in found] == ["accept", "reject"]
