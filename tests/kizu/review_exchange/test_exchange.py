"""Out to a tool and back: what people judged there becomes decisions, each once."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

from kizu.agree.verdict import Verdict
from kizu.cli import app
from kizu.export import ExportError
from kizu.imaging.brush_rle import decode_brush, encode_brush
from kizu.imaging.cvat_rle import encode_cvat, paint_cvat
from kizu.publish.dataset import DatasetError
from kizu.publish.frames import PublishedFrame
from kizu.publish.samples import made_label, published_picture
from kizu.review import record_decision
from kizu.review_exchange import TOOLS, ExchangeError, export_review


class LabelStudio:
    """A person in Label Studio: starts from the last prediction, and exports as JSON."""

    tool = "label-studio"

    def __init__(self, folder):
        self.tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
        for number, task in enumerate(self.tasks, start=1):
            task |= {"id": number, "annotations": []}

    @property
    def sample_ids(self):
        return [task["data"]["sample_id"] for task in self.tasks]

    def judge(self, sample_id, verdict, *, mask=None, note="", at="2026-01-01", **told):
        [task] = [each for each in self.tasks if each["data"]["sample_id"] == sample_id]
        result = json.loads(json.dumps(task["predictions"][-1]["result"]))
        if mask is not None:
            result[0]["value"]["rle"] = encode_brush(mask)
        if verdict:
            result.append(
                {"from_name": "verdict", "type": "choices", "value": {"choices": [verdict]}}
            )
        if note:
            result.append({"from_name": "note", "type": "textarea", "value": {"text": [note]}})
        task["annotations"].append(
            {"completed_by": 1, "updated_at": at, "was_cancelled": False, "result": result} | told
        )

    def relabel(self, sample_id, label):
        [task] = [each for each in self.tasks if each["data"]["sample_id"] == sample_id]
        for region in task["annotations"][0]["result"]:
            if region["type"] == "brushlabels":
                region["value"]["brushlabels"] = [label]

    def shown(self, sample_id, shape):
        [task] = [each for each in self.tasks if each["data"]["sample_id"] == sample_id]
        return decode_brush(task["predictions"][-1]["result"][0]["value"]["rle"], shape)

    def rename(self, sample_id, other):
        [task] = [each for each in self.tasks if each["data"]["sample_id"] == sample_id]
        task["data"]["sample_id"] = other

    def export(self):
        return json.dumps(self.tasks).encode()


class Cvat:
    """A person in CVAT, who exports as "CVAT for images 1.1"."""

    tool = "cvat"

    def __init__(self, folder):
        self.root = ET.parse(folder / "annotations.xml").getroot()  # noqa: S314 - ours

    @property
    def sample_ids(self):
        return [self._id(image) for image in self.root.iter("image")]

    @staticmethod
    def _id(image):
        return image.get("name").rsplit(".", 2)[0]

    def _image(self, sample_id):
        return next(each for each in self.root.iter("image") if self._id(each) == sample_id)

    def judge(self, sample_id, verdict, *, mask=None, note=""):
        image = self._image(sample_id)
        told = {each.get("name"): each for each in image.iter("attribute")}
        told["verdict"].text, told["note"].text = verdict or "undecided", note
        if mask is not None:
            image.find("mask").attrib.update(encode_cvat(mask))

    def relabel(self, sample_id, label):
        self._image(sample_id).find("mask").set("label", label)

    def shown(self, sample_id, shape):
        mask = np.zeros(shape, np.bool_)
        for found in self._image(sample_id).iter("mask"):
            paint_cvat(found.attrib, mask)
        return mask

    def rename(self, sample_id, other):
        image = self._image(sample_id)
        image.set("name", image.get("name").replace(sample_id, other))

    def export(self):
        return ET.tostring(self.root)


PEOPLE = {"label-studio": LabelStudio, "cvat": Cvat}


@pytest.fixture(params=TOOLS)
def tool(request):
    return request.param


@pytest.fixture
def person(tool, exported):
    return PEOPLE[tool](exported(tool))


@pytest.fixture
def samples(build):
    return build()


def other_mask(outputs):
    """A mask that is not the sample's: a ring, a line of one pixel, and a pixel in the corner."""
    mask = np.zeros_like(made_label(outputs))
    mask[10:50, 20:70] = True
    mask[20:40, 30:60] = False
    mask[np.arange(40), np.arange(40) + 10] = True
    mask[-1, -1] = True
    return mask


def test_every_sample_to_review_goes_over_with_its_picture_and_its_mask(
    tool, exported, samples, pictures
):
    folder = exported(tool)
    person = PEOPLE[tool](folder)
    assert sorted(person.sample_ids) == sorted(samples)
    assert len(pictures(folder)) == 4
    for sample_id, outputs in samples.items():
        made = made_label(outputs)
        assert made.any()
        assert np.array_equal(person.shown(sample_id, made.shape), made)


