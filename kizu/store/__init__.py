"""Files under one URL: a folder, or an object store that many machines see."""

from kizu.store.checked import DamagedFileError
from kizu.store.store import StageFolder, Store, keyed

__all__ = ["DamagedFileError", "StageFolder", "Store", "keyed"]
