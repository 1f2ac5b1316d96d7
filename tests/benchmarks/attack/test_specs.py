"""A few of the hostile specs of ``benchmarks.attack.specs``."""

from benchmarks.attack.specs import plan, specs


def test_a_hostile_spec_is_planned_or_refused_in_sentences_that_name_its_file():
    given = [(name, value) for name, value in specs(120, seed=3) if not name.startswith("many")]
    told = [plan(value) for _, value in given]
    assert "" in told
    assert any(told)
