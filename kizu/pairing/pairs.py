"""Pairs of a picture and its normal image, and the pictures that found none."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from kizu.edit.regions import Region
from kizu.imaging.codecs import PLAIN, Decoding
from kizu.imaging.geometry import Geometry
from kizu.samples import PairedPicture
from kizu.settings import Record
from kizu.sources import NormalImage, Skipped, SourceError
from kizu.store import Store

_PAIRED_BY: Final = {
    "table": "by the table",
    "name": "by name",
    "content": "by content",
    "none": "without a normal image",
}


class Shown(Record):
    """What a picture shows, as far as the user said it of this picture.

    Attributes:
        defect_type: One of the spec's defects.
        prompt: What it was made with; empty for the spec's words.
        phrases: What annotators look for; empty for the spec's.
        region: Where the defect is; None for the spec's.
    """

    defect_type: str
    prompt: str = ""
    phrases: tuple[str, ...] = ()
    region: Region | None = None


class Pair(Record):
    """A picture with its normal image.

    Attributes:
        picture: The picture.
        pixels_sha256: SHA-256 of its size and decoded pixels.
        normal: The normal image; the picture itself if it stands alone.
        has_normal: False if it stands alone.
        geometry: How the normal image was brought to the picture.
        shown: The defect.
        decoding: How the picture's file is read.
    """

    picture: PairedPicture
    pixels_sha256: str
    normal: NormalImage
    has_normal: bool
    geometry: Geometry
    shown: Shown
    decoding: Decoding = PLAIN


class Pairing(Record):
    """The pairs of a build, and the files that are in none, each with the reason."""

    pairs: tuple[Pair, ...]
    left_out: tuple[Skipped, ...]

    @classmethod
    def from_items(cls, found: Sequence[Pair | Skipped]) -> "Pairing":
        """Sort what became of pictures."""
        return cls(
            pairs=tuple(item for item in found if isinstance(item, Pair)),
            left_out=tuple(item for item in found if isinstance(item, Skipped)),
        )

    @classmethod
    def of(cls, parts: Iterable["Pairing"]) -> "Pairing":
        """Join parts; of pictures with equal pixels the first by name stays, per defect type."""
        joined = list(parts)
        left_out = [skip for part in joined for skip in part.left_out]
        kept: dict[tuple[str, str], Pair] = {}
        pairs = sorted((p for part in joined for p in part.pairs), key=lambda p: p.picture.name)
        for pair in pairs:
            first = kept.setdefault((pair.pixels_sha256, pair.shown.defect_type), pair)
            if first is not pair:
                same = f"it is the same picture as {first.picture.name}"
                left_out.append(Skipped(pair.picture.name, same))
        left_out.sort(key=lambda skip: skip.name)
        return cls(pairs=tuple(kept.values()), left_out=tuple(left_out))

    @property
    def headline(self) -> str:
        """The counts in one line.

        Example:
            >>> Pairing(pairs=(), left_out=(Skipped("a.png", "it is damaged"),)).headline
            '0 pairs; 1 file left out'
        """
        by = Counter(pair.picture.paired_by for pair in self.pairs)
        told = [f"{count} {_PAIRED_BY.get(who, who)}" for who, count in sorted(by.items())]
        listed = f" ({', '.join(told)})" if told else ""
        left_out = f"; {_counted(len(self.left_out), 'file')} left out" if self.left_out else ""
        return f"{_counted(len(self.pairs), 'pair')}{listed}{left_out}"

    def least_sure(self, most: int) -> tuple[Pair, ...]:
        """Return so many pairs at most: the lowest scores first, those without one last."""

        def doubt(pair: Pair) -> tuple[float, str]:
            score = pair.picture.score
            return math.inf if score is None else score, pair.picture.name

        return tuple(sorted(self.pairs, key=doubt)[:most])

    def check_usable(self) -> None:
        """Refuse a source without a single pair.

        Raises:
            SourceError: No picture was paired.
        """
        if not self.pairs:
            shown = "; ".join(f"{skip.name}: {skip.reason}" for skip in self.left_out[:3])
            raise SourceError(
                f"editor.path: none of {len(self.left_out)} pictures can be labelled ({shown})"
            )


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def save_pairs(found: Sequence[Pair | Skipped], store: Store) -> str:
    """Store what became of a part of the pictures; return where it lies."""
    return store.put_json("builds/pairs", Pairing.from_items(found).model_dump(mode="json"))


def open_pairing(paths: Iterable[str], store: Store) -> Pairing:
    """Read what became of all parts back as one pairing."""
    return Pairing.of(store.read_json_as(path, Pairing.model_validate) for path in paths)
