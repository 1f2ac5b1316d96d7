"""Files under one URL: a folder, or an object store that many machines see."""

from kizu.store.checked import DamagedFileError
from kizu.store.marks import Marks
from kizu.store.recent import remembering
from kizu.store.retry import StoreUnreachableError
from kizu.store.stage_folder import StageFolder
from kizu.store.store import Store, keyed
from kizu.store.unwritable import StoreUnwritableError

__all__ = [
    "DamagedFileError",
    "Marks",
    "StageFolder",
    "Store",
    "StoreUnreachableError",
    "StoreUnwritableError",
    "keyed",
    "remembering",
]
