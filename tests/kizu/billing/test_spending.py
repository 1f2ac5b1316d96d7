"""What a dataset is told of its money."""

import csv
import io
import json

import pytest
from ledger_entries import finished, started

from kizu.billing.ledger import Ledger
from kizu.billing.spending import (
    SpendingRow,
    spending_rows,
    spent_by,
    spent_sentence,
    summarize_spending,
    to_csv,
)
from kizu.billing.totals import CallStatus, Spent


@pytest.fixture
def ledger(store):
    return Ledger(store)


def row(status="bought", cost=0.02, most=0.05, **facts):
    return SpendingRow(
        number=1, key="k", status=status, cost_usd=cost, most_usd=most, at="2026-01-01", **facts
    )


def test_a_dataset_without_calls_has_no_rows_and_bought_nothing(ledger):
    assert spending_rows(ledger, "plates") == []
    assert summarize_spending([]) == "nothing was bought"
    assert spent_by(ledger.totals(), "plates") == ""


def test_rows_are_the_datasets_own_calls_in_order_then_what_it_found(ledger):
    ledger.append(1, started(1))
    ledger.append(2, started(2, dataset="mugs"))
    ledger.append(3, started(3))
    ledger.note_cached("plates", started(4).key, "mugs", emulated=False)
    rows = spending_rows(ledger, "plates")
    assert [(row.number, row.status) for row in rows] == [
        (1, "under way"),
        (3, "under way"),
        (0, "cached"),
    ]


def test_a_rejected_call_is_free_and_one_without_an_end_may_cost_its_most(ledger):
    ledger.append(1, started(1))
    ledger.end(1, finished(CallStatus.REJECTED, None))
    ledger.append(2, started(2))
    rejected, open_end = spending_rows(ledger, "plates")
    assert (rejected.cost_usd, rejected.most_usd) == (0.0, 0.0)
    assert (open_end.cost_usd, open_end.most_usd) == (None, 0.05)


def test_a_summary_says_what_is_not_known(ledger):
    ledger.append(1, started(1))
    ledger.end(1, finished())
    ledger.append(2, started(2))
    ledger.note_cached("plates", started(3).key, "mugs", emulated=False)
    assert summarize_spending(spending_rows(ledger, "plates")) == (
        "1 bought, 1 under way, 1 cached; 0.04 USD paid, up to 0.05 USD more may have been billed"
    )


def test_a_summary_names_no_sum_where_a_price_is_unknown():
    told = summarize_spending([row(), row("unknown", None, None), row("unknown", None)])
    assert told == "1 bought, 2 unknown; 0.02 USD paid, the price of 2 calls is unknown"


def test_the_emulators_calls_are_told_apart_from_what_was_paid(ledger):
    ledger.append(1, started(1))
    ledger.append(2, started(2, emulated=True, host="127.0.0.1"))
    ledger.end(2, finished())
    told = summarize_spending(spending_rows(ledger, "plates"))
    assert told.startswith("1 under way; 0.00 USD paid, up to 0.05 USD more")
    assert told.endswith("; the emulator answered 1 request, 0.04 USD at list price")
    assert spent_by(ledger.totals(), "plates") == (
        "1 requests, 0.00 USD; 1 of them without an answer, which may have cost 0.05 USD more; "
        "1 answered by the emulator, which is free"
    )


def test_an_edit_found_that_the_emulator_made_is_no_request_to_it():
    told = summarize_spending([row(emulated=True), row("cached", 0.0, emulated=True)])
    assert told == "nothing was bought; the emulator answered 1 request, 0.02 USD at list price"


def test_a_sum_with_calls_of_unknown_price_is_not_given_in_dollars():
    assert spent_sentence(Spent(requests=2, cost_usd=0.04, unpriced=1)) == (
        "2 requests, the price of 1 unknown"
    )


def test_no_calls_are_no_sentence():
    assert spent_sentence(Spent()) == ""


def test_a_table_without_rows_is_its_header():
    assert to_csv([]) == ",".join(SpendingRow.model_fields) + "\n"


def test_a_reason_with_commas_and_line_breaks_stays_one_cell():
    written = row("failed", reason='too large, said "no"\nbye', usage={"b": 2, "a": 1})
    (read,) = csv.DictReader(io.StringIO(to_csv([written])))
    assert read["reason"] == written.reason
    assert json.loads(read["usage"]) == {"a": 1, "b": 2}
    assert read["cost_usd"] == "0.02"
