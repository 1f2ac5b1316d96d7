"""A version that is published while another is deleted has all its files, or is not complete."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from republished import finish
from reviewed import built, spec_of

from kizu.publish import under_way
from kizu.publish.dataset import DatasetError, open_dataset
from kizu.publish.earlier import VersionChangedError
from kizu.publish.layout import pool_path
from kizu.publish.under_way import may_be_deleting, noting_deletion
from kizu.publish.version import publish_version
from kizu.store import Store, remembering


@pytest.fixture
def store():
    return Store(f"objects://{uuid.uuid4().hex}/store")


def test_a_deletion_counts_while_it_runs_and_as_long_as_a_publishing_can_take(store, monkeypatch):
    assert not may_be_deleting(store, "plates")
    with noting_deletion(store, "plates"):
        assert may_be_deleting(store, "plates")
    assert may_be_deleting(store, "plates")
    assert not may_be_deleting(store, "mugs")

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz or UTC) + timedelta(days=2)

    monkeypatch.setattr(under_way, "datetime", Later)
    assert not may_be_deleting(store, "plates")


def test_a_deletion_that_was_killed_counts_until_another_one_is_over(store, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(under_way, "_last_deletion", lambda *_: None)
        with noting_deletion(store, "plates"):
            pass
    assert may_be_deleting(store, "plates")


@pytest.mark.parametrize("is_deleted", [False, True])
def test_what_a_deletion_elsewhere_takes_meanwhile_is_missed(
    store, tmp_path, monkeypatch, is_deleted
):
    spec = spec_of(tmp_path / "photos", photos=2, side_px=48, defects=["hole"])

    def publish_late(*args, **named):
        if is_deleted:
            with monkeypatch.context() as elsewhere, noting_deletion(store, "plates"):
                elsewhere.setattr("kizu.store.store.recent_files", lambda: None)
                store.remove(next(path for path in store.list(pool_path("plates"))))
        publish_version(*args, **named)

    monkeypatch.setattr("republished.publish_version", publish_late)
    with remembering():
        chosen = built(store, spec)
        if is_deleted:
            with pytest.raises(VersionChangedError, match="was removed while"):
                finish(store, spec, chosen)
            with pytest.raises(DatasetError):
                open_dataset(store, "plates", chosen.version)
        else:
            finish(store, spec, chosen)
            assert open_dataset(store, "plates", chosen.version).verify() == []


def test_a_deletion_writes_nothing_to_a_disk_which_may_be_full(tmp_path):
    disk = Store(str(tmp_path))
    with noting_deletion(disk, "plates"):
        assert list(disk.list("")) == []
