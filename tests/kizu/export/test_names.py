import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.export.names import class_folders, safe_name


@given(st.lists(st.text(min_size=1, max_size=300), unique=True, max_size=20))
def test_any_names_become_distinct_names_that_every_file_system_takes(names):
    safe = [safe_name(name) for name in names]
    assert len(set(safe)) == len(safe)
    for name in safe:
        assert name.isascii()
        assert name.replace("-", "a").replace("_", "a").isalnum()
        assert name[0] not in "-_"
        assert len(name) <= 120


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=20))
def test_classes_have_folders_of_their_own_even_where_case_does_not_count(classes):
    folders = class_folders([name for name in classes if name != "good"])
    assert len({folder.casefold() for folder in folders.values()}) == len(folders)
    assert folders["good"] == "good"


@pytest.mark.parametrize("name", ["cup-01_crack_000_8342eae1", "a", "0"])
def test_a_safe_name_stays_as_it_is(name):
    assert safe_name(name) == name
