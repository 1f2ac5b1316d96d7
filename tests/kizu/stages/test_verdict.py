import numpy as np
import pytest

from kizu.agree.verdict import Agreement, Reason
from kizu.diff.storage import open_diff_mask
from kizu.grounding import GroundingSettings, annotator_version
from kizu.imaging.boxes import box_of
from kizu.stages import DIFF, EDIT, FUSE, GROUNDING, VERDICT

NONE = annotator_version(GroundingSettings(annotator="none"))


def verdicts(samples):
    return {Agreement.model_validate(VERDICT.folder(one).record()).reason for one in samples}


def test_without_an_annotator_the_diff_alone_decides(through, inputs):
    assert through(EDIT, DIFF, FUSE, VERDICT).made == 4
    assert verdicts(inputs()) == {Reason.DIFF_ONLY}


def test_with_an_annotator_its_detections_are_waited_for_and_count(through, inputs):
    assert len(through(EDIT, DIFF, FUSE, VERDICT, annotators=(NONE,)).waiting) == 4
    assert through(GROUNDING, FUSE, VERDICT, annotators=(NONE,)).made == 4
    assert verdicts(inputs(annotators=(NONE,))) == {Reason.NOT_GROUNDED}


@pytest.fixture
def judged(through, inputs, answers):
    """Return a function that judges edits by an annotator that finds every change.

    It takes how sure that annotator is of the asked name there, and of the other one.
    """

    def judge(asked, other, **settings):
        changes = []

        def answer(image, phrase):
            return [
                (box, asked if phrase == own else other)
                for edited, box, own in changes
                if np.array_equal(image, edited)
            ]

        chosen = answers(answer, on_normal=False, **settings)
        through(EDIT, DIFF, **chosen)
        for sample in inputs(**chosen):
            [box] = box_of(open_diff_mask(DIFF.folder(sample)))
            changes.append((sample.edited, box, sample.sample.phrases[0]))
        through(GROUNDING, FUSE, VERDICT, **chosen)
        return [VERDICT.result(sample) for sample in inputs(**chosen)]

    return judge


def test_a_surer_rival_at_the_change_makes_another_kind_of_it(judged):
    agreements = judged(0.4, 0.6)
    assert {each.reason for each in agreements} == {Reason.WRONG_KIND}
    assert all(each.figures.rival_confidence > 0 for each in agreements)


def test_the_asked_name_wins_where_it_is_as_sure(judged):
    agreements = judged(0.6, 0.6)
    assert Reason.WRONG_KIND not in {each.reason for each in agreements}
    assert all(
        each.figures.confidence == pytest.approx(each.figures.rival_confidence, rel=1e-3)
        for each in agreements
    )


def test_without_rivals_nothing_is_known_of_other_kinds(judged):
    agreements = judged(0.4, 0.6, rivals=False)
    assert Reason.WRONG_KIND not in {each.reason for each in agreements}
    assert {each.figures.rival_confidence for each in agreements} == {None}
