"""A few of the hostile replies of ``benchmarks.attack.detections``."""

from benchmarks.attack.detections import annotate, replies


def test_a_hostile_reply_is_used_or_named_in_one_sentence():
    told = [annotate(given) for _, given in replies(150, seed=3)]
    assert "" in told
    assert any(told)
