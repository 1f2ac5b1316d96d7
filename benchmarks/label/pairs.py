"""How surely pictures that were edited elsewhere find their normal images, and what labels cost.

    python benchmarks/label/pairs.py
    python benchmarks/label/pairs.py --seed 2 --photos FOLDER
    python benchmarks/label/pairs.py --scale 1000

Tiles of photographs are normals, many of them alike. The painter draws a defect on each, its drift
profiles redraw it, and then it is resized, cropped, padded, turned, squeezed, or several of these,
and encoded. Besides there are pictures of other products, which must match nothing, and normals
that show the same part once more, which must not take a picture from its own normal.

The label that the found geometry leads to is compared with the truth, and with the label of the
same picture that nobody resized.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import resource
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from alterations import KINDS, PADDINGS, alter, encode, plan
from normals import make_parts, photographs, shot, shot_again
from tqdm import tqdm

from kizu.diff import composite
from kizu.diff.window import diff_window
from kizu.edit.painter import DefectKind, DriftProfile, imitate_drift, paint
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_image, decode_mask, encode_mask, encode_png
from kizu.imaging.geometry import Geometry
from kizu.imaging.masks import mask_iou
from kizu.matching import (
    ContentMatch,
    ImageFeatures,
    MatchReason,
    NormalIndex,
    describe_image,
    match_by_content,
)

_FOREIGN_PHOTOS: Final = 3  # of the photographs; their tiles are pictures of other products
_FOREIGN: Final = 20
_SHOT_AGAIN: Final = 20  # normals that show a part once more
_SIDE_PX: Final = 448  # of the normals, about
_BATCH: Final = 100  # pictures matched together


@dataclass(frozen=True, eq=False)
class Pair:
    """A picture and what is known of it.

    Attributes:
        normal: Key of its normal; empty for pictures of other products.
        kind: What was done to its geometry.
        drift: Whose redraw was imitated.
        again: Whether its normal's part is among the normals once more.
        geometry: The way from the normal to the picture.
        picture: PNG, as it came.
        plain: PNG, the same on the normal's grid, encoded likewise.
        truth: PNG, the defect on the normal.
    """

    normal: str
    kind: str
    drift: DriftProfile
    again: bool
    geometry: Geometry
    picture: bytes
    plain: bytes
    truth: bytes


def make_pair(normal: RgbImage, key: str, number: int, seed: int, *, again: bool = False) -> Pair:
    """Edit a normal as somebody might; the number chooses defect, drift and geometry in turn."""
    rng = np.random.default_rng((seed, number))
    drift = list(DriftProfile)[number % len(DriftProfile)]
    kind = KINDS[number % len(KINDS)]
    defects = list(DefectKind)
    painting = paint(normal, defects[number % len(defects)], seed + number)
    drawn = imitate_drift(painting, drift, seed + number)
    geometry = plan(kind, painting.truth, rng)
    altered = alter(drawn.image, geometry, PADDINGS[int(rng.integers(len(PADDINGS)))])
    picture = encode(altered, np.random.default_rng((seed, number, 1)))
    plain = encode(drawn.image, np.random.default_rng((seed, number, 1)))
    files = encode_png(picture), encode_png(plain), encode_mask(painting.truth)
    return Pair(key, kind, drift, again, geometry, *files)


@dataclass(frozen=True, eq=False)
class Collection:
    """Normals as PNG by key, and pictures by key, in no order that could help."""

    normals: dict[str, bytes]
    pictures: dict[str, Pair]


def make_collection(
    photos: list[RgbImage], count: int, side_px: int, seed: int, edited: int | None = None
) -> Collection:
    """Make so many normals, pictures of all or some, and what must not be matched."""
    rng = np.random.default_rng(seed)
    own = make_parts(photos[_FOREIGN_PHOTOS:], count, side_px, seed)
    others = make_parts(photos[:_FOREIGN_PHOTOS], _FOREIGN, side_px, seed)
    names = iter(f"{number:05d}" for number in rng.permutation(3 * (count + _FOREIGN)))
    parts = {next(names): part for part in own}
    normals = {key: shot(part, rng) for key, part in parts.items()}
    twice = set(rng.permutation(list(normals))[:_SHOT_AGAIN].tolist())
    pairs = [
        make_pair(normal, key, number, seed, again=key in twice)
        for number, (key, normal) in enumerate(tqdm(list(normals.items())[:edited], "pictures"))
    ]
    pairs += [make_pair(shot(part, rng), "", number, seed) for number, part in enumerate(others)]
    normals |= {next(names): shot_again(parts[key], normals[key], rng) for key in sorted(twice)}
    pictures = {next(names): pairs[place] for place in rng.permutation(len(pairs))}
    return Collection({key: encode_png(normals[key]) for key in sorted(normals)}, pictures)


def matched(collection: Collection) -> dict[str, ContentMatch]:
    """Match all pictures, and print what it costs; files are decoded where they are read."""
    before_mib = _peak_mib()
    start = time.process_time()
    stored = {
        key: describe_image(decode_image(data)).to_bytes()
        for key, data in tqdm(collection.normals.items(), "normals")
    }
    described = time.process_time() - start
    index = NormalIndex(
        ((key, ImageFeatures.from_bytes(data)) for key, data in stored.items()),
        lambda key: ImageFeatures.from_bytes(stored[key]),
    )
    start = time.process_time()
    answers: dict[str, ContentMatch] = {}
    keys = list(collection.pictures)
    for first in tqdm(range(0, len(keys), _BATCH), "matching"):
        pictures = {
            key: describe_image(decode_image(collection.pictures[key].picture))
            for key in keys[first : first + _BATCH]
        }
        answers |= match_by_content(
            pictures,
            index,
            lambda key: decode_image(collection.pictures[key].picture),
            lambda key: decode_image(collection.normals[key]),
        )
    spent = time.process_time() - start
    print(f"normals: {len(index)}, {len(index) / described:.1f} described a CPU second")
    print(f"pictures: {len(keys)}, {len(keys) / spent:.2f} a CPU second, {spent / 60:.1f} minutes")
    size_mib = sum(map(len, stored.values())) / 2**20
    print(f"features of the normals: {size_mib:.0f} MiB, kept in memory here")
    print(f"peak memory: {_peak_mib():.0f} MiB, before matching {before_mib:.0f} MiB")
    return answers


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def outcome(pair: Pair, answer: ContentMatch) -> str:
    """Say in a word what came of a picture."""
    if answer.reason is MatchReason.MATCHED:
        return "right" if answer.normal == pair.normal else "wrong"
    return answer.reason.value


def report(collection: Collection, answers: dict[str, ContentMatch]) -> None:
    """Print outcomes by geometry, by drift and of parts that are there twice."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for key, pair in collection.pictures.items():
        what = outcome(pair, answers[key])
        if not pair.normal:
            groups["other products"][what] += 1
            continue
        among = ("all", pair.kind, pair.drift.value, *(["part is there twice"] * pair.again))
        for group in among:
            groups[group][what] += 1
        if what == "wrong":
            print(f"wrong: {pair.kind}, {pair.drift}, score {answers[key].score:.2f}")
    columns = ("right", "wrong", "ambiguous", "no_match")
    print(f"{'':22}" + "".join(f"{column:>11}" for column in columns))
    order = ["all", *KINDS, *DriftProfile, "part is there twice", "other products"]
    for group in order:
        print(f"{group:22}" + "".join(f"{groups[group][column]:11}" for column in columns))
    scores = {True: [], False: []}
    for key, pair in collection.pictures.items():
        scores[bool(pair.normal)].append(answers[key].score)
    own = np.quantile(scores[True], (0.02, 0.1, 0.5))
    print(f"scores: own normals 2 % {own[0]:.2f}, 10 % {own[1]:.2f}, median {own[2]:.2f}; ", end="")
    print(f"other products at most {max(scores[False], default=0.0):.2f}")


