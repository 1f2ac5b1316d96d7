"""Takes the user's normal images into the store."""

from prefect import task

from kizu.progress import advance
from kizu.settings import Record
from kizu.sources import Inventory, NormalImage, Skipped, SourceFile, list_source, take_in
from kizu.store import Store
from tasks.stage import CACHED_IN_RUN

STAGE = "take in"


class FilesRef(Record):
    """A part of the listing of a source: where it lies in the store, and its number."""

    path: str
    number: int
    of: int
    files: int


class FilesPart(Record):
    """A part of the listing."""

    files: tuple[SourceFile, ...]


class InventoryPart(Record):
    """What came of a part of the listing."""

    images: tuple[NormalImage, ...]
    skipped: tuple[Skipped, ...]


@task(name="list photos", **CACHED_IN_RUN)
def list_photos(path: str, store_url: str, part_size: int) -> list[FilesRef]:
    """List the files of a source and store the listing in parts."""
    files = list_source(path)
    store = Store(store_url)
    cuts = [files[start : start + part_size] for start in range(0, len(files), part_size)]
    parts = [FilesPart(files=tuple(cut)).model_dump(mode="json") for cut in cuts]
    paths = [store.put_json("builds/files", part) for part in parts]
    return [
        FilesRef(path=path, number=i + 1, of=len(cuts), files=len(cuts[i]))
        for i, path in enumerate(paths)
    ]


@task(name="take in", task_run_name="take in {part.number} of {part.of}", **CACHED_IN_RUN)
def take_in_part(part: FilesRef, store_url: str) -> str:
    """Decode a part of the files into the store; return where the outcome lies."""
    store = Store(store_url)
    files = FilesPart.model_validate(store.read_json(part.path)).files
    images: list[NormalImage] = []
    skipped: list[Skipped] = []
    for file in files:
        taken = take_in(file, store)
        if isinstance(taken, Skipped):
            skipped.append(taken)
        else:
            images.append(taken)
        advance(STAGE)
    outcome = InventoryPart(images=tuple(images), skipped=tuple(skipped))
    return store.put_json("builds/inventory", outcome.model_dump(mode="json"))


def open_inventory(paths: list[str], store: Store) -> Inventory:
    """Read the parts back as one inventory."""
    parts = [InventoryPart.model_validate(store.read_json(path)) for path in paths]
    images = [image for part in parts for image in part.images]
    return Inventory.of([*images, *(skip for part in parts for skip in part.skipped)])
