"""The chain of stages: each output's key comes from the keys of its inputs.

All keys of a sample are known before anything runs, so what is missing is a question of which files
exist, on any machine that sees the store.
"""

from dataclasses import dataclass

from kizu.agree.verdict import AGREE_VERSION
from kizu.diff import DIFF_VERSION
from kizu.edit.planning import PlannedSample
from kizu.keys import content_key
from kizu.report import REPORT_VERSION
from kizu.spec import DatasetSpec


@dataclass(frozen=True)
class StageKeys:
    """Keys of one sample's outputs, in the order of the stages."""

    edit: str
    diff: str
    ground: str
    agree: str
    card: str


def stage_keys(sample: PlannedSample, spec: DatasetSpec, annotator: str | None) -> StageKeys:
    """Derive a sample's keys.

    Args:
        sample: The sample.
        spec: The settings of the stages.
        annotator: Version of the annotator; None if there is none.
    """
    edit = sample.request.key
    region = sample.region.model_dump(mode="json") if sample.region else None
    diff = content_key(
        "diff", version=DIFF_VERSION, edit=edit, settings=spec.diff.model_dump(mode="json")
    )
    ground = content_key(
        "ground",
        annotator=annotator,
        edit=edit,
        phrases=list(sample.phrases),
        settings=spec.ground.model_dump(mode="json"),
    )
    agree = content_key(
        "agree",
        version=AGREE_VERSION,
        diff=diff,
        ground=ground,
        region=region,
        area=sample.expected_area.model_dump(mode="json"),
        settings=spec.agree.model_dump(mode="json"),
    )
    card = content_key("card", version=REPORT_VERSION, agree=agree, sample_id=sample.sample_id)
    return StageKeys(edit, diff, ground, agree, card)
