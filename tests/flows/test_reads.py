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


def test_a_rebuild_reads_every_verdict_to_keep_it_and_once_for_version_report_and_artifacts(
    build, spec, reads
):
    store = Store(f"objects://{uuid.uuid4().hex}/store")
    _, first = build(spec, store.url)
    verdicts = [path for path in store.list("stages/verdict") if path.endswith("record.json")]
    reads.clear()
    _, second = build(spec, store.url)
    assert (second.version, second.is_new) == (first.version, False)
    assert [reads[path] for path in verdicts] == [2] * first.samples == [2] * 4