def label_of(normal: RgbImage, picture: RgbImage, geometry: Geometry) -> Mask:
    """Return the label that a picture in a geometry leads to, (H, W) bool on the normal."""
    edited = geometry.undo(picture, normal)
    result = diff_window(normal, edited, geometry.crop)
    return composite(normal, edited, result.mask, result).label


def report_labels(collection: Collection, answers: dict[str, ContentMatch]) -> None:
    """Print what the found geometry costs the labels."""
    overlaps: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for key, pair in tqdm(collection.pictures.items(), "labels"):
        answer = answers[key]
        if not pair.normal or answer.normal != pair.normal or answer.geometry is None:
            continue
        normal, picture, plain = map(
            decode_image, (collection.normals[pair.normal], pair.picture, pair.plain)
        )
        truth = decode_mask(pair.truth)
        x, y, width, height = pair.geometry.crop
        seen = np.zeros(truth.shape, np.bool_)
        seen[y : y + height, x : x + width] = True
        truth &= seen
        whole = Geometry.whole(pair.geometry.source, pair.geometry.source)
        labels = (
            label_of(normal, picture, answer.geometry),
            label_of(normal, picture, pair.geometry),
            label_of(normal, plain, whole) & seen,
        )
        found, known, unaltered = (mask_iou(label, truth) for label in labels)
        for group in ("all", pair.kind, pair.drift.value):
            overlaps[group].append((found, known, unaltered))
    print(f"{'IoU of labels':22}{'found':>9}{'known':>9}{'unaltered':>11}{'difference':>12}")
    for group in filter(overlaps.get, ("all", *KINDS, *DriftProfile)):
        found, known, unaltered = np.mean(overlaps[group], axis=0)
        print(f"{group:22}{found:9.3f}{known:9.3f}{unaltered:11.3f}{found - unaltered:+12.3f}")


def main() -> None:
    """Make the pairs, match them, print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="a folder of photographs instead")
    parser.add_argument("--seed", type=int, default=1, help="chooses noise, defects, geometries")
    parser.add_argument("--pairs", type=int, default=200, help="so many normals and pictures")
    parser.add_argument("--scale", type=int, help="so many, for time and memory; no labels")
    parser.add_argument("--pictures", type=int, help="of so many normals only")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    count = options.scale or options.pairs
    photos = photographs(options.photos)
    collection = make_collection(photos, count, _SIDE_PX, options.seed, options.pictures)
    answers = matched(collection)
    report(collection, answers)
    if not options.scale:
        report_labels(collection, answers)


if __name__ == "__main__":
    main()
