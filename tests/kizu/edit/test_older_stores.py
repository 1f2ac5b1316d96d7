"""A store that kizu 0.1.0 wrote: what was bought then is found and never bought again.

``tests/data/store_0_1`` holds two painted edits and three bought ones, as that version wrote them.
"""

import shutil
from pathlib import Path

import pytest

from kizu.billing.ledger import Ledger
from kizu.billing.spending import spending_rows, summarize_spending
from kizu.edit.storage import find_edit, open_edit
from kizu.imaging.codecs import decode_png
from kizu.planning import estimate_build, plan_samples
from kizu.sources import examine, list_source
from kizu.spec import DatasetSpec
from kizu.store import Store

WRITTEN = Path(__file__).parents[2] / "data" / "store_0_1"


@pytest.fixture
def older(tmp_path):
    shutil.copytree(WRITTEN, tmp_path / "older")
    return tmp_path / "older"


@pytest.fixture
def store(older):
    return Store(str(older / "store"))


@pytest.fixture
def photo(older):
    return decode_png((older / "photos" / "plate.png").read_bytes())


def planned(older, name, store):
    """Return a spec of the older store, its samples, and how many photos there are."""
    spec = DatasetSpec.from_yaml(older / f"{name}.yaml")
    images = [examine(file, store) for file in list_source(spec.images.path)]
    return spec, plan_samples(spec, images), len(images)


def test_every_bought_edit_is_found_by_its_key_and_opened(older, store, photo):
    spec, samples, photos = planned(older, "bought", store)
    records = [find_edit(store, sample.request.key) for sample in samples]
    assert len(records) == 3
    for sample, record in zip(samples, records, strict=True):
        assert record.request == sample.request
        assert (open_edit(store, record, photo) != photo).any()
    assert estimate_build(spec, samples, photos, store).to_make == 0


def test_no_edit_of_8_bit_photos_is_bought_anew_for_other_ways_to_read_deeper_ones(older, store):
    spec, before, _ = planned(older, "bought", store)
    told = spec.images.model_copy(update={"depth_bits": 12, "profiles": "all"})
    files = list_source(spec.images.path)
    images = [examine(file, store, decoding=told.decoding) for file in files]
    samples = plan_samples(spec.model_copy(update={"images": told}), images)
    assert [sample.request.key for sample in samples] == [each.request.key for each in before]


def test_edits_of_an_older_painter_are_read_and_are_painted_anew_free_of_charge(
    older, store, photo
):
    keys = [file.parent.name for file in (older / "store" / "edits").rglob("edit.json")]
    records = [find_edit(store, key) for key in keys]
    painted = [record for record in records if record.model == "painter-2"]
    assert len(painted) == 2
    for record in painted:
        assert (open_edit(store, record, photo) != photo).any()
    estimate = estimate_build(*planned(older, "painted", store), store)
    assert (estimate.to_make, estimate.cost_usd) == (2, 0.0)


def test_its_ledger_counts_as_real_money(older):
    ledger = Ledger(Store(str(older / "store")))
    assert ledger.totals().real.dataset("bought").requests == 3
    assert summarize_spending(spending_rows(ledger, "bought")).startswith("3 bought; 0.")
