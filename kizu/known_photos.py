"""Photographs that were taken in before, known by size and time or ETag and not read again.

``builds/photos/ab/KEY.json`` holds of every usable file of a source its mark when it was read
(``kizu.store.marks``) and the normal image that it was. Build tools know files the same way. What
that cannot see is another content of the same size that was given the same time; ``--rehash`` reads
every file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final, Self

from kizu.imaging.codecs import PLAIN, Decoding
from kizu.imaging.formats import most_bytes
from kizu.sources import NormalImage, SourceFile, normal_record_path
from kizu.store import Marks, Store, keyed
from kizu.store.keys import content_key
from kizu.versions import DECODER_VERSION


class KnownPhotos:
    """The usable files of a source as they were when they were last read."""

    def __init__(self, known: Mapping[str, tuple[str, NormalImage]] | None = None) -> None:
        """Take each file's mark and image, by its URL."""
        self._known = dict(known or {})

    @classmethod
    def open(cls, store: Store, source: str, decoding: Decoding = PLAIN) -> Self:
        """Read what is known of a source; nothing, where that is damaged or another kizu's.

        Args:
            store: The store.
            source: The source.
            decoding: How its files are read; otherwise they may be other images.
        """
        return store.read_note(_path(source, decoding), cls._read, cls, "all photos are read")

    @classmethod
    def _read(cls, value: Mapping[str, Any]) -> Self:
        return cls({url: (mark, NormalImage(**im)) for url, (mark, im) in value["files"].items()})

    def find(self, file: SourceFile, marks: Marks, max_megapixels: float) -> NormalImage | None:
        """Return what a file is; None if it must be read to know.

        Args:
            file: The file, as it is listed now.
            marks: The store's marks; what is not in the store any more is taken in anew.
            max_megapixels: A file that is larger than such a picture is read, and refused.
        """
        mark, image = self._known.get(file.url, ("", None))
        if image is None or not file.mark or mark != file.mark or image.name != file.name:
            return None
        is_there = marks.of(image.path) and marks.of(normal_record_path(image.sha256))
        return image if is_there and file.size <= most_bytes(max_megapixels) else None

    def add(
        self,
        store: Store,
        source: str,
        files: Iterable[SourceFile],
        images: Iterable[NormalImage],
        decoding: Decoding = PLAIN,
    ) -> None:
        """Store what is known of a source, with what was read of it now.

        Args:
            store: The store.
            source: The source.
            files: What was read, as it was listed before.
            images: What could be used of it; others among them change nothing.
            decoding: How it was read.
        """
        by_name = {image.name: image for image in images}
        now = dict(self._known)
        for file in files:
            now.pop(file.url, None)
            if file.mark and file.name in by_name:
                now[file.url] = (file.mark, by_name[file.name])
        if now != self._known:
            entries = {url: [mark, asdict(image)] for url, (mark, image) in now.items()}
            store.write_json(_path(source, decoding), {"files": entries})
            self._known = now


def _path(source: str, decoding: Decoding) -> str:
    told = decoding.told()
    chosen = {"decoding": told} if told else {}
    key = content_key("source", path=source, decoder=DECODER_VERSION, **chosen)
    return f"{keyed(_FOLDER, key)}.json"


_FOLDER: Final = "builds/photos"
