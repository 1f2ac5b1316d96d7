"""Takes the user's normal images into the store, part by part."""

from typing import Final

from kizu.progress import advance
from kizu.settings import Record
from kizu.sources import Inventory, NormalImage, Skipped, SourceFile, list_source, take_in
from kizu.store import Store

INTAKE: Final = "take in"
"""What progress is reported as."""


class FilesRef(Record):
    """A part of the listing of a source: where it lies in the store, and its number."""

    path: str
    number: int
    of: int
    files: int

    def open(self, store: Store) -> tuple[SourceFile, ...]:
        """Read the part."""
        return _FilesPart.model_validate(store.read_json(self.path)).files


class _FilesPart(Record):
    """A part of the listing."""

    files: tuple[SourceFile, ...]


class _InventoryPart(Record):
    """What came of a part of the listing."""

    images: tuple[NormalImage, ...]
    skipped: tuple[Skipped, ...]


def save_listing(
    path: str,
    store: Store,
    part_size: int,
    setting: str = "images.path",
    *,
    without: str | None = None,
) -> list[FilesRef]:
    """List the files of a source and store the listing in parts.

    Args:
        path: The source.
        store: The store.
        part_size: Files per part.
        setting: The setting that names the source, for errors.
        without: Another source, whose files are left out: pictures with defects may lie in a
            folder below the normal images.

    Raises:
        SourceError: Nothing is there.
    """
    files = list_source(path, setting)
    if without is not None:
        others = {file.url for file in list_source(without)}
        files = [file for file in files if file.url not in others]
    cuts = [files[start : start + part_size] for start in range(0, len(files), part_size)]
    parts = [_FilesPart(files=tuple(cut)).model_dump(mode="json") for cut in cuts]
    paths = [store.put_json("builds/files", part) for part in parts]
    return [
        FilesRef(path=path, number=i + 1, of=len(cuts), files=len(cuts[i]))
        for i, path in enumerate(paths)
    ]


def take_in_files(part: FilesRef, store: Store) -> str:
    """Decode a part of the files into the store; return where the outcome lies."""
    images: list[NormalImage] = []
    skipped: list[Skipped] = []
    for file in part.open(store):
        taken = take_in(file, store)
        if isinstance(taken, Skipped):
            skipped.append(taken)
        else:
            images.append(taken)
        advance(INTAKE)
    outcome = _InventoryPart(images=tuple(images), skipped=tuple(skipped))
    return store.put_json("builds/inventory", outcome.model_dump(mode="json"))


def open_inventory(paths: list[str], store: Store) -> Inventory:
    """Read what came of all parts back as one inventory."""
    parts = [_InventoryPart.model_validate(store.read_json(path)) for path in paths]
    images = [image for part in parts for image in part.images]
    return Inventory.of([*images, *(skip for part in parts for skip in part.skipped)])
