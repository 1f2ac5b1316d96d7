import pytest
import yaml

from flows.build import build_dataset
from kizu.publish.layout import latest_version
from kizu.spec import DatasetSpec
from kizu.summary import has_drifted

NOWHERE = {"annotator": "grounding-dino+sam", "detector_weights": "/nowhere"}


def test_another_annotator_publishes_a_version_of_the_edits_there_are(build, built, spec, store):
    edits = list(store.list("edits"))
    fields = spec.model_dump(mode="json")
    more = [*fields["defects"], {"defect_type": "crack", "prompt": "a crack"}]
    wider = {**fields, "defects": more, "agree": {}, "grounding": NOWHERE}
    _, found = build(DatasetSpec.parse(wider), stored_only=True)
    assert (found.samples, found.review, found.failed) == (4, 4, 0)
    assert found.note.startswith("Samples are not grounded: ")
    assert found.version != built.version
    assert found.latest == built.version, "samples that were not tried are missing from it"
    assert latest_version(store, "plates").version == built.version
    assert list(store.list("edits")) == edits


@pytest.mark.usefixtures("built")
def test_annotating_every_edit_anew_makes_the_latest_version(build, spec, store):
    other = DatasetSpec.parse({**spec.model_dump(mode="json"), "grounding": NOWHERE})
    _, found = build(other, stored_only=True)
    assert found.latest == found.version == latest_version(store, "plates").version


def test_using_stored_edits_before_anything_is_bought_says_so(spec, store):
    state = build_dataset(spec, store_url=store.url, stored_only=True, return_state=True)
    assert state.is_failed()
    assert "holds no edit of 'plates'; build without stored_only first" in state.message


def test_a_build_from_a_spec_file_is_the_build_from_the_form(built, spec, store, tmp_path):
    file = tmp_path / "dataset.yaml"
    file.write_text(yaml.safe_dump(spec.model_dump(mode="json")), encoding="utf-8")
    state = build_dataset(spec_file=str(file), store_url=store.url, return_state=True)
    assert state.message == (
        f"4 samples: 4 accepted, 0 to review, 0 rejected; nothing changed since version "
        f"{built.version}"
    )


def test_a_yield_that_stays_or_is_the_first_is_no_drift(kept_plates):
    now = kept_plates.summary
    assert not has_drifted(now, now)
    assert not has_drifted(None, now)


def test_a_yield_that_falls_is_told(kept_plates):
    now = kept_plates.summary
    assert has_drifted(now.model_copy(update={"accepted": 2, "review": 2}), now)
