"""Outcomes of builds that never were."""

import itertools

import pytest

from kizu.agree.verdict import VERDICT_OF, Reason, Verdict
from kizu.publish.outcomes import Outcome, SampleStatus


@pytest.fixture
def outcome():
    """Return a function that makes an outcome, by how far it came or the verdict's reason."""
    numbers = itertools.count()

    def make(came: SampleStatus | Reason, verdict: Verdict | None = None, **fields) -> Outcome:
        is_judged = isinstance(came, Reason)
        has_picture = is_judged or came is SampleStatus.UNFINISHED
        values = {
            "sample_id": f"s{next(numbers):03d}",
            "defect_type": "hole",
            "prompt": "a hole",
            "model": "gpt-image-2" if has_picture else "",
            "status": SampleStatus.JUDGED if is_judged else came,
            "reason": came.value,
            "verdict": (verdict or VERDICT_OF[came]) if is_judged else None,
            "edit_key": "e",
            "output_keys": ("k",) if is_judged else (),
            "cost_usd": None if came is SampleStatus.FAILED else 0.04 * has_picture,
        }
        return Outcome(**{**values, **fields})

    return make
