"""When the next call may start: evenly spaced calls, as fast as the quota allows and no faster.

Azure checks its per-minute quota over windows of one to ten seconds and counts rejected calls too,
so bursts do not pay: calls are spaced by 60 s / quota, over all workers, as the ledger has them.
"""

import math
from typing import Final

from kizu.billing.totals import QuotaState
from kizu.edit.paid import LEAST_LIMIT_PER_MINUTE

MARGIN: Final = 1.02
"""Calls are spaced this much wider than the quota, so that a call may arrive a fifth of a second
late in a window of ten and still be in its own."""

_RECENT_S: Final = 60.0
_TOLERATED_REJECTIONS: Final = 5
_SLOWDOWN: Final = 0.9


def rate_per_minute(traffic: QuotaState, quota_per_minute: float, now: float) -> float:
    """Return the calls per minute that may be made.

    The quota, or a lower one that the service told of; less by a tenth for each rejection of the
    last minute beyond five, for a service that rejects without telling its limit.

    Args:
        traffic: What the ledger knows of the deployment.
        quota_per_minute: The quota as configured.
        now: Seconds since 1970.
    """
    told = traffic.limit_per_minute or 0.0
    limit = min(quota_per_minute, told if told >= LEAST_LIMIT_PER_MINUTE else quota_per_minute)
    recent = sum(now - at < _RECENT_S for at in traffic.rejected_at)
    return float(limit * _SLOWDOWN ** max(0, recent - _TOLERATED_REJECTIONS))


def next_start(
    traffic: QuotaState, quota_per_minute: float, now: float, max_wait_s: float
) -> float:
    """Return when the next call may start, in seconds since 1970; it may be in the past.

    Args:
        traffic: What the ledger knows of the deployment.
        quota_per_minute: The quota as configured.
        now: Seconds since 1970.
        max_wait_s: Longest pause of the service's that is waited for.

    Example:
        >>> next_start(QuotaState(last_start=100.0), quota_per_minute=60, now=100.2, max_wait_s=9)
        101.02
        >>> next_start(QuotaState(pauses=((100.0, 300.0),)), 60, now=100.2, max_wait_s=900)
        400.0
    """
    spacing_s = MARGIN * 60 / rate_per_minute(traffic, quota_per_minute, now)
    return max(traffic.last_start + spacing_s, traffic.held_until(max_wait_s))


def booked_at(due: float, now: float) -> float:
    """Return the start a call is booked with: when it was due, if it is only a little late.

    Otherwise every small delay would push all later calls back, and the quota would not be used.

    Example:
        >>> booked_at(due=100.0, now=100.1), booked_at(due=100.0, now=105.0)
        (100.0, 105.0)
    """
    return due if now - due < _FORGIVEN_S else now


_FORGIVEN_S: Final = 0.2


def useful_concurrency(rate: float, latency_s: float) -> int:
    """Return how many calls are under way at a rate: Little's law, with half as many to spare.

    Args:
        rate: Calls per minute.
        latency_s: How long one takes.

    Example:
        >>> useful_concurrency(60, 30)
        46
    """
    return math.ceil(1.5 * rate / 60 * latency_s) + 1
