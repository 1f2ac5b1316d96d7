"""Files under one URL: a folder, or an object store that many machines see."""

from kizu.store.store import StageFolder, Store, keyed

__all__ = ["StageFolder", "Store", "keyed"]
