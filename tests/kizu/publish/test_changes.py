"""What differs between two versions, sample by sample."""

import numpy as np
import pytest
from republished import add_photo, changed, publish

from kizu.agree.verdict import Verdict
from kizu.outputs import SampleOutputs
from kizu.publish.changes import ChangeKind, count_kinds, find_changes
from kizu.publish.dataset import open_dataset
from kizu.publish.layout import latest_version
from kizu.publish.samples import made_label
from kizu.publish.version import last_build
from kizu.report.changes_page import changes_page, most_telling
from kizu.review import record_decision


@pytest.fixture
def after(known):
    """Publish another version; return both versions."""
    first = latest_version(known, "plates").version

    def run(spec):
        publish(known, spec)
        return open_dataset(known, "plates", first), open_dataset(known, "plates")

    return run


def outputs_of(store, number):
    shard, sample, _ = last_build(store, "plates").open_samples(store)[number]
    return SampleOutputs(store, shard, sample)


def kinds_of(changes):
    return {kind: count for kind, count in count_kinds(changes).items() if count}


def test_of_a_version_and_itself_nothing_differs(known):
    version = open_dataset(known, "plates")
    assert find_changes(version, version) == []


def test_photos_that_came_and_went_are_added_and_removed(known_spec, after, tmp_path):
    add_photo(tmp_path)
    (tmp_path / "photos" / "0000.png").unlink()
    found = find_changes(*after(known_spec))
    assert kinds_of(found) == {ChangeKind.ADDED: 3, ChangeKind.REMOVED: 3}
    assert all((each.before is None) is (ChangeKind.ADDED in each.kinds) for each in found)


def test_another_prompt_replaces_its_samples(known_spec, after):
    defects = [each.model_dump(mode="json") for each in known_spec.defects]
    defects[0]["prompt"] = "a wide hole"
    found = find_changes(*after(changed(known_spec, defects=defects)))
    assert kinds_of(found) == {ChangeKind.REPLACED: 2}
    assert {each.before.prompt for each in found} == {"a deep hole"}
    assert {each.after.prompt for each in found} == {"a wide hole"}
    assert all(0 <= each.mask_iou <= 1 for each in found)


def test_a_decision_relabels_a_sample_and_a_drawn_mask_changes_it(known, known_spec, after):
    first, second = outputs_of(known, 0), outputs_of(known, 1)
    record_decision(first, Verdict.REJECT, "Aiko")
    label = made_label(second)
    half = label & (np.arange(label.shape[1]) < np.argwhere(label)[:, 1].mean())
    record_decision(second, Verdict.ACCEPT, "Aiko", mask=half)
    found = {each.sample_id: each for each in find_changes(*after(known_spec))}
    one, other = found[first.sample.sample_id], found[second.sample.sample_id]
    assert len(found) == 2
    assert ChangeKind.RELABELLED in one.kinds
    assert one.after.reviewed_by == "Aiko"
    assert one.to_json()["after"]["verdict"] == "reject"
    assert ChangeKind.MASK in other.kinds
    assert other.mask_iou == pytest.approx(half.sum() / label.sum(), abs=1e-4)


def test_another_split_moves_samples(known_spec, after):
    found = find_changes(*after(changed(known_spec, publish={"test_fraction": 1.0})))
    found += find_changes(*after(changed(known_spec, publish={"test_fraction": 0.0})))
    assert {each.kinds for each in found} == {(ChangeKind.SPLIT,)}


def test_the_page_shows_old_and_new_and_escapes_names(known, known_spec, after, tmp_path):
    add_photo(tmp_path)
    record_decision(outputs_of(known, 0), Verdict.REJECT, "<b>Aiko</b>")
    before, now = after(known_spec)
    found = find_changes(before, now)
    page = changes_page(before, now, found)
    assert page.count('class="change"') == len(found) == 1 + 3
    assert page.count("data:image/webp;base64,") == 2 + 3
    assert page.count(f"not in {before.version}") == 3
    assert "<b>Aiko" not in page
    assert "&lt;b&gt;Aiko" in page


def test_of_many_changes_each_way_is_shown(known, known_spec, after, tmp_path):
    for number in range(9, 12):
        add_photo(tmp_path, number)
    record_decision(outputs_of(known, 0), Verdict.REJECT, "Aiko")
    found = find_changes(*after(known_spec))
    shown = most_telling(found, 2)
    assert {kind for each in shown for kind in each.kinds} >= {
        ChangeKind.RELABELLED,
        ChangeKind.ADDED,
    }