def test_the_picture_is_the_published_one(exported, samples, pictures, tool):
    found = pictures(exported(tool))
    for sample_id, outputs in samples.items():
        [picture] = [each for name, each in found.items() if name.startswith(f"{sample_id}.")]
        published = published_picture(outputs, PublishedFrame(outputs)).image
        assert np.array_equal(picture, published)


def test_untouched_tasks_bring_nothing(person, take_back, store):
    found = take_back(person.tool, person.export())
    assert (found.recorded, found.known, found.left_out) == (0, 0, ())
    assert list(store.list("decisions")) == []


def test_what_is_judged_unchanged_is_a_decision_without_a_mask(person, take_back, samples, fresh):
    first, second, *_ = samples
    person.judge(first, "accept")
    person.judge(second, "reject", note="looks painted")
    assert take_back(person.tool, person.export()).recorded == 2
    accepted, rejected = (fresh(samples[each]).decision for each in (first, second))
    assert (accepted.verdict, accepted.reviewed_by, accepted.mask) == ("accept", "Aiko", None)
    assert (rejected.verdict, rejected.note, rejected.drawn) == (
        "reject",
        "looks painted",
        "chosen",
    )


def test_a_redrawn_mask_comes_back_pixel_for_pixel(person, take_back, samples, fresh):
    sample_id, outputs = next(iter(samples.items()))
    drawn = other_mask(outputs)
    person.judge(sample_id, "accept", mask=drawn)
    assert take_back(person.tool, person.export()).recorded == 1
    decision = fresh(outputs).decision
    assert np.array_equal(decision.label(), drawn)
    assert decision.drawn_iou < 0.5


def test_the_same_file_twice_records_nothing_new(person, take_back, samples, store):
    for sample_id in samples:
        person.judge(sample_id, "accept")
    take_back(person.tool, person.export())
    again = take_back(person.tool, person.export())
    assert (again.recorded, again.known) == (0, 4)
    assert len(list(store.list("decisions"))) == 4


def test_a_later_file_brings_what_changed_and_no_more(person, take_back, samples, fresh, store):
    first, second, *_ = samples
    person.judge(first, "accept")
    earlier = person.export()
    take_back(person.tool, earlier)
    person.judge(second, "accept")
    assert take_back(person.tool, person.export()).recorded == 1
    for verdict, at in (("reject", "2026-01-02"), ("accept", "2026-01-03")):
        told = {"at": at} if person.tool == "label-studio" else {}
        person.judge(first, verdict, **told)
        assert take_back(person.tool, person.export()).recorded == 1
        assert fresh(samples[first]).decision.verdict == verdict
    assert take_back(person.tool, earlier).recorded == 0
    assert len(list(store.list("decisions"))) == 4


def test_what_was_decided_here_since_is_not_undone_by_the_same_judgement(
    person, take_back, samples, fresh
):
    first, second, *_ = samples
    person.judge(first, "accept")
    take_back(person.tool, person.export())
    record_decision(samples[first], Verdict.REJECT, "Aiko")
    person.judge(second, "accept")
    assert take_back(person.tool, person.export()).recorded == 1
    assert fresh(samples[first]).decision.verdict == "reject"


def test_a_mask_drawn_here_and_shown_there_stays_the_label(
    tool, build, exported, take_back, samples, fresh
):
    sample_id, outputs = next(iter(samples.items()))
    drawn = other_mask(outputs)
    record_decision(outputs, Verdict.ACCEPT, "Ben", mask=drawn)
    build()
    person = PEOPLE[tool](exported(tool, "again", also=[Verdict.ACCEPT]))
    assert np.array_equal(person.shown(sample_id, drawn.shape), drawn)
    person.judge(sample_id, "accept")
    assert take_back(tool, person.export()).recorded == 1
    decision = fresh(outputs).decision
    assert decision.reviewed_by == "Aiko"
    assert np.array_equal(decision.label(), drawn)


def test_a_sample_whose_mask_changed_since_is_left_out_by_name(person, take_back, samples, build):
    for sample_id in samples:
        person.judge(sample_id, "accept")
    build(diff={"min_area_px": 60})
    found = take_back(person.tool, person.export())
    assert found.recorded == 0
    assert len(found.left_out) == 4
    for sample_id in samples:
        assert any(sample_id in each.name for each in found.left_out)
    assert all("another one since it was exported" in each.reason for each in found.left_out)


