import pytest

from kizu.edit.openai_images.errors import retry_after_s


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "", "-3"])
def test_a_pause_that_is_no_number_is_none(value):
    assert retry_after_s({"retry-after": value}) == 0
