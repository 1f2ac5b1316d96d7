import errno

import pytest

from kizu.store import Store, StoreUnwritableError
from kizu.store.unwritable import telling


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EFBIG"])
def test_a_store_that_takes_no_more_files_says_which_one_why_and_what_room_there_is(code, tmp_path):
    def fail():
        raise OSError(getattr(errno, code), "strange")

    with (
        pytest.raises(StoreUnwritableError, match=r"^edits/x cannot be written: .*[MG]B free"),
        telling("edits/x", tmp_path / "not" / "there"),
    ):
        fail()


def test_a_missing_file_is_no_trouble_of_the_store(tmp_path):
    with pytest.raises(FileNotFoundError), telling("edits/x", tmp_path):
        (tmp_path / "x").read_bytes()


def test_room_is_known_of_a_disk_and_not_of_an_object_store(tmp_path):
    assert Store(str(tmp_path / "new")).free_bytes() > 0
    assert Store("memory://kizu").free_bytes() is None
