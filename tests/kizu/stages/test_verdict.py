from kizu.agree.verdict import Agreement, Reason
from kizu.grounding import GroundingSettings, annotator_version
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
