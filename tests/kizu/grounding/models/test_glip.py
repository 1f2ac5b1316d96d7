import sys
from textwrap import dedent

import numpy as np
import pytest

from kizu.grounding import (
    AnnotationFailure,
    GroundingSettings,
    GroundingUnavailable,
    WeightsUnavailable,
    annotator_version,
    load_annotator,
)
from kizu.grounding.errors import ImageFailure
from kizu.grounding.models.glip import WorkerProcess, allowed_python, check_allowed_files

FAKE_MMDET = """
    import os
    import numpy as np
    print("a library that chats on standard output")

    class Instances:
        def __init__(self, bboxes, labels):
            self.bboxes = np.array(bboxes, float)
            self.scores = np.full(len(bboxes), 0.75)
            self.labels = np.array(labels, int)

    class Result:
        def __init__(self, instances):
            self.pred_instances = instances

    def init_detector(config, checkpoint, device):
        if "broken" in open(config).read():
            raise ValueError("this config is broken")
        return device

    def inference_detector(model, image, text_prompt, custom_entities):
        # a stand-in for GLIP: the brightest blue spot, for each entity of the prompt
        assert model == "cpu" and custom_entities
        entities = text_prompt.split(". ")
        if "explode" in entities:
            raise RuntimeError("CUDA out of memory")
        if "die" in entities:
            os._exit(3)
        rows, columns = np.nonzero(image[..., 0] > 200)  # channel 0 is blue: images are BGR
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return Result(Instances([box] * len(entities), range(len(entities))))
"""


@pytest.fixture
def mmdet_settings(tmp_path, monkeypatch):
    """Settings for an interpreter that has the stand-in as its MMDetection."""
    package = tmp_path / "site" / "mmdet"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "apis.py").write_text(dedent(FAKE_MMDET))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("KIZU_MMDET_PYTHON", sys.executable)
    monkeypatch.setenv("KIZU_MMDET_MODELS", str(tmp_path))
    (tmp_path / "glip.pth").write_bytes(b"weights")
    (tmp_path / "config.py").write_text("# a config")
    return GroundingSettings(
        annotator="glip",
        detector_weights=str(tmp_path / "glip.pth"),
        mmdet_python=sys.executable,
        mmdet_config=str(tmp_path / "config.py"),
        device="cpu",
        nms_iou=1.0,
    )


@pytest.fixture
def glip(mmdet_settings):
    annotator = load_annotator("glip", mmdet_settings)
    yield annotator
    annotator.system.detector.process.stop()


def image_with_blue_spot():
    image = np.zeros((60, 100, 3), np.uint8)
    image[10:20, 70:95, 2] = 255
    return image


def test_boxes_come_back_in_pixels_with_the_callers_phrases(glip):
    (result,) = glip.annotate([image_with_blue_spot()], [["A scratch.", "a chip"]])
    assert result.xyxy.tolist() == [[70, 10, 95, 20]] * 2
    assert result.phrase == ("A scratch.", "a chip")
    assert result.confidence.tolist() == [0.75, 0.75]


def test_one_images_failure_spares_the_others(glip):
    first, second = glip.annotate([image_with_blue_spot()] * 2, [["explode"], ["a chip"]])
    assert first == AnnotationFailure("glip: MMDetection failed: RuntimeError: CUDA out of memory")
    assert len(second) == 1


def test_a_phrase_without_a_word_fails_its_image(glip):
    (result,) = glip.annotate([image_with_blue_spot()], [["a chip", "..."]])
    assert "the phrase '...' has no word" in result.reason


def test_a_process_that_dies_is_reported_with_its_exit_code(glip):
    with pytest.raises(GroundingUnavailable, match="ended with code 3"):
        glip.annotate([image_with_blue_spot()], [["die"]])


def test_a_config_that_does_not_load_is_reported_with_its_error(mmdet_settings, tmp_path):
    (tmp_path / "config.py").write_text("broken")
    with pytest.raises(GroundingUnavailable, match="ValueError: this config is broken"):
        load_annotator("glip", mmdet_settings)


