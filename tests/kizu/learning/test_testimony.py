"""What annotators found on published samples that people confirmed."""

import numpy as np
import pytest
from published import (
    ANNOTATOR,
    PHRASE,
    SHAPE,
    SILENT,
    complete_version,
    confirmed_sample,
    hard_masks,
)

from kizu.learning.phrases import Detection
from kizu.learning.testimony import open_looks
from kizu.publish.dataset import open_dataset
from kizu.publish.layout import VersionFolder
from kizu.store.keys import sha256_hex

MASKS = hard_masks()


@pytest.fixture
def looks(store):
    """Publish one sample with a label and detections; return what is read of it again."""

    def publish(label, *found, **changes):
        version = VersionFolder("plates", "0123")
        complete_version(store, version, **confirmed_sample("a", label, *found, **changes))
        return list(open_looks(open_dataset(store, "plates", "0123")))

    return publish


def window(y, x, height, width):
    mask = np.zeros(SHAPE, np.bool_)
    mask[y : y + height, x : x + width] = True
    return mask


def test_a_detection_of_the_labels_area_finds_it_and_one_elsewhere_does_not(looks):
    spoken, silent = looks(
        MASKS["ring"], (0.75, PHRASE, MASKS["ring"]), (0.5, PHRASE, window(0, 80, 5, 5))
    )
    assert spoken.detections == (Detection(0.75, touches=True), Detection(0.5, touches=False))
    assert (spoken.found_at, spoken.photo, spoken.defect_type) == (0.75, sha256_hex(b"a"), "hole")
    assert (silent.annotator, silent.detections, silent.found_at) == (SILENT, (), None)


def test_parts_that_are_named_apart_find_the_label_together(looks):
    small, large = MASKS["parts"].copy(), MASKS["parts"].copy()
    small[30:], large[:30] = False, False
    large[:, 75:] = False
    both = (0.75, PHRASE, large), (0.5, PHRASE, MASKS["parts"] & ~large)
    spoken, _ = looks(MASKS["parts"], *both)
    assert spoken.found_at == 0.5


def test_what_is_named_too_loosely_afterwards_does_not_take_a_find_back(looks):
    loose = (0.25, PHRASE, window(0, 0, *SHAPE))
    spoken, _ = looks(MASKS["ring"], loose, (0.75, PHRASE, MASKS["ring"]))
    assert spoken.found_at == 0.75


def test_touching_a_label_is_not_finding_it(looks):
    spoken, _ = looks(MASKS["ring"], (0.75, PHRASE, window(8, 18, 6, 6)))
    assert spoken.detections == (Detection(0.75, touches=True),)
    assert spoken.found_at is None


def test_boxes_without_masks_count_as_their_area(looks):
    spoken, _ = looks(MASKS["ring"], (0.75, PHRASE, (20.0, 10.0, 70.0, 50.0)))
    assert spoken.found_at == 0.75


def test_every_phrase_is_looked_at_by_itself_and_others_names_are_left_out(looks):
    found = looks(
        MASKS["ring"],
        (0.75, "a gap", MASKS["ring"]),
        (0.5, "a stain", MASKS["ring"]),
        phrases=(PHRASE, "a gap"),
    )
    by_phrase = {look.phrase: look for look in found if look.annotator == ANNOTATOR}
    assert by_phrase[PHRASE].found_at is None
    assert by_phrase["a gap"].found_at == 0.75
    assert by_phrase.keys() == {PHRASE, "a gap"}


def test_the_mask_a_person_drew_is_what_counts(looks):
    spoken, _ = looks(MASKS["line"], (0.75, PHRASE, MASKS["line"]), source="review")
    assert spoken.found_at == 0.75


@pytest.mark.parametrize(("reason", "agreed"), [("agree", True), ("not_grounded", False)])
def test_a_sample_knows_whether_an_annotator_had_agreed_before_a_person_looked(
    looks, reason, agreed
):
    spoken, _ = looks(MASKS["ring"], (0.75, PHRASE, MASKS["ring"]), reason=reason)
    assert spoken.was_agreed is agreed


@pytest.mark.parametrize(
    "why", [{"reviewed_by": None}, {"verdict": "reject"}, {"source": "grounding"}]
)
def test_without_a_confirmed_label_of_its_own_a_sample_says_nothing(looks, why):
    assert looks(MASKS["ring"], (0.75, PHRASE, MASKS["ring"]), **why) == []
