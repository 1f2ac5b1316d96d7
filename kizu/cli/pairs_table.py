"""Shows which picture belongs to which normal image."""

from collections.abc import Callable
from math import inf
from typing import Final, TypeAlias

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from kizu.checks import deep_photos
from kizu.cli.half_blocks import can_show_pictures, small_picture
from kizu.cli.options import or_exit
from kizu.cli.terminal import out, print_skipped, print_splits, print_warning, progress_bars
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import decode_image, decode_png
from kizu.intake import read_normal
from kizu.pairing import Pair, Pairing, pair_source
from kizu.pairing.rules import picture_source
from kizu.planning import near_duplicates, split_photos
from kizu.sources import Skipped, SourceError, SourceFile, file_url, read_file
from kizu.spec import DatasetSpec
from kizu.splits import group_photos, split_sentences
from kizu.store import Store

OpenPair: TypeAlias = Callable[[Pair], tuple[RgbImage, RgbImage]]
"""Returns the normal image and the picture of a pair, each (H, W, 3) uint8."""

MOST_PAIRS: Final = 20
"""Pairs shown; with pictures of eight lines each, some four screens."""

_PICTURE_COLUMNS: Final = 16  # letters; two pictures leave 40 of 80 for the words


def show_pairs(spec: DatasetSpec, store: Store) -> None:
    """Pair the pictures of a dataset, and print the pairs and what is left out."""
    with progress_bars():
        inventory, pairing = or_exit(pair_source, spec, store)
    print_skipped(inventory.skipped)
    if deep := deep_photos(inventory, spec.images.depth_bits):
        print_warning(deep)
    photos = split_photos(inventory.images, pairing.pairs)
    with progress_bars():
        near = or_exit(near_duplicates, spec, photos, store)
    groups = or_exit(group_photos, spec, photos, near)
    paired = {pair.normal.sha256 for pair in pairing.pairs}
    print_splits(groups, split_sentences(spec, photos, groups, paired))
    print_pairs(pairing, lambda pair: _open_pair(pair, spec, store), MOST_PAIRS)


def _open_pair(pair: Pair, spec: DatasetSpec, store: Store) -> tuple[RgbImage, RgbImage]:
    """Read the two pictures of a pair.

    Raises:
        SourceError: The picture is no longer where it was.
    """
    source, name = picture_source(spec).path, pair.picture.name
    url = file_url(source, name)
    data = read_file(SourceFile(name, url), inf) if url else Skipped(name, "it is gone")
    if isinstance(data, Skipped):
        raise SourceError(f"{name} of {source}: {data.reason}; pair the pictures again")
    normal = read_normal(store, pair.normal, spec.images.path, spec.images.decoding)
    return decode_png(normal), decode_image(data, inf, pair.decoding)


def print_pairs(
    pairing: Pairing, open_pair: OpenPair, most: int, console: Console | None = None
) -> None:
    """Print pairs, those first that are least sure; then what was left out, and the counts.

    Args:
        pairing: The pairs.
        open_pair: Opens a pair; called for those that are shown, where pictures can be shown.
        most: So many pairs are shown at most.
        console: Where the pairs are printed; None for standard output.
    """
    console = console or out
    shown = pairing.least_sure(most)
    if shown and can_show_pictures(console):
        console.print(_with_pictures(shown, open_pair))
    else:
        for pair in shown:
            name, *words = _words(pair)
            console.print(f"{name}: {', '.join(words)}", markup=False)
    if more := len(pairing.pairs) - len(shown):
        console.print(f"and {more} more, which are at least as sure")
    print_skipped(pairing.left_out)
    console.print(pairing.headline)


def _with_pictures(pairs: tuple[Pair, ...], open_pair: OpenPair) -> Table:
    """Draw pairs beside their words, one below the other, so that both fit into 80 columns."""
    table = Table("normal", "edited", Column(overflow="fold"), show_lines=True)
    for pair in pairs:
        normal, edited = (small_picture(image, _PICTURE_COLUMNS) for image in open_pair(pair))
        name, *words = _words(pair)
        said = Text("\n").join([Text(name, style="bold"), *map(Text, words)])
        table.add_row(normal if pair.has_normal else "", edited, said)
    return table


def _words(pair: Pair) -> list[str]:
    """Say of a pair: the picture, its normal image, the defect, how they were paired and lie."""
    if not pair.has_normal:
        return [pair.picture.name, pair.shown.defect_type, "alone"]
    by = f"paired by {pair.picture.paired_by}"
    return [
        pair.picture.name,
        f"from {pair.normal.name}",
        pair.shown.defect_type,
        by if pair.picture.score is None else f"{by}, match {pair.picture.score:.2f}",
        pair.geometry.in_words(),
    ]
