"""The chain of stages: each output's key comes from what it is made from.

That is the normal image and the edited picture themselves, not the request that asked for the
picture: bought again, an edit may bring another one. So the keys of a sample's outputs are known
once its edit is there, and then what is missing is a question of which files exist, on any machine
that sees the store.
"""

from dataclasses import asdict, dataclass

from kizu.agree.verdict import AGREE_VERSION
from kizu.diff import DIFF_VERSION
from kizu.edit.regions import region_identity
from kizu.edit.storage import EditRecord
from kizu.report import REPORT_VERSION
from kizu.samples import PlannedSample
from kizu.spec import DatasetSpec
from kizu.store.keys import content_key


@dataclass(frozen=True)
class StageKeys:
    """Keys of what the stages make from one edit, in their order."""

    diff: str
    grounding: str
    agree: str
    card: str


def stage_keys(
    sample: PlannedSample, spec: DatasetSpec, annotator: str | None, edit: EditRecord
) -> StageKeys:
    """Derive the keys of a sample's outputs.

    Args:
        sample: The sample.
        spec: The settings of the stages.
        annotator: Version of the annotator; None if there is none.
        edit: The record of the sample's edit.
    """
    pair = {
        "normal": sample.normal.pixels_sha256,
        "picture": edit.picture_sha256,
        "geometry": asdict(edit.geometry),
    }
    region = region_identity(sample.region)
    diff = content_key(
        "diff", version=DIFF_VERSION, **pair, region=region, settings=spec.diff.shaping()
    )
    grounding = content_key("grounding", annotator=annotator, **pair, phrases=list(sample.phrases))
    agree = content_key(
        "agree",
        version=AGREE_VERSION,
        diff=diff,
        grounding=grounding,
        region=region,
        area=sample.expected_area.shaping(),
        settings=spec.agree.shaping(),
    )
    card = content_key(
        "card",
        version=REPORT_VERSION,
        agree=agree,
        sample_id=sample.sample_id,
        composite=spec.publish.composite,
    )
    return StageKeys(diff, grounding, agree, card)
