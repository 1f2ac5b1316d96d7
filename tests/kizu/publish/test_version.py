import json

import pytest

from kizu.agree.verdict import Verdict
from kizu.publish.layout import MANIFEST, VersionFolder
from kizu.publish.manifest_page import MANIFEST_FIELDS
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.publish.version import VersionChangedError, publish_tables
from kizu.stages import LAST_STAGES

FOLDER = VersionFolder("plates", "0123")


def outcome(decision_key=""):
    return Outcome(
        sample_id="a",
        defect_type="hole",
        status=SampleStatus.JUDGED,
        reason="agree",
        verdict=Verdict.ACCEPT,
        edit_key="e",
        output_keys=("v",) * len(LAST_STAGES),
        decision_key=decision_key,
        cost_usd=0.0,
    )


def row(key="v", decision_key=None):
    keys = {f"{stage.name}_key": key for stage in LAST_STAGES}
    normal = {"normal_name": "a.png", "normal_sha256": "ab", "width": 9, "height": 9}
    return {"sample_id": "a", **keys, "decision_key": decision_key, **normal}


@pytest.mark.parametrize("decision", ["", "d"])
def test_rows_of_what_named_the_version_complete_it(spec, store, decision):
    rows = [{"provenance": [row(decision_key=decision or None)]}]
    publish_tables(store, FOLDER, spec, [outcome(decision)], rows)
    assert store.exists(FOLDER.path(MANIFEST))


def test_the_manifest_has_the_fields_that_its_page_explains(spec, store):
    publish_tables(store, FOLDER, spec, [outcome()], [{"provenance": [row()]}])
    manifest = json.loads(store.read(FOLDER.path(MANIFEST)))
    assert manifest.keys() == MANIFEST_FIELDS.keys()


@pytest.mark.parametrize(
    "found", [row(key="another"), row(decision_key="d"), row(decision_key="later")]
)
def test_a_verdict_or_a_decision_that_came_since_the_version_was_named_is_refused(
    spec, store, found
):
    decided = "d" if found["decision_key"] == "later" else ""
    with pytest.raises(VersionChangedError, match="a changed while version 0123 of plates"):
        publish_tables(store, FOLDER, spec, [outcome(decided)], [{"provenance": [found]}])
    assert not store.exists(FOLDER.path(MANIFEST))