def test_a_task_that_is_spoilt_costs_no_other(person, take_back, samples, fresh):
    first, second, third, fourth = samples
    person.judge(first, "accept")
    person.judge(second, "perhaps")
    person.judge(third, "accept", mask=np.zeros_like(made_label(samples[third])))
    person.judge(fourth, "accept")
    person.rename(fourth, "nobody-knows-it")
    found = take_back(person.tool, person.export())
    assert found.recorded == 1
    assert fresh(samples[first]).decision is not None
    reasons = {each.name: each.reason for each in found.left_out}
    assert len(reasons) == 3
    for name, reason in (
        (second, "neither accepted nor rejected (chosen: perhaps)"),
        (third, "accepted with no mask in it"),
        ("nobody-knows-it", "has no sample 'nobody-knows-it'"),
    ):
        assert any(name in task and reason in why for task, why in reasons.items())


def test_a_mask_in_a_picture_of_another_size_is_left_out(person, take_back, samples):
    sample_id = next(iter(samples))
    person.judge(sample_id, "accept")
    turned = person.export().replace(b'"original_width": 96', b'"original_width": 95')
    turned = turned.replace(b'width="96" height="96"', b'width="95" height="96"')
    found = take_back(person.tool, turned)
    assert found.recorded == 0
    assert "(96, 95)" in found.left_out[0].reason


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\xff", b"{}", b"<a/>", b'{"images": []}', b"PK\x05\x06" + bytes(18), b"[" * 99_999],
)
def test_a_file_of_another_kind_is_refused_whole(tool, build, take_back, data):
    build()
    with pytest.raises(ExchangeError, match="export the"):
        take_back(tool, data)


def test_an_unknown_tool_lists_those_there_are(build, store, tmp_path, take_back):
    build()
    with pytest.raises(ExchangeError, match="choose one of label-studio, cvat"):
        export_review(store, "plates", "paint", tmp_path / "out")
    with pytest.raises(ExchangeError, match="choose one of label-studio, cvat"):
        take_back("paint", b"")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over_what_is_there(tool, build, store, tmp_path):
    build()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="is not an empty folder"):
        export_review(store, "plates", tool, tmp_path)


def test_a_dataset_that_was_never_built_is_named(tool, store, tmp_path, take_back):
    with pytest.raises(DatasetError, match="no build of 'plates'"):
        export_review(store, "plates", tool, tmp_path / "out")
    with pytest.raises(DatasetError, match="no build of 'plates'"):
        take_back(tool, b"[]")
    assert not (tmp_path / "out").exists()


def test_the_commands_say_how_many_went_and_came_and_what_was_left_out(
    tool, build, store, tmp_path, samples
):
    build()
    folder, file = tmp_path / "out", tmp_path / "file"
    where = ("--store", store.url)
    went = CliRunner().invoke(app, ["review-export", "plates", str(folder), "--to", tool, *where])
    assert f"Wrote 4 samples of plates to {folder}." in went.stdout
    first, second, *_ = samples
    person = PEOPLE[tool](folder)
    person.judge(first, "accept")
    person.judge(second, "perhaps")
    file.write_bytes(person.export())
    words = ["review-import", "plates", str(file), "--from", tool, "--reviewer", "Aiko", *where]
    came = CliRunner().invoke(app, words)
    assert came.exit_code == 0
    assert "Recorded 1 decisions on plates; 0 were known." in came.stdout
    assert second in came.stderr
    assert "choose one" in came.stderr
    assert "Recorded 0 decisions on plates; 1 were known." in CliRunner().invoke(app, words).stdout


def test_what_was_decided_since_the_build_waits_for_nobody(tool, exported, samples):
    first, *others = samples
    record_decision(samples[first], Verdict.ACCEPT, "Ben")
    assert sorted(PEOPLE[tool](exported(tool)).sample_ids) == sorted(others)


def test_a_mask_of_another_class_is_left_out_unless_the_sample_is_rejected(
    person, take_back, samples, fresh
):
    first, second, *_ = (each for each in samples if "hole" in each)
    person.judge(first, "accept")
    person.judge(second, "reject")
    for sample_id in (first, second):
        person.relabel(sample_id, "stain")
    found = take_back(person.tool, person.export())
    assert found.recorded == 1
    assert fresh(samples[second]).decision.verdict == "reject"
    [left_out] = found.left_out
    assert first in left_out.name
    assert "its mask is labelled stain, the sample is a hole" in left_out.reason


def test_a_sample_in_two_tasks_of_a_file_is_known_the_second_time(exported, take_back, samples):
    person = LabelStudio(exported("label-studio"))
    sample_id = next(iter(samples))
    person.judge(sample_id, "accept")
    [task] = [each for each in person.tasks if each["annotations"]]
    other = json.loads(json.dumps(task))
    other["annotations"][0]["result"][-1]["value"]["choices"] = ["reject"]
    person.tasks.append(other)
    found = [take_back("label-studio", person.export()) for _ in range(2)]
    assert [(each.recorded, each.known) for each in found] == [(2, 0), (0, 2)]
