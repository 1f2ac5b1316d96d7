"""Where a paid answer goes that the store cannot take: a folder of this machine, one per store.

It holds answers as the store holds them, and the next build on this machine completes them from
there. ``KIZU_SPARE_DIR`` names the place; without it, it is the system's folder for temporary
files, which some systems empty at times.
"""

import logging
import os
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import Final

from kizu.edit.paid import Reply
from kizu.edit.storage import drop_reply, find_replies, save_reply
from kizu.store import Store
from kizu.store.keys import sha256_hex

SPARE_VARIABLE: Final = "KIZU_SPARE_DIR"
PATIENCE_S: Final = 120.0
"""How long an answer is held in memory that neither place can take; as long as an outage of the
store is waited for."""

_NAP_S: Final = 1.0

logger = logging.getLogger(__name__)


class SpareReplies:
    """Paid answers that a store could not take."""

    def __init__(self, store: Store) -> None:
        """Point at the folder of a store; nothing is made."""
        self._store = store

    @cached_property
    def folder(self) -> Path:
        """Where they lie; two users of a machine have two folders."""
        place = Path(os.environ.get(SPARE_VARIABLE) or tempfile.gettempdir())
        user = f"{os.getuid()}-" if hasattr(os, "getuid") else ""
        named = sha256_hex(os.path.realpath(self._store.address("")).encode())
        return place / f"kizu-spare-{user}{named[:16]}"

    def keep(self, key: str, number: int, reply: Reply) -> str:
        """Store an answer here or, should that be possible again, in the store.

        Returns:
            Where it lies.

        Raises:
            OSError: Neither could take it for ``PATIENCE_S`` seconds.
        """
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                save_reply(self._opened(), key, number, reply)
            except OSError as error:
                logger.warning("a paid answer cannot be kept in %s (%s)", self.folder, error)
            else:
                return str(self.folder)
            time.sleep(_NAP_S)
            try:
                save_reply(self._store, key, number, reply)
            except OSError:
                if time.monotonic() > until:
                    raise
            else:
                return "the store"

    def take_back(self, key: str) -> None:
        """Bring the answers of an edit into the store."""
        if not self._is_own():
            return
        spare = self._opened()
        for number, reply in list(find_replies(spare, key)):
            save_reply(self._store, key, number, reply)
            drop_reply(spare, key, number)

    def _is_own(self) -> bool:
        """Tell whether there is such a folder of this user, and not one that another planted."""
        if not self.folder.is_dir() or self.folder.is_symlink():
            return False
        return not hasattr(os, "getuid") or self.folder.stat().st_uid == os.getuid()

    def _opened(self) -> Store:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is_own():
            raise PermissionError(f"{self.folder} is another user's")
        return Store(str(self.folder))
