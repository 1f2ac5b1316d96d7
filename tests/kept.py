"""Copies of what was built once, for tests that change it."""

import os
import shutil
from pathlib import Path

WORK = ("edits", "normals", "stages", "truth")
"""Folders of a store that hold what stages make, of whatever dataset."""


def copy_folder(one, other):
    """Copy a folder's files into another one; one file under two names stays one file."""
    copies = {}

    def copy(source, target):
        first = copies.setdefault(Path(source).stat().st_ino, target)
        if first == target:
            shutil.copy2(source, target)
        else:
            os.link(first, target)

    shutil.copytree(one, other, copy_function=copy, dirs_exist_ok=True)


def copy_store(one, other, rooms=("",)):
    """Copy folders of a store to another place."""
    for room in rooms:
        copy_folder(one.address(room), other.address(room))
