"""How often a build asks an object store for one photograph more: each request is a round trip."""

import os
import uuid
from collections import Counter

import fsspec
import pytest
from bare_build import bare_build
from reviewed import surface

from kizu.imaging.codecs import encode_png
from kizu.publish.seen import plan_work
from kizu.spec import DatasetSpec
from kizu.stages import run_stage
from kizu.store import Store, remembering
from kizu.unchanged import find_unchanged

ASKED = ("cat_file", "pipe_file", "info", "find", "ls", "rm_file", "put_file")
MOST = 99
"""Calls of a build with one photograph more, of which its own sample takes 30; 95 when written."""

LISTED_AND_SHOWN = 4
"""A version's card shows up to four samples of a defect, of two files each: two more of them."""


@pytest.fixture
def requests(monkeypatch):
    """Calls of the object store in memory, by what was asked and of which path."""
    files, counted = fsspec.get_filesystem_class("objects"), Counter()

    def counting(name):
        call = getattr(files, name)

        def count(self, path, *args, **options):
            counted[f"{name} {path.rpartition('/store/')[2]}"] += 1
            return call(self, path, *args, **options)

        return count

    for name in ASKED:
        monkeypatch.setattr(files, name, counting(name))
    return counted


def write_old(folder, number):
    file = folder / f"{number:02}.png"
    file.write_bytes(encode_png(surface(number + 1, 48)))
    os.utime(file, (1e9, 1e9))  # a file that was written just now is not known by its time


def build(spec, store):
    with remembering():
        return bare_build(spec, store)[1]


def plates_in(folder, photos):
    """Write photos into a folder; return a dataset of them, and a store."""
    folder.mkdir()
    for number in range(photos):
        write_old(folder, number)
    fields = {"name": "plates", "images": {"path": str(folder)}, "grounding": {"annotator": "none"}}
    defects = [{"defect_type": "hole", "prompt": "a deep hole"}]
    spec = DatasetSpec.parse(
        {**fields, "defects": defects, "agree": {"without_grounding": "accept"}}
    )
    return spec, Store(f"objects://{uuid.uuid4().hex}/store")


def grown(tmp_path, requests, photos):
    """Build a dataset, then with one photo more; return what the second build asked."""
    folder = tmp_path / f"{photos} photos"
    spec, store = plates_in(folder, photos)
    assert build(spec, store).judged == photos
    requests.clear()
    assert find_unchanged(spec, store) is not None
    unchanged = requests.total()
    write_old(folder, photos)
    requests.clear()
    assert build(spec, store).judged == photos + 1
    return unchanged, Counter(requests)


def test_one_photograph_more_asks_as_often_whatever_others_there_are(tmp_path, requests):
    (_, few), (_, many) = (grown(tmp_path, requests, photos) for photos in (2, 7))
    assert many.total() - few.total() <= LISTED_AND_SHOWN
    assert many.total() <= MOST


def listed(requests):
    """Return how often each room was listed."""
    return {asked: count for asked, count in requests.items() if asked.startswith("find ")}


def test_no_room_is_listed_twice_in_a_build(tmp_path, requests):
    spec, store = plates_in(tmp_path / "photos", 2)
    for photos in (2, 2, 3):
        write_old(tmp_path / "photos", photos - 1)
        requests.clear()
        assert build(spec, store).judged == photos
        assert max(listed(requests).values()) == 1


def test_what_other_processes_made_is_published_and_known_the_next_time(
    tmp_path, requests, monkeypatch
):
    def elsewhere(*work):
        with monkeypatch.context() as patch:
            patch.setattr("kizu.store.store.recent_files", lambda: None)
            return run_stage(*work)

    monkeypatch.setattr("bare_build.run_stage", elsewhere)
    spec, store = plates_in(tmp_path / "photos", 2)
    requests.clear()
    assert build(spec, store).accepted == 2
    assert max(listed(requests).values()) == 2
    assert find_unchanged(spec, store).accepted == 2


def test_a_sample_that_another_build_finishes_meanwhile_is_made_once(tmp_path, monkeypatch):
    """Two builds plan the same samples, each by its own listing; the other one makes them first."""
    spec, store = plates_in(tmp_path / "photos", 2)
    made = []

    def plan_and_be_overtaken(*planned):
        plan = plan_work(*planned)
        with monkeypatch.context() as patch:
            patch.setattr("bare_build.plan_work", plan_work)
            patch.setattr("kizu.store.store.recent_files", lambda: None)
            bare_build(spec, store)
        return plan

    def noting(*work):
        report = run_stage(*work)
        made.append(report.made)
        return report

    monkeypatch.setattr("bare_build.plan_work", plan_and_be_overtaken)
    monkeypatch.setattr("bare_build.run_stage", noting)
    summary = build(spec, store)
    assert (summary.accepted, summary.is_new) == (2, False)
    assert sum(made) == 2 * 4, "four stages, by one of the builds"
    assert find_unchanged(spec, store).accepted == 2
