import json
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from pydantic import ValidationError

from kizu.grounding import GroundingSettings, WeightsUnavailable, annotator_version, load_annotator
from kizu.grounding.registry import DETECTORS, SEGMENTERS, TEXT_SEGMENTERS

SYSTEMS = [*DETECTORS.values(), *SEGMENTERS.values(), *TEXT_SEGMENTERS.values()]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_every_row_names_a_module_that_loads_the_system(system):
    module = import_module(f"kizu.grounding.{system.module}")
    assert callable(module.load)
    assert callable(getattr(module, "identity", None)) == system.is_outside


def test_no_two_systems_have_one_name():
    names = [system.name for system in SYSTEMS]
    assert len(set(names)) == len(names)


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match=r"unknown annotator 'gronding'.*grounding-dino.*sam"):
        load_annotator("gronding")


def test_a_segmenter_alone_is_no_annotator():
    with pytest.raises(ValueError, match="unknown annotator 'sam'"):
        load_annotator("sam")


def test_settings_refuse_an_unknown_annotator_before_anything_is_spent():
    with pytest.raises(ValidationError, match="unknown annotator 'dino'"):
        GroundingSettings(annotator="dino")


def test_settings_refuse_a_phrase_threshold_above_one():
    with pytest.raises(ValidationError, match="'a chip' has 40"):
        GroundingSettings(phrase_thresholds={"a chip": 40})


def test_every_setting_has_a_title_and_a_description_for_the_form():
    for name, field in GroundingSettings.model_fields.items():
        assert field.title, name
        assert field.description, name


def test_none_finds_nothing_in_every_image():
    images = [np.zeros((4, 6, 3), np.uint8), np.zeros((5, 5, 3), np.uint8)]
    results = load_annotator("none").annotate(images, [["a"], ["b"]])
    assert [len(result) for result in results] == [0, 0]


def test_importing_the_room_imports_no_heavy_package():
    code = (
        "import sys, kizu.grounding; "
        "print([m for m in ('torch', 'transformers', 'openai', 'huggingface_hub') "
        "if m in sys.modules])"
    )
    printed = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "[]"


def test_version_is_json_and_changes_with_what_changes_results(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    settings = GroundingSettings(annotator="grounding-dino", detector_weights=str(tmp_path))
    version = annotator_version(settings)
    assert json.loads(version)["detector"].startswith("sha256:")
    assert annotator_version(settings.model_copy(update={"nms_iou": 0.4})) != version
    assert annotator_version(settings.model_copy(update={"device": "cpu"})) == version
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    assert annotator_version(settings) != version


def test_version_does_not_depend_on_where_the_weights_lie(tmp_path):
    versions = set()
    for name in ("here", "there"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
        versions.add(
            annotator_version(
                GroundingSettings(annotator="grounding-dino", detector_weights=str(folder))
            )
        )
    assert len(versions) == 1


def test_a_missing_folder_is_named_with_the_way_out():
    settings = GroundingSettings(detector_weights="./nowhere/dino")
    with pytest.raises(WeightsUnavailable, match=r"'./nowhere/dino' does not exist; correct"):
        load_annotator("grounding-dino+sam", settings)


def test_a_folder_without_weights_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(WeightsUnavailable, match="holds no weights"):
        load_annotator("grounding-dino", GroundingSettings(detector_weights=str(tmp_path)))


def test_an_offline_machine_answers_within_seconds(tmp_path):
    code = (
        "import time; from kizu.grounding import *; start = time.monotonic()\n"
        "try: annotator_version(GroundingSettings())\n"
        "except WeightsUnavailable as error: print(error)\n"
        "print(time.monotonic() - start < 10)"
    )
    environment = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    printed = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    ).stdout
    sentence, in_time = printed.strip().split("\n")
    assert "grounding-dino: the weights 'IDEA-Research/grounding-dino-tiny' are not" in sentence
    assert "copy the model's folder here" in sentence
    assert in_time == "True"
