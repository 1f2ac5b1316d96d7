"""What each stage of a build did, as its end tells it."""

from kizu.billing.totals import Spent
from kizu.shards import Failure, ShardReport
from kizu.tally import all_kept, settle, tally_reports, tally_rows

STAGES = ("edit", "diff")


def report(stage, made=0, kept=0, refused=0, failed=0, waiting=0, seconds=1.5):
    failures = tuple(Failure(sample_id=str(n), stage=stage, reason="busy") for n in range(failed))
    return ShardReport(
        stage=stage,
        made=made,
        kept=kept,
        refused=refused,
        waiting=("w",) * waiting,
        failures=failures,
        made_megapixels=float(made),
        seconds=seconds,
    )


def settled(reports, **numbers):
    asked = {"finished": 0, "judged": 0, "refused": 0, "published": 0, "seconds": 0.0}
    return settle(tally_reports(STAGES, reports, Spent(), Spent()), **{**asked, **numbers})


def test_the_reports_of_all_shards_are_added_up_by_stage():
    edit, diff, _ = settled([report("edit", made=3), report("edit", 1, 2), report("diff", made=4)])
    assert (edit.made, edit.kept, edit.seconds, edit.made_megapixels) == (4, 2, 3.0, 4.0)
    assert (diff.made, diff.kept) == (4, 0)


def test_samples_that_were_finished_before_count_as_kept_and_refusals_as_refused():
    edit, diff, publish = settled(
        [report("edit", made=2, refused=1), report("diff", made=2, waiting=1)],
        finished=10,
        judged=11,
        refused=2,
        published=2,
        seconds=4.0,
    )
    assert (edit.made, edit.kept, edit.refused) == (2, 9, 2)
    assert (diff.made, diff.kept, diff.refused, diff.waiting) == (2, 9, 0, 0)
    assert (publish.stage, publish.made, publish.kept, publish.seconds) == ("publish", 2, 9, 4.0)


def test_every_sample_is_in_one_column_of_the_edit():
    [edit, *_] = settled([report("edit", 3, 1, 1, 2, 1)], finished=4, refused=1, judged=8)
    assert edit.made + edit.kept + edit.refused + edit.failed + edit.waiting == 8 + 4


def test_the_edit_alone_costs_and_only_what_this_build_paid():
    before, after = Spent(requests=5, cost_usd=0.2), Spent(requests=8, cost_usd=0.32)
    edit, diff = tally_reports(STAGES, [], before, after)
    assert (edit.usd, diff.usd) == ("0.12", "")


def test_columns_that_are_nought_everywhere_are_left_out():
    headings, rows = tally_rows(settled([report("edit", made=2), report("diff", made=2)]))
    assert headings == ["stage", "made", "kept", "failed", "seconds", "USD"]
    assert rows[0] == ["edit", "2", "0", "0", "1.5", "0"]
    headings, _ = tally_rows(settled([report("edit", refused=1, failed=1)], refused=1))
    assert headings[1:5] == ["made", "kept", "refused", "failed"]


def test_a_build_with_nothing_to_do_kept_everything():
    edit, diff, publish = all_kept(STAGES, judged=7, refused=1)
    assert (edit.kept, edit.refused, diff.kept, publish.kept) == (7, 1, 7, 7)
