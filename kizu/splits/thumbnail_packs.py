"""Thumbnails of a dataset's photos, many to a file, so that reading them costs few requests.

A pack is an ``.npz`` archive with one (h, w) uint8 array per photo, by the SHA-256 of its file. A
build adds one pack of what no other has; of many, one is made.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np

from kizu.matching.duplicates import Thumbnail
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.checked import naming
from kizu.store.keys import content_key

_MOST_PACKS: Final = 16
"""Requests that a look at all photos costs at most; one made of them writes each thumbnail once
more, so that sixteen builds share that."""


class Packs(NamedTuple):
    """Packs of a dataset.

    Attributes:
        named: Where they lie.
        replaced: Those whose thumbnails are in others now.
    """

    named: tuple[str, ...]
    replaced: tuple[str, ...]


def read_packs(store: Store, paths: Sequence[str]) -> dict[str, dict[str, Thumbnail]]:
    """Return the thumbnails of packs by path and their photos' SHA-256.

    Those that are damaged or gone are left out.
    """

    def read(path: str) -> dict[str, Thumbnail] | None:
        try:
            data = store.read_checked(path)
            with naming(store.address(path)), np.load(io.BytesIO(data)) as pack:
                return {name: np.asarray(pack[name], np.uint8) for name in pack.files}
        except (FileNotFoundError, DamagedFileError):
            return None

    with ThreadPoolExecutor(_MOST_PACKS) as pool:
        found = zip(paths, pool.map(read, paths), strict=True)
        return {path: pack for path, pack in found if pack is not None}


def pack_thumbnails(
    store: Store,
    dataset: str,
    thumbnails: Mapping[str, Thumbnail],
    packed: Mapping[str, Collection[str]],
) -> Packs:
    """Store thumbnails that no pack has, and return the packs that hold all.

    Args:
        store: The store.
        dataset: The dataset's name.
        thumbnails: Of all its photos, by SHA-256.
        packed: The packs that there are by path, and whose thumbnails they hold.
    """
    known = {name for names in packed.values() for name in names}
    left = {name: each for name, each in thumbnails.items() if name not in known}
    if not left:
        return Packs(tuple(packed), ())
    if len(packed) < _MOST_PACKS:
        return Packs((*packed, _write(store, dataset, left)), ())
    one = _write(store, dataset, thumbnails)
    return Packs((one,), tuple(path for path in packed if path != one))


def _write(store: Store, dataset: str, thumbnails: Mapping[str, Thumbnail]) -> str:
    path = f"{keyed(f'thumbnails/packs/{dataset}', content_key('pack', of=sorted(thumbnails)))}.npz"
    file = io.BytesIO()
    arrays = {name: thumbnails[name] for name in sorted(thumbnails)}
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # its stub takes one for an option
    store.write_checked(path, file.getvalue())
    return path
