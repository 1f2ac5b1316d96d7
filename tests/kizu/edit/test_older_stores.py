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


@pytest.mark.parametrize(("name", "edits"), [("painted", 2), ("bought", 3)])
def test_every_edit_is_found_by_its_key_and_opened(older, name, edits):
    store = Store(str(older / "store"))
    spec = DatasetSpec.from_yaml(older / f"{name}.yaml")
    images = [examine(file, store) for file in list_source(spec.images.path)]
    photo = decode_png((older / "photos" / "plate.png").read_bytes())
    samples = plan_samples(spec, images)
    records = [find_edit(store, sample.request.key) for sample in samples]
    assert len(records) == edits
    for sample, record in zip(samples, records, strict=True):
        assert record.request == sample.request
        assert (open_edit(store, record, photo) != photo).any()
    assert estimate_build(spec, samples, len(images), store).to_make == 0


def test_its_ledger_counts_as_real_money(older):
    ledger = Ledger(Store(str(older / "store")))
    assert ledger.totals().real.dataset("bought").requests == 3
    assert summarize_spending(spending_rows(ledger, "bought")).startswith("3 bought; 0.")
