import cv2
import numpy as np
import pytest

from kizu.diff import Status, diff_mask
from kizu.imaging.morphology import disc

ENGLISH = "the machine weighs the cup and the coffee scale to ensure the right quantity of water"
SPANISH = "los granos se almacenan en un contenedor que conserva su aroma y protege de la luz"
COLUMNS, LINES = (24, 430), 21


@pytest.fixture(scope="module")
def poster():
    """A function that prints a page in words of its choice; returns the page and its ink."""

    def write(text, changed_lines=LINES, other=""):
        rng = np.random.default_rng(7)
        page = np.full((640, 640, 3), (28, 30, 36), np.uint8)
        photo = cv2.GaussianBlur(rng.uniform(0, 255, (400, 190, 3)).astype(np.float32), (0, 0), 2)
        page[120:520, 225:415] = np.clip(4 * (photo - 127) + 127, 0, 255).astype(np.uint8)
        ink = np.zeros(page.shape[:2], np.uint8)
        cv2.putText(ink, (text or other)[4:19].upper(), (24, 80), 2, 1.4, 255, 3, cv2.LINE_AA)
        for column in COLUMNS:
            for line in range(LINES):
                words = (text if line < changed_lines else other).split()
                start = (3 * line + column) % len(words)
                printed = " ".join((words + words)[start : start + 4])[:22]
                place = (column, 130 + 22 * line)
                cv2.putText(ink, printed, place, 0, 0.45, 255, 1, cv2.LINE_AA)
        fraction = ink[..., None] / 255.0
        mixed = page * (1 - fraction) + np.array([235, 230, 220]) * fraction
        return cv2.GaussianBlur(mixed, (0, 0), 0.5).astype(np.uint8), ink > 127

    return write


def closed(ink):
    return cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, disc(3)) > 0


def test_a_translated_poster_is_marked_and_its_photograph_is_not(poster, drifted):
    normal, old = poster(ENGLISH)
    edited, new = poster(SPANISH)
    result = diff_mask(normal, drifted(edited, shift=(0.2, -0.6), gain=1.0))
    truth = closed(old | new)
    assert result.status is Status.CHANGED
    assert (result.mask & truth).sum() / (result.mask | truth).sum() > 0.5
    assert result.mask[140:500, 240:400].mean() < 0.003


def test_a_poster_in_the_same_words_is_unchanged(poster, drifted):
    normal, _ = poster(ENGLISH)
    result = diff_mask(normal, drifted(normal, shift=(0.2, -0.6), gain=1.0))
    assert result.status is Status.UNCHANGED
