import copy
import io
import json
import zipfile
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from published import SHAPE

from kizu.review_exchange import ExchangeError
from kizu.review_exchange.cvat import read, write
from kizu.review_exchange.registry import LeftOut


@pytest.fixture
def root(hard, tmp_path):
    write(iter(hard), ["crack"], tmp_path)
    return ET.parse(tmp_path / "annotations.xml").getroot()  # noqa: S314 - ours


def judge(image, verdict):
    next(each for each in image.iter("attribute") if each.get("name") == "verdict").text = verdict


def test_what_annotators_found_stands_beside_the_mask_and_does_not_come_back(root, masks):
    for image in root.iter("image"):
        assert [each.get("label") for each in image.iter("mask")] == [
            "found by sam",
            'a "deep" crack',
        ]
        judge(image, "accept")
    for found in read(ET.tostring(root)):
        assert np.array_equal(found.mask(SHAPE), masks[found.sample_id])


def test_a_mask_that_is_given_another_label_counts(root, masks):
    image = next(root.iter("image"))
    judge(image, "accept")
    image.find("mask").set("label", "crack")
    [found] = read(ET.tostring(root))
    assert np.array_equal(found.mask(SHAPE), masks["ring"])


def test_the_labels_are_the_same_for_the_task_and_for_its_annotations(root, tmp_path):
    labels = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    named = [(each.findtext("name"), each.findtext("type")) for each in root.iter("label")]
    assert named == [(each["name"], each["type"]) for each in labels]
    assert named == [("crack", "mask"), ("found by sam", "mask"), ("kizu review", "tag")]


def test_an_archive_is_read_like_the_file_in_it(root):
    judge(next(root.iter("image")), "reject")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("annotations.xml", ET.tostring(root))
    [found] = read(packed.getvalue())
    assert (found.sample_id, found.verdict) == ("ring", "reject")


def test_who_judged_is_to_whom_the_task_was_assigned(root):
    judge(next(root.iter("image")), "accept")
    assert next(read(ET.tostring(root))).reviewer == ""
    assignee = ET.SubElement(root.find("meta/task"), "assignee")
    ET.SubElement(assignee, "username").text = "aiko"
    ET.SubElement(assignee, "email").text = ""
    assert next(read(ET.tostring(root))).reviewer == "aiko"


def test_a_picture_of_somebody_else_and_a_polygon_are_left_out_by_name(root):
    foreign, polygon, good = root.iter("image")
    foreign.set("name", "images/holiday.png")
    ET.SubElement(polygon, "polygon", {"label": "crack", "points": "1,1;2,2;3,1"})
    for image in (foreign, polygon, good):
        judge(image, "accept")
    first, second, third = read(ET.tostring(root))
    assert (first.name, second.name) == ("images/holiday.png", polygon.get("name"))
    assert "import the pictures that kizu exported" in first.reason
    assert "it has a polygon; draw with the brush" in second.reason
    assert third.sample_id == "line"


def test_a_damaged_size_costs_its_image_alone(root):
    first, second, _ = root.iter("image")
    first.set("width", "wide")
    for image in (first, second):
        judge(image, "accept")
    left_out, judged = read(ET.tostring(root))
    assert isinstance(left_out, LeftOut)
    assert judged.sample_id == "parts"


def test_a_document_type_is_refused():
    with pytest.raises(ExchangeError, match="it has a document type"):
        list(read(b'<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>'))


def test_an_archive_without_annotations_and_a_video_are_refused():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("other.xml", "<annotations/>")
    for data in (packed.getvalue(), b"<annotations><track/></annotations>"):
        with pytest.raises(ExchangeError, match=r"CVAT for images 1\.1"):
            list(read(data))


def test_two_tags_that_contradict_each_other_are_no_verdict(root):
    image = next(root.iter("image"))
    image.append(copy.deepcopy(image.find("tag")))
    for tag, verdict in zip(image.findall("tag"), ("accept", "reject"), strict=True):
        judge(tag, verdict)
    [found] = read(ET.tostring(root))
    assert "chosen: accept, reject" in found.reason


def test_a_damaged_archive_is_refused(root):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.xml", ET.tostring(root))
    data = bytearray(packed.getvalue())
    data[60:90] = bytes(30)
    encrypted = bytearray(packed.getvalue())
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    encrypted[6] |= 1
    for spoilt in (data, encrypted):
        with pytest.raises(ExchangeError, match="export the task as"):
            list(read(bytes(spoilt)))
