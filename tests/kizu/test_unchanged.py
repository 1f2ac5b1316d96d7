"""A build that has nothing to do is told from every other one, without reading what is known."""

import os
import posixpath
import shutil
import uuid
from collections import Counter
from pathlib import Path

import fsspec
import pytest
from bare_build import bare_build
from reviewed import surface

from kizu.edit.storage import sidecar_path
from kizu.imaging.codecs import encode_png
from kizu.intake import list_photos, open_inventory, take_in_files
from kizu.outputs import SampleOutputs
from kizu.publish.layout import VersionFolder, latest_path
from kizu.publish.version import last_build
from kizu.review import Draw, Drawn, decision_folder, record_decision
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.unchanged import find_unchanged


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder with two photos of long ago, and the store with the version that they made."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "photos").mkdir()
    for name, seed in (("a.png", 1), ("b.png", 2)):
        write_photo(folder / "photos" / name, seed)
    bare_build(spec_in(folder), Store(str(folder / "store")))
    return folder


def write_photo(file, seed):
    file.write_bytes(encode_png(surface(seed, 96)))
    os.utime(file, (1e9, 1e9))


def spec_in(folder, **more):
    return DatasetSpec.parse(
        {
            "name": "plates",
            "images": {"path": str(folder / "photos"), "category": "plate"},
            "defects": [
                {"defect_type": "hole", "prompt": "a deep hole"},
                {"defect_type": "stain", "prompt": "a brown stain"},
            ],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
            **more,
        }
    )


@pytest.fixture
def built(first, tmp_path):
    """A store with a version, moved with all its times to a folder of its own.

    The addresses in the report are others there, so that it is drawn once more.
    """
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    store = Store(str(tmp_path / "store"))
    bare_build(spec_in(tmp_path), store)
    assert find_unchanged(spec_in(tmp_path), store) is not None
    return store


def sample_of(store):
    shard, sample, _ = last_build(store, "plates").open_samples(store)[0]
    return SampleOutputs(store, shard, sample)


def is_unchanged(tmp_path, store, **more):
    return find_unchanged(spec_in(tmp_path, **more), store) is not None


def test_nothing_to_do_is_told_with_what_was_made(built, tmp_path):
    _, made = bare_build(spec_in(tmp_path), built)
    found = find_unchanged(spec_in(tmp_path), built)
    assert found.model_copy(update={"stages": ()}) == made
    assert {(stage.made, stage.kept) for stage in found.stages} == {(0, made.samples)}
    assert (made.is_new, made.samples, made.failed) == (False, 4, 0)


def test_a_first_build_has_all_to_do(photos, tmp_path):
    assert len(list(photos.iterdir())) == 2
    assert not is_unchanged(tmp_path, Store(str(tmp_path / "store")))


@pytest.mark.parametrize("stage", ["diff", "fuse", "verdict"])
def test_a_lost_or_damaged_record_of_a_stage_is_to_be_made_anew(built, tmp_path, stage):
    path = next(p for p in built.list(f"stages/{stage}") if p.endswith("record.json"))
    data = built.read(path)
    built.write(path, data[:-9])
    assert not is_unchanged(tmp_path, built)
    plan, _ = bare_build(spec_in(tmp_path), built)
    assert (plan.to_do, built.read(path)) == (1, data)
    built.remove(path)
    assert not is_unchanged(tmp_path, built)


def test_a_lost_edit_is_to_be_made_anew(built, tmp_path):
    built.remove(sidecar_path(sample_of(built).sample.request.key))
    assert not is_unchanged(tmp_path, built)
    assert bare_build(spec_in(tmp_path), built)[0].to_do == 1


def test_a_sample_that_failed_is_tried_again(built, tmp_path):
    """A photo more, whose edits are not there, stands for samples that failed."""
    write_photo(tmp_path / "photos" / "c.png", 3)
    plan, _ = bare_build(spec_in(tmp_path), built)
    assert plan.to_do == 2
    lost = last_build(built, "plates").open_samples(built)[-1][1]
    built.remove(sidecar_path(lost.request.key))
    assert not is_unchanged(tmp_path, built)


def test_a_decision_is_to_be_published(built, tmp_path):
    record_decision(sample_of(built), "reject", "Aki")
    assert not is_unchanged(tmp_path, built)
    _, second = bare_build(spec_in(tmp_path), built)
    assert (second.is_new, second.rejected) == (True, 1)
    assert is_unchanged(tmp_path, built)


def test_a_damaged_decision_keeps_the_build_from_being_done(built, tmp_path):
    outputs = sample_of(built)
    record_decision(outputs, "reject", "Aki")
    bare_build(spec_in(tmp_path), built)
    [path] = built.list(decision_folder(outputs))
    built.write(path, b"{}")
    assert not is_unchanged(tmp_path, built)


def test_a_random_draw_that_is_judged_makes_a_certificate_due(built, tmp_path):
    outputs = sample_of(built)
    folder = decision_folder(outputs)
    draw = Draw(
        dataset="plates",
        stratum="accepted",
        number=1,
        drawn_at="2026-01-01",
        population=4,
        members=(folder,),
        makers=(outputs.made_by,),
    )
    built.create_json("reviews/plates/draws/00000001.json", draw.model_dump(mode="json"))
    assert not is_unchanged(tmp_path, built)
    bare_build(spec_in(tmp_path), built)
    record_decision(outputs, "accept", "Aki", drawn=Drawn.RANDOM)
    assert not is_unchanged(tmp_path, built)


