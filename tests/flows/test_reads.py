"""How often a build reads what is in the store: on an object store each read is a round trip."""

import uuid
from collections import Counter

import fsspec
import pytest

from kizu.store import Store


@pytest.fixture
def reads(monkeypatch):
    """Reads by path, of the object store in memory."""
    files = fsspec.get_filesystem_class("objects")
    read, counted = files.cat_file, Counter()

    def count(self, path, **options):
        counted[path.rsplit("/store/")[-1]] += 1
        return read(self, path, **options)

    monkeypatch.setattr(files, "cat_file", count)
    return counted


@pytest.mark.usefixtures("old_photos")
def test_a_rebuild_reads_nothing_of_finished_samples(build, spec, reads):
    store = Store(f"objects://{uuid.uuid4().hex}/store")
    _, first = build(spec, store.url)
    rooms = [*store.list("stages"), *store.list("edits"), *store.list("normals")]
    reads.clear()
    _, second = build(spec, store.url)
    assert (second.version, second.is_new) == (first.version, False)
    assert (first.samples, [path for path in rooms if reads[path]]) == (4, [])
