"""What a build needs, looked at before it starts."""

import socket
from dataclasses import replace
from datetime import date

import pytest

from kizu.checks import (
    SMALL_PX,
    Check,
    State,
    check_annotators,
    check_build,
    check_editor,
    check_photos,
    check_prefect,
    check_space,
    check_store,
    deep_photos,
    worst,
)
from kizu.planning import estimate_build, plan_samples
from kizu.sources import Inventory, NormalImage, Skipped
from kizu.spec import DatasetSpec
from kizu.store import Store

TODAY = date(2026, 11, 29)


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch):
    for name in ("PREFECT_API_URL", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def closed_port():
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def photo(number, side=640):
    digest = f"{number:064d}"
    return NormalImage(digest, digest, f"{number}.png", side, side)


def inventory(count=3, side=640, skipped=()):
    return Inventory.of([*(photo(number, side) for number in range(count)), *skipped])


def spec_of(editor="painter", annotator="none", **fields):
    return DatasetSpec.parse(
        {
            "name": "mugs",
            "images": {"path": "photos"},
            "defects": [{"defect_type": "hole", "prompt": "a hole"}],
            "editor": editor,
            "grounding": {"annotator": annotator},
            **fields,
        }
    )


def test_photos_are_counted_and_those_that_cannot_be_used_too():
    assert check_photos(inventory()) == Check("photos", State.READY, "3 can be used")
    found = check_photos(inventory(skipped=[Skipped("broken.png", "the file is empty")]))
    assert found.state is State.WARNING
    assert "3 can be used, 1 cannot" in found.sentence
    assert check_photos(inventory(0)).state is State.PROBLEM


def test_small_photos_are_said_to_be_small():
    assert "they are small (shorter side 128 px)" in check_photos(inventory(side=128)).sentence
    assert check_photos(inventory(side=SMALL_PX)).state is State.READY


def test_photos_of_16_bits_that_have_no_common_scale_are_counted_with_the_setting_to_write():
    deep = [replace(photo(number), is_deep=True) for number in (7, 8)]
    mixed = Inventory.of([photo(1), *deep])
    assert deep_photos(mixed, None).startswith("16-bit photos: 2; ")
    assert "images.depth_bits" in deep_photos(mixed, None)
    assert deep_photos(mixed, 12) == deep_photos(inventory(), None) == ""


def test_an_annotator_without_weights_says_what_adds_them(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    [found] = check_annotators(spec_of(annotator="grounding-dino+sam"))
    assert found.state is State.WARNING
    unknown = "size unknown: the hub does not answer"
    assert found.steps == (
        f"hf download IDEA-Research/grounding-dino-tiny  # {unknown}",
        f"hf download facebook/sam-vit-base  # {unknown}",
    )
    assert "Without one every clear change waits for a person" in found.sentence


def test_the_demonstration_weights_are_here_and_are_called_that():
    [found] = check_annotators(spec_of(annotator="demo-grounding-dino+demo-sam"))
    assert (found.state, "five words" in found.sentence) == (State.WARNING, True)


def test_without_an_annotator_it_is_said_what_becomes_of_clear_changes():
    [found] = check_annotators(spec_of(agree={"without_grounding": "accept"}))
    assert "Clear changes are accepted without one" in found.sentence


def test_the_painter_works_everywhere_and_a_model_needs_a_key(monkeypatch, closed_port):
    assert check_editor(spec_of()).state is State.READY
    found = check_editor(spec_of("gpt-image"))
    assert (found.state, "AZURE_OPENAI_ENDPOINT" in found.sentence) == (State.PROBLEM, True)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"https://127.0.0.1:{closed_port}")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "0123456789abcdef")
    found = check_editor(spec_of("gpt-image"))
    assert (found.state, "does not answer" in found.sentence) == (State.PROBLEM, True)


def test_a_store_is_written_to_and_left_as_it_was(store, tmp_path):
    assert check_store(store).state is State.READY
    assert not list((tmp_path / "store").rglob("*.json"))
    (tmp_path / "a file").write_text("no folder")
    assert check_store(Store(str(tmp_path / "a file"))).state is State.PROBLEM


def test_the_space_that_the_plan_needs_is_held_against_what_is_free(store, monkeypatch):
    spec, found = spec_of(), inventory(side=1024)
    estimate = estimate_build(spec, plan_samples(spec, found.images), 3, store)
    assert check_space(store, found, estimate).state is State.READY
    monkeypatch.setattr(Store, "free_bytes", lambda _: 1024)
    full = check_space(store, found, estimate)
    assert full.state is State.PROBLEM
    assert "make room, or name another store" in full.sentence
    monkeypatch.setattr(Store, "free_bytes", lambda _: None)
    assert "the store has no end" in check_space(store, found, estimate).sentence


def test_a_server_that_is_named_has_to_answer(monkeypatch, closed_port):
    assert check_prefect().state is State.READY
    monkeypatch.setenv("PREFECT_API_URL", f"http://user:secret@127.0.0.1:{closed_port}/api")
    found = check_prefect()
    assert found.state is State.PROBLEM
    assert f"no server answers at 127.0.0.1:{closed_port}" in found.sentence
    assert "secret" not in found.sentence


def test_all_of_it_is_looked_at_and_the_worst_counts(store):
    spec = spec_of("gpt-image")
    found = inventory()
    estimate = estimate_build(spec, plan_samples(spec, found.images), 3, store)
    checks = list(check_build(spec, found, estimate, store, TODAY))
    kinds = {"photos", "annotator", "editor", "store", "space", "effort", "prefect"}
    assert {check.what for check in checks} >= kinds
    assert worst(checks) is State.PROBLEM
    assert worst([check for check in checks if check.state is not State.PROBLEM]) is State.WARNING
