"""Writes a version's card: README, pictures of its defects, and the Croissant description."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kizu.imaging.codecs import decode_mask, decode_png, encode_png
from kizu.publish.card import CROISSANT, README, card, description, montage_name
from kizu.publish.certification import Certification
from kizu.publish.croissant import croissant
from kizu.publish.dataset import Dataset
from kizu.publish.facts import DefectFacts, VersionFacts, pictured_samples, version_facts
from kizu.publish.layout import VersionFolder
from kizu.publish.montage import montage
from kizu.publish.rows import Row
from kizu.publish.schemas import decode_parts
from kizu.publish.tables import TableFile
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.store.keys import sha256_hex

logger = logging.getLogger(__name__)

_ROWS_AT_A_TIME: Final = 4096


def write_card(
    store: Store,
    version: VersionFolder,
    spec: DatasetSpec,
    tables: Mapping[str, TableFile],
    proven: Certification | None,
    earlier: Dataset | None = None,
) -> dict[str, str]:
    """Write a version's card into it.

    Args:
        store: The store.
        version: The version; its pictures are there.
        spec: The dataset.
        tables: Its tables.
        proven: What reviews have proven of it; None if that is not known.
        earlier: A whole version, whose picture of the same samples is taken over.

    Returns:
        The SHA-256 of each file, by its path within the version.
    """

    def rows(table: str, columns: Sequence[str]) -> Iterator[Row]:
        with tables[table].file.open("rb") as opened:
            for part in decode_parts(table, opened, _ROWS_AT_A_TIME, columns):
                yield from part.to_pylist()

    facts = version_facts(rows)
    known = _known_pictures(store, earlier, facts) if earlier else {}
    pictures = {
        name: known.get(name) or _picture(store, version, each)
        for name, each in facts.defects.items()
    }
    shown = {name: data for name, data in pictures.items() if data}
    digests = {name: table.sha256 for name, table in tables.items()}
    told = croissant(
        spec.name, version.version, description(spec, facts), spec.publish.license, digests
    )
    files = {montage_name(name): data for name, data in shown.items()}
    files[README] = card(version.version, spec, facts, proven, sorted(shown)).encode()
    files[CROISSANT] = f"{json.dumps(told, indent=1, ensure_ascii=False)}\n".encode()
    for name, data in files.items():
        store.write(version.path(name), data)
    return {name: sha256_hex(data) for name, data in sorted(files.items())}


def _known_pictures(store: Store, earlier: Dataset, facts: VersionFacts) -> dict[str, bytes]:
    """Return an earlier version's pictures of those defects of which the same samples are shown."""
    had, found = pictured_samples(earlier.rows), {}
    for name, each in facts.defects.items():
        file = montage_name(name)
        digest = earlier.manifest.get("files", {}).get(file)
        if digest and had.get(name) == each.pictured:
            try:
                data = store.read(earlier.folder.path(file))
            except FileNotFoundError:
                continue
            if sha256_hex(data) == digest:
                found[name] = data
    return found


def _picture(store: Store, version: VersionFolder, facts: DefectFacts) -> bytes:
    """Return the picture of a defect as a PNG file; nothing where there is none to show."""
    samples = []
    for each in facts.pictured:
        try:
            image = decode_png(store.read(version.path(each.image_path)))
            samples.append((image, decode_mask(store.read(version.path(each.mask_path)))))
        except (FileNotFoundError, ValueError) as damage:
            logger.warning("the card does not show %s: %s", each.image_path, damage)
    return encode_png(montage(samples)) if samples else b""
