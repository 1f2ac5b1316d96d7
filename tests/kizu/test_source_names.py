import unicodedata

import pytest

from kizu.source_names import Names


@pytest.mark.parametrize(
    "written",
    [
        "line 2/ä.PNG",
        "line 2/ä",
        "ä.PNG",
        "Ä",
        "photos/line 2/ä.PNG",
        "line 2\\ä",
        "./line 2/ä",
        " ä ",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_folders_ending_case_and_unicode_form_may_be_missing_or_other(written, form):
    names = Names(["line 2/ä.PNG", "line 2/b.png"])
    assert names.find(unicodedata.normalize(form, written)) == ["line 2/ä.PNG"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A.png", ["A.png"]),
        ("photos/b/1.png", ["b/1.png"]),
        ("1.png", ["1.png"]),
        ("7", ["b/7.png", "c/7.png"]),
        ("b/1", ["b/1.png"]),
        ("d/1.png", ["1.png"]),
        ("2.png", []),
        ("x1.png", []),
    ],
)
def test_the_nearest_name_is_meant_and_several_that_are_equally_near(written, meant):
    names = Names(["A.png", "a.png", "1.png", "b/1.png", "c/1.png", "b/7.png", "c/7.png"])
    assert sorted(names.find(written)) == meant
