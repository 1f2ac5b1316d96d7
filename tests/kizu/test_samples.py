import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.samples import MOST_NAME_BYTES, fitting, sample_name

TEXT = st.text(st.characters(codec="utf-8"), max_size=300)


@given(TEXT, st.integers(16, 300))
def test_a_part_of_a_name_fits_and_stays_as_it_is_where_it_does(text, most):
    found = fitting(text, most)
    assert len(found.encode()) <= most
    assert (found == text) == (len(text.encode()) <= most)


@given(st.lists(TEXT, min_size=2, max_size=6, unique=True), st.integers(16, 60))
def test_parts_that_differ_still_differ(texts, most):
    assert len({fitting(text, most) for text in texts}) == len(texts)


@given(TEXT)
def test_the_name_of_a_file_fits_whatever_photo_and_defect_are_called(name):
    made = sample_name(name, "傷" * 40, "000", "8342eae1")
    assert made.endswith(f"_{'傷' * 40}_000_8342eae1")
    assert len(f"{made}.png".encode()) <= MOST_NAME_BYTES


@pytest.mark.parametrize("length", [1, 40, 73])
def test_a_name_that_fits_stays_as_it_was(length):
    assert (
        sample_name("傷" * length + ".png", "good", "8342eae1") == "傷" * length + "_good_8342eae1"
    )


def test_a_name_that_does_not_is_cut_between_characters_and_keeps_its_key():
    made = sample_name("傷" * 84 + ".png", "good", "8342eae1")
    assert "傷~" in made
    assert made.endswith("_good_8342eae1")
