import pytest

from kizu.emulator.multipart import parse_form


def test_a_form_that_is_cut_off_is_not_read():
    whole = b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b--\r\n'
    [part] = parse_form("multipart/form-data; boundary=b", whole)
    assert (part.name, part.text) == ("n", "1")
    with pytest.raises(ValueError, match="cut off"):
        parse_form("multipart/form-data; boundary=b", whole[:-8])
