"""Shows what differs between two versions: old and new side by side, with their outlines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from kizu.imaging.arrays import RgbImage
from kizu.publish.changes import Change, ChangeKind, Side, count_kinds
from kizu.publish.dataset import Dataset
from kizu.report.card_pictures import encode_webp
from kizu.report.page import asset, environment
from kizu.viz.overlays import BOLD_PEN, CHANGED_COLOUR, fit_image, fit_mask, outline_mask

MOST_SHOWN: Final = 120
"""Samples with pictures on a page, which holds them itself; all are in the table of --json."""

_LONG_SIDE_PX: Final = 360
_QUALITY: Final = 80  # of WebP; lines and textures stay, a page of 120 pairs has some 5 MB


@dataclass(frozen=True)
class ShownSide:
    """A sample as one version has it, drawn.

    Attributes:
        picture: Its image with the outline of its label, as WebP.
        side: What is known of it.
    """

    picture: bytes
    side: Side


@dataclass(frozen=True)
class ShownChange:
    """A change with its pictures, missing where a version lacks the sample."""

    change: Change
    before: ShownSide | None
    after: ShownSide | None


def most_telling(changes: Sequence[Change], most: int = MOST_SHOWN) -> list[Change]:
    """Choose the changes that are shown: defects before normal images, each way in turn."""
    order = (
        ChangeKind.RELABELLED,
        ChangeKind.MASK,
        ChangeKind.PICTURE,
        ChangeKind.REPLACED,
        ChangeKind.REMOVED,
        ChangeKind.ADDED,
        ChangeKind.CERTIFIED,
        ChangeKind.SPLIT,
    )
    by_kind: Mapping[ChangeKind, list[Change]] = {kind: [] for kind in order}
    for change in changes:
        by_kind[min(change.kinds, key=order.index)].append(change)
    queues = [sorted(by_kind[kind], key=_is_normal) for kind in order]
    turns = [
        (place, turn, change)
        for turn, queue in enumerate(queues)
        for place, change in enumerate(queue)
    ]
    chosen = sorted(turns, key=lambda each: each[:2])[:most]
    return [change for _, _, change in sorted(chosen, key=lambda each: (each[1], each[0]))]


def _is_normal(change: Change) -> bool:
    side = change.after or change.before
    return side is not None and side.sample.is_normal


def changes_page(before: Dataset, after: Dataset, changes: Sequence[Change]) -> str:
    """Return one self-contained HTML page of what differs.

    Args:
        before: The older version.
        after: The newer one.
        changes: What differs.

    Raises:
        DatasetError: A picture is not what was published.
    """
    shown = [
        ShownChange(change, _drawn(change.before), _drawn(change.after))
        for change in most_telling(changes)
    ]
    return (
        environment()
        .get_template("changes.html.j2")
        .render(
            name=after.name,
            before=before.version,
            after=after.version,
            counts=count_kinds(changes),
            shown=shown,
            total=len(changes),
            style=Markup(asset("page.css")),  # noqa: S704 - our own file
        )
    )


def _drawn(side: Side | None) -> ShownSide | None:
    return None if side is None else ShownSide(encode_webp(_outlined(side), _QUALITY), side)


def _outlined(side: Side) -> RgbImage:
    """Return a sample's image with the outline of its label, scaled to what a page shows."""
    image = side.sample.image()
    height, width = image.shape[:2]
    scale = min(_LONG_SIDE_PX / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    fitted = fit_image(image, *size)
    if side.sample.is_normal:
        return fitted
    return outline_mask(fitted, fit_mask(side.sample.label(), *size), CHANGED_COLOUR, BOLD_PEN)
