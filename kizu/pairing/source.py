"""Pairs all pictures of a dataset in this process, without a flow."""

from collections.abc import Iterator
from typing import Final

from kizu.intake import INTAKE
from kizu.pairing.normals import DESCRIBE, NormalImages
from kizu.pairing.pairs import Pair, Pairing
from kizu.pairing.pictures import PAIR, SETTING, pair_files
from kizu.pairing.rules import PairingRules, picture_source
from kizu.progress import advance, expect
from kizu.sources import Inventory, NormalImage, Skipped, list_source, take_in
from kizu.spec import DatasetSpec
from kizu.store import Store

_PICTURES_AT_A_TIME: Final = 64
"""Their features are held together, and those of the normal images are read once for all."""


def pair_source(spec: DatasetSpec, store: Store) -> tuple[Inventory, Pairing]:
    """Take the normal images into a store, and pair the pictures of the editor with them.

    Args:
        spec: A dataset whose editor brings its pictures.
        store: What is found is kept there, so that a build does not look again.

    Raises:
        SourceError: A folder, or the table, cannot be used.
    """
    pictures = list_source(picture_source(spec).path, SETTING)
    inventory = Inventory.of(_take_in(spec, store, {file.url for file in pictures}))
    normals = NormalImages(inventory.images, store, spec.images.path, spec.images.decoding)
    rules = PairingRules(spec, inventory.images, [file.name for file in pictures])
    expect(DESCRIBE, len(inventory.images))
    normals.describe()
    expect(PAIR, len(pictures))
    found: list[Pair | Skipped] = [*rules.unused_rows()]
    for start in range(0, len(pictures), _PICTURES_AT_A_TIME):
        part = pictures[start : start + _PICTURES_AT_A_TIME]
        found += pair_files(part, rules, normals, store)
    return inventory, Pairing.of([Pairing.from_items(found)])


def _take_in(spec: DatasetSpec, store: Store, others: set[str]) -> Iterator[NormalImage | Skipped]:
    if not spec.has_normals:
        return
    files = [file for file in list_source(spec.images.path) if file.url not in others]
    expect(INTAKE, len(files))
    for file in files:
        yield take_in(file, store, spec.images.max_megapixels, spec.images.decoding)
        advance(INTAKE)
