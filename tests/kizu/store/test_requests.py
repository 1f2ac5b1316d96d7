"""How often a build asks an object store for one photograph more: each request is a round trip."""

import os
import uuid
from collections import Counter

import fsspec
import pytest
from bare_build import bare_build
from reviewed import surface

from kizu.imaging.codecs import encode_png
from kizu.spec import DatasetSpec
from kizu.store import Store, remembering
from kizu.unchanged import find_unchanged

ASKED = ("cat_file", "pipe_file", "info", "find", "ls", "rm_file", "put_file")
MOST = 135
"""Calls of a build with one photograph more, of which its own sample takes 30; 131 when written."""

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


def grown(tmp_path, requests, photos):
    """Build a dataset, then with one photo more; return what the second build asked."""
    folder = tmp_path / f"{photos} photos"
    folder.mkdir()
    for number in range(photos):
        write_old(folder, number)
    fields = {"name": "plates", "images": {"path": str(folder)}, "grounding": {"annotator": "none"}}
    defects = [{"defect_type": "hole", "prompt": "a deep hole"}]
    spec = DatasetSpec.parse(
        {**fields, "defects": defects, "agree": {"without_grounding": "accept"}}
    )
    store = Store(f"objects://{uuid.uuid4().hex}/store")
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
