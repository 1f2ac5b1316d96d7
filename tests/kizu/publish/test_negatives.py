import pytest

from kizu.agree.verdict import Reason, Verdict
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.publish.rows import settled_columns

REDRAWN_SAME, REJECTED = Reason.NO_VISIBLE_CHANGE, Reason.AGREE


def outcome(reason, verdict=Verdict.REJECT, negatives=("unchanged", "wrong")):
    return Outcome(
        sample_id="a",
        defect_type="hole",
        status=SampleStatus.JUDGED,
        reason=reason,
        verdict=verdict,
        edit_key="e",
        output_keys=(),
        cost_usd=0.0,
        negatives=negatives,
    )


@pytest.mark.parametrize(
    ("given", "split", "negative", "label"),
    [
        (outcome(REDRAWN_SAME), "negatives", "unchanged", "normal"),
        (outcome(REJECTED), "negatives", "wrong", "abnormal"),
        (outcome(REDRAWN_SAME, negatives=("wrong",)), "reject", "", "abnormal"),
        (outcome(REJECTED, negatives=()), "reject", "", "abnormal"),
        (outcome(REJECTED, Verdict.ACCEPT), "train_defects", "", "abnormal"),
        (outcome(Reason.DISAGREE, Verdict.REVIEW), "review", "", "abnormal"),
    ],
)
def test_rejected_samples_are_negatives_where_the_spec_wants_them(given, split, negative, label):
    row = settled_columns("samples", given)
    assert (row["split"], row["negative"], row["label"]) == (split, negative, label)
    assert row["label_index"] == int(label == "abnormal")
    assert row["verdict"] == given.verdict
