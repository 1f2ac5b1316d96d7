"""Calls and their ends as the tests of the billing room write them."""

from kizu.billing.totals import CallFinished, CallStarted, CallStatus


def started(number=0, dataset="plates", usd=0.05, at=1000.0, **facts):
    return CallStarted(
        key=f"{number:064x}",
        dataset=dataset,
        model="gpt-image-1.5",
        deployment="dep",
        reserved_usd=usd,
        at=at,
        **facts,
    )


def finished(status=CallStatus.BOUGHT, usd=0.04, at=1001.0, **facts):
    return CallFinished(status=status, cost_usd=usd, at=at, **facts)