def test_an_environment_without_mmdetection_is_reported(mmdet_settings, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")
    with pytest.raises(GroundingUnavailable, match="No module named 'mmdet'"):
        load_annotator("glip", mmdet_settings)


def test_an_interpreter_that_is_not_there_is_named(mmdet_settings, monkeypatch):
    monkeypatch.setenv("KIZU_MMDET_PYTHON", "/nowhere/python")
    settings = mmdet_settings.model_copy(update={"mmdet_python": None})
    with pytest.raises(GroundingUnavailable, match="cannot start '/nowhere/python'"):
        load_annotator("glip", settings)


@pytest.mark.parametrize("allowed", ["", "/usr/bin/python3:/opt/other/python"])
@pytest.mark.parametrize("asked", ["touch", "/bin/sh", "{allowed}/../../../bin/sh", None])
def test_no_spec_starts_what_the_machine_does_not_allow(allowed, asked):
    environment = {"KIZU_MMDET_PYTHON": allowed}
    path = asked and asked.format(allowed=allowed.split(":")[0])
    with pytest.raises(GroundingUnavailable, match="KIZU_MMDET_PYTHON to its path"):
        allowed_python(path, environment)


def test_the_only_interpreter_that_is_allowed_need_not_be_named():
    assert allowed_python(None, {"KIZU_MMDET_PYTHON": "/opt/a/python"}) == "/opt/a/python"
    two = {"KIZU_MMDET_PYTHON": "/opt/a/python:/opt/b/python"}
    assert allowed_python("/opt/b/python", two) == "/opt/b/python"


def test_no_file_from_elsewhere_is_run_as_code(tmp_path):
    allowed, outside = tmp_path / "models", tmp_path / "config.py"
    allowed.mkdir()
    outside.touch()
    (allowed / "link.py").symlink_to(outside)
    (allowed / "config.py").touch()
    environment = {"KIZU_MMDET_MODELS": str(allowed)}
    check_allowed_files(allowed / "config.py", environment=environment)
    for file in (outside, allowed / "link.py", allowed / ".." / "config.py"):
        with pytest.raises(GroundingUnavailable, match="KIZU_MMDET_MODELS to its folder"):
            check_allowed_files(file, environment=environment)
    with pytest.raises(GroundingUnavailable, match=r"runs .* as code"):
        check_allowed_files(allowed / "config.py", environment={})


@pytest.mark.parametrize(
    "answer", ["not JSON", "[]", "null", '{"error": 3}', '{"xyxy": [[1, 2, 3]]}', '{"xyxy": "all"}']
)
def test_a_process_that_answers_otherwise_fails_the_image_alone(answer):
    process = WorkerProcess([sys.executable, "-c", f"print({answer!r})"])
    with pytest.raises(ImageFailure, match="glip: the answer is not what was asked for"):
        process.receive(60)
    process.stop()


def test_a_process_that_says_nothing_is_stopped():
    process = WorkerProcess([sys.executable, "-c", "input(); input()"])
    with pytest.raises(GroundingUnavailable, match="gave no answer for 0 s and was stopped"):
        process.receive(0.05)
    assert not process.stop.alive


def test_missing_settings_are_named_before_anything_starts():
    with pytest.raises(GroundingUnavailable, match=r"set grounding\.mmdet_config"):
        load_annotator("glip")


def test_a_missing_checkpoint_is_named(mmdet_settings, tmp_path):
    (tmp_path / "glip.pth").unlink()
    with pytest.raises(WeightsUnavailable, match=r"there is no file .*glip\.pth"):
        annotator_version(mmdet_settings)


def test_the_version_changes_with_the_config(mmdet_settings, tmp_path):
    before = annotator_version(mmdet_settings)
    (tmp_path / "config.py").write_text("# another config")
    assert annotator_version(mmdet_settings) != before
