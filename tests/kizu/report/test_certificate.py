import pytest

from kizu.certify.certificate import NOT_COVERED, Reviewed, certify
from kizu.report.certificate import certificate_sentence, curve_of, not_covered, stratum_title
from kizu.report.page import Page, render_page

SCORES = [n / 200 for n in range(200)]


def certificate(n, wrong=(), **changes):
    """Return the certificate of so many reviews; those numbered found a wrong label."""
    draw = [
        Reviewed(
            score=number / 200,
            photo=str(number),
            defect_type="hole",
            is_wrong=number in wrong,
            reviewed_by="<Aiko>",
            reviewed_at="2026-01-02T03:04:05+00:00",
        )
        for number in range(n)
    ]
    asked = {"photographs": 200, "max_wrong": 0.02, "confidence": 0.9, **changes}
    return certify("mugs", "accepted", SCORES, [draw] if draw else [], **asked)


CERTIFICATES = {
    "nothing yet": certificate(0),
    "certified": certificate(114),
    "an error": certificate(114, {3}),
    "shifted": certificate(114, alarms=["new samples are unlike those reviewed."]),
}


@pytest.mark.parametrize("case", CERTIFICATES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_tells_what_is_proven_and_what_is_not(case, language):
    told = CERTIFICATES[case]
    page = render_page(Page("mugs", "v1", certificates=[told]))
    assert certificate_sentence(told, language).split(":")[0] in page
    assert stratum_title(told, language) in page
    assert all(line in page for line in not_covered(told, language))
    assert ("certificate certified" in page) is told.is_certified
    assert "<Aiko>" not in page


def test_without_certificates_the_page_has_no_such_section():
    assert 'class="certificate' not in render_page(Page("mugs", "v1"))


def test_both_languages_name_the_same_limits():
    told = CERTIFICATES["certified"]
    assert len(not_covered(told, "ja")) == len(not_covered(told, "en")) == len(NOT_COVERED)


def test_the_curve_runs_from_the_surest_to_all_and_its_bound_lies_above_what_was_found():
    curve = curve_of(CERTIFICATES["an error"])
    bound, found = (
        [tuple(map(float, point.split(","))) for point in line.split()]
        for line in (curve.bound, curve.found)
    )
    assert [x for x, _ in bound] == [x for x, _ in found] == sorted(x for x, _ in bound)
    assert bound[-1][0] == curve.width
    assert all(above < below for (_, above), (_, below) in zip(bound, found, strict=True))
    assert curve_of(CERTIFICATES["nothing yet"]) is None