def test_what_is_lost_of_the_version_is_published_anew(built, tmp_path):
    version = VersionFolder("plates", last_build(built, "plates").version)
    built.remove(next(built.list("datasets/plates/files/masks")))
    assert not is_unchanged(tmp_path, built)
    bare_build(spec_in(tmp_path), built)
    built.write(version.path("samples.parquet"), b"")
    assert not is_unchanged(tmp_path, built)


def test_a_lost_report_is_drawn_anew(built, tmp_path):
    version = VersionFolder("plates", last_build(built, "plates").version)
    built.remove(version.report("index.ja.html"))
    assert not is_unchanged(tmp_path, built)


def test_the_report_of_an_earlier_kizu_is_drawn_anew(built, tmp_path, monkeypatch):
    monkeypatch.setattr("kizu.report.drawn.version_of", lambda _: "999.0")
    assert not is_unchanged(tmp_path, built)


@pytest.mark.parametrize("suffix", [".webp", ".js"])
def test_a_lost_card_is_drawn_anew_and_no_other_is(built, tmp_path, suffix):
    cards = built.sizes("reports/plates/cards")
    lost = next(path for path in sorted(cards) if path.endswith(suffix))
    built.remove(lost)
    kept = {path: entry["mtime"] for path, entry in built.entries("reports/plates/cards").items()}
    assert not is_unchanged(tmp_path, built)
    bare_build(spec_in(tmp_path), built)
    assert built.sizes("reports/plates/cards") == cards
    now = {path: entry["mtime"] for path, entry in built.entries("reports/plates/cards").items()}
    partner = posixpath.splitext(lost)[0]
    assert {path for path in kept if kept[path] != now[path]} <= {
        f"{partner}.webp",
        f"{partner}.js",
    }
    assert is_unchanged(tmp_path, built)


def test_another_latest_version_is_left_to_the_build(built, tmp_path):
    built.write_json(latest_path("plates"), {"version": "0" * 12})
    assert not is_unchanged(tmp_path, built)


@pytest.mark.parametrize("change", [{"seed": 7}, {"agree": {"without_grounding": "review"}}])
def test_another_setting_is_left_to_the_build(built, tmp_path, change):
    assert not is_unchanged(tmp_path, built, **change)


def test_a_photo_that_came_went_or_changed_is_left_to_the_build(built, tmp_path):
    write_photo(tmp_path / "photos" / "c.png", 3)
    assert not is_unchanged(tmp_path, built)
    (tmp_path / "photos" / "c.png").unlink()
    assert is_unchanged(tmp_path, built)
    (tmp_path / "photos" / "b.png").write_bytes(encode_png(surface(4, 96)))
    assert not is_unchanged(tmp_path, built)


def test_a_photo_that_was_only_touched_is_read_and_known(built, tmp_path):
    (tmp_path / "photos" / "b.png").touch()
    assert is_unchanged(tmp_path, built)


def test_what_the_index_says_is_rebuilt_without_it(built, tmp_path):
    for path in ["builds/seen/plates.json", *built.list("builds/photos")]:
        built.write(path, b"{}")
    assert not is_unchanged(tmp_path, built)
    plan, summary = bare_build(spec_in(tmp_path), built)
    assert (plan.to_do, summary.is_new) == (4, False)
    assert is_unchanged(tmp_path, built)


@pytest.fixture
def asked(monkeypatch):
    """How often an object store is asked, by kind of call."""
    files = fsspec.get_filesystem_class("objects")
    counted = Counter()

    def counting(name, call):
        def counts(self, path, *args, **options):
            counted[name] += 1
            return call(self, path, *args, **options)

        return counts

    for name in ("cat_file", "pipe_file", "info", "find", "ls"):
        monkeypatch.setattr(files, name, counting(name, getattr(files, name)))
    return counted


def test_an_object_store_is_asked_for_rooms_and_not_for_samples(tmp_path, asked):
    """Twelve samples more ask the store no more often, where nothing is to do."""
    counts = []
    for variants in (1, 4):
        folder = tmp_path / str(variants)
        (folder / "photos").mkdir(parents=True)
        for name, seed in (("a.png", 1), ("b.png", 2)):
            write_photo(folder / "photos" / name, seed)
        defects = [{"defect_type": "hole", "prompt": "a deep hole", "variants": 2 * variants}]
        spec, store = spec_in(folder, defects=defects), Store(f"objects://{uuid.uuid4().hex}/store")
        bare_build(spec, store)
        asked.clear()
        assert find_unchanged(spec, store)
        assert asked["pipe_file"] == 0
        counts.append(asked["cat_file"] + asked["info"] + asked["find"])
    assert counts[0] == counts[1] <= 40


def test_only_photos_that_changed_are_taken_in_again(built, tmp_path):
    path = str(tmp_path / "photos")
    assert list_photos(path, built, 64).parts == ()
    write_photo(Path(path) / "c.png", 5)
    listing = list_photos(path, built, 64)
    [part] = listing.parts
    assert [file.name for file in part.open(built)] == ["c.png"]
    taken = [*listing.known, take_in_files(part, built)]
    names = [image.name for image in open_inventory(taken, built).images]
    assert names == ["a.png", "b.png", "c.png"]
    [everything] = list_photos(path, built, 64, rehash=True).parts
    assert everything.files == 3
