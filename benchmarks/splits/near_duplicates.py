"""Measures which photographs are found to show the same, and what looking for them costs.

    python benchmarks/splits/near_duplicates.py
    python benchmarks/splits/near_duplicates.py --real FOLDER --group 'tile[0-9]+'
    python benchmarks/splits/near_duplicates.py --cost 10000

Each set of photographs is looked through once as it is, which tells how alike different things are
found to be, and once for each kind of copy, with copies of some of its photographs added. The sets:
parts on one station, with a coarse grain and with hardly any, put down anew within some pixels,
under light that varies; ten photographs of scikit-image; and those of a real folder, where --group
says which names are of one part. Nothing of the folder is kept.
"""

import argparse
import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from kizu.imaging.thumbnails import thumbnail
from kizu.matching.duplicates import SAME, DuplicateSearch, Thumbnail

Grey = NDArray[np.uint8]
Rng = np.random.Generator
SHAPE = (600, 800)
SCENES = ("camera", "coins", "moon", "page", "brick", "grass", "gravel", "clock", "text", "cell")


def field(rng: Rng, sigma: float) -> NDArray[np.float32]:
    """Return smooth noise of deviation 1."""
    noise = cv2.GaussianBlur(rng.standard_normal(SHAPE).astype(np.float32), (0, 0), sigma)
    return np.asarray(noise / noise.std(), np.float32)


def station(parts: int, seed: int, grain: float, marks: int) -> dict[str, Grey]:
    """Return photographs of different parts on one station: fixture and shape are the same.

    Args:
        parts: How many.
        seed: Of the station.
        grain: Deviation of each part's own grain, in grey levels; the sensor's noise is 2.
        marks: Specks of 1 to 4 px that each part has alone.
    """
    rng = np.random.default_rng(seed)
    height, width = SHAPE
    fixture = 110 + 25 * field(rng, 30) + 10 * field(rng, 3)
    for _ in range(12):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        far = x + int(rng.integers(20, 120)), y + int(rng.integers(20, 120))
        cv2.rectangle(fixture, (x, y), far, float(rng.integers(30, 220)), -1)
    shape = 170 + 12 * field(rng, 25)
    for _ in range(15):
        spot(shape, rng, 180, (5, 30))
    outline = cv2.circle(np.zeros(SHAPE, np.float32), (width // 2, height // 2), 230, 1.0, -1)
    return {
        f"part{part:03d}": shot(
            np.random.default_rng([seed, part]), fixture, shape, outline, grain, marks
        )
        for part in range(parts)
    }


def spot(image: NDArray[np.float32], rng: Rng, reach: int, radii: tuple[int, int]) -> None:
    """Draw a disc near the middle."""
    x, y = (side // 2 + int(rng.integers(-reach, reach)) for side in SHAPE[::-1])
    cv2.circle(image, (x, y), int(rng.integers(*radii)), float(rng.integers(40, 230)), -1)


def shot(
    rng: Rng,
    fixture: NDArray[np.float32],
    shape: NDArray[np.float32],
    outline: NDArray[np.float32],
    grain: float,
    marks: int,
) -> Grey:
    """Return the photograph of one part."""
    height, width = SHAPE
    own = shape + grain * field(rng, 1.5) + grain / 2 * field(rng, 6)
    for _ in range(marks):
        spot(own, rng, 200, (1, 4))
    place = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 0.4)), 1)
    place[:, 2] += rng.normal(0, 2, 2)
    own, covers = (
        cv2.warpAffine(each, place, (width, height), borderMode=cv2.BORDER_REFLECT)
        for each in (own, outline)
    )
    y, x = np.mgrid[0:height, 0:width] / max(SHAPE) - 0.5
    light = 1 + 0.1 * (rng.normal() * x + rng.normal() * y) + 0.05 * rng.normal()
    seen = (fixture * (1 - covers) + own * covers) * light + rng.normal(0, 2, SHAPE)
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


def scenes() -> dict[str, Grey]:
    """Return photographs of scikit-image, each unlike the others."""
    return {name: np.asarray(getattr(data, name)(), np.uint8) for name in SCENES}


def real_photos(folder: Path) -> dict[str, Grey]:
    """Return the photographs below a folder, without masks."""
    files = sorted(each for each in folder.rglob("*") if each.suffix in (".jpg", ".png"))
    found = ((file, cv2.imread(str(file), 0)) for file in files if "_mask" not in file.stem)
    return {str(file.relative_to(folder)): np.asarray(image, np.uint8) for file, image in found}


def jpeg(image: Grey, quality: int) -> Grey:
    """Return what JPEG keeps of a picture."""
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, 0), np.uint8)


def resized(image: Grey, scale: float) -> Grey:
    """Return a picture in another size."""
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=3), np.uint8)


def cropped(image: Grey, most: float, rng: Rng) -> Grey:
    """Return a picture without a part of at most so much at each side."""
    height, width = image.shape
    left, top, right, bottom = rng.uniform(most / 3, most, 4)
    rows = slice(int(height * top), height - int(height * bottom))
    return image[rows, int(width * left) : width - int(width * right)]


def exposed(image: Grey, rng: Rng) -> Grey:
    """Return a picture with another gamma, gain and offset."""
    tone = (image / 255.0) ** rng.uniform(0.8, 1.25) * 255 * rng.uniform(0.75, 1.2)
    return np.asarray(np.clip(tone + rng.uniform(-10, 10), 0, 255), np.uint8)


COPIES: dict[str, Callable[[Grey, Rng], Grey]] = {
    "JPEG quality 95": lambda image, _: jpeg(image, 95),
    "JPEG quality 75": lambda image, _: jpeg(image, 75),
    "JPEG quality 50": lambda image, _: jpeg(image, 50),
    "half the size": lambda image, _: resized(image, 0.5),
    "a third, JPEG 85": lambda image, _: jpeg(resized(image, 0.34), 85),
    "cropped by 1-3 % a side": lambda image, rng: cropped(image, 0.03, rng),
    "cropped by 2-6 % a side": lambda image, rng: cropped(image, 0.06, rng),
    "re-exposed": exposed,
    "re-exposed, JPEG 75": lambda image, rng: jpeg(exposed(image, rng), 75),
    "cropped, half, JPEG 85": lambda image, rng: jpeg(resized(cropped(image, 0.03, rng), 0.5), 85),
}


def small(image: Grey) -> Thumbnail:
    """Return the thumbnail of a grey picture."""
    return thumbnail(np.repeat(image[..., None], 3, axis=2))


def measure(title: str, photos: dict[str, Grey], part_of: Callable[[str], str]) -> None:
    """Print what is found in a set as it is, and with copies."""
    rng = np.random.default_rng(5)
    names = list(photos)
    chosen = [names[at] for at in rng.choice(len(names), min(len(names), 20), replace=False)]
    thumbnails = [small(photos[name]) for name in names]
    print(f"\n## {title}: {len(names)} photographs\n")
    alike = likeness_of(thumbnails)
    report_parts(alike, names, part_of)
    print("\n| copies of 20 | found | looked at | lowest and median likeness | others the same |")
    print("|---|---|---|---|---|")
    for kind, copy in COPIES.items():
        copies = [
            copy(photos[name], np.random.default_rng([7, at])) for at, name in enumerate(chosen)
        ]
        alike = likeness_of([*thumbnails, *map(small, copies)])
        of = [*names, *chosen]
        own = sorted(found for (one, two), found in alike.items() if of[one] == of[two])
        other = [f for (one, two), f in alike.items() if part_of(of[one]) != part_of(of[two])]
        lowest = f"{own[0]:.2f}, {np.median(own):.2f}" if own else "-"
        wrong = sum(found >= SAME for found in other)
        found = sum(found >= SAME for found in own)
        print(f"| {kind} | {found} of {len(chosen)} | {len(own)} | {lowest} | {wrong} |")


def likeness_of(thumbnails: Iterable[Thumbnail]) -> dict[tuple[int, int], float]:
    """Return the likeness of all pairs that are looked at."""
    search = DuplicateSearch(list(thumbnails))
    return dict(search.likenesses(search.candidates()))


def report_parts(
    alike: dict[tuple[int, int], float], names: list[str], part_of: Callable[[str], str]
) -> None:
    """Print how alike photographs of one part and of different parts are found to be."""
    same, other = [], []
    for (one, two), found in alike.items():
        is_same = part_of(names[one]) == part_of(names[two])
        (same if is_same else other).append((found, names[one], names[two]))
    wrong = sorted((each for each in other if each[0] >= SAME), reverse=True)
    top = ", ".join(f"{found:.2f}" for found, _, _ in sorted(other, reverse=True)[:5])
    print(f"different parts: {len(other)} pairs looked at, the likest {top}; {len(wrong)} the same")
    for found, one, two in wrong:
        print(f"  {found:.2f} {one} {two}")
    if same:
        found = [each[0] for each in same]
        tenth, median = np.percentile(found, [10, 50])
        count = sum(each >= SAME for each in found)
        print(
            f"one part: {len(found)} pairs looked at, {count} the same; "
            f"the lowest tenth {tenth:.2f}, median {median:.2f}"
        )


def cost(count: int) -> None:
    """Print CPU seconds for so many photographs of one station, and for ten more."""
    some = [small(each) for each in station(50, 9, 4.0, 3).values()]
    rng = np.random.default_rng(1)
    thumbnails = []
    for at in range(count):
        grain = cv2.GaussianBlur(rng.standard_normal(some[0].shape).astype(np.float32), (0, 0), 1)
        tone = some[at % len(some)] + 8 * grain / grain.std()
        thumbnails.append(np.asarray(np.clip(tone, 0, 255), np.uint8))
    start = time.process_time()
    search = DuplicateSearch(thumbnails)
    made = time.process_time()
    pairs = search.candidates()
    chosen = time.process_time()
    some_photos = range(0, count, max(1, count // 200))
    looked = [pair for pair in pairs if pair[0] in some_photos]
    start_s, chosen = time.monotonic(), time.process_time()
    found = dict(search.likenesses(looked))
    each, each_s = (
        (now - before) / len(found)
        for now, before in ((time.process_time(), chosen), (time.monotonic(), start_s))
    )
    print(
        f"{count} photographs of one station: taken in {made - start:.0f} CPU s, candidates "
        f"{chosen - made:.0f} CPU s, {len(pairs)} pairs x {1000 * each:.0f} ms = "
        f"{each * len(pairs):.0f} CPU s, {each_s * len(pairs):.0f} s on {os.cpu_count()} cores"
    )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--real", type=Path, help="a folder of photographs")
    parser.add_argument("--group", help="regular expression: the part in a photograph's name")
    parser.add_argument("--cost", type=int, help="measure the cost for so many photographs")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.cost:
        cost(options.cost)
    elif options.real:
        group = options.group

        def part_of(name: str) -> str:
            found = re.search(group, name) if group else None
            return found[0] if found else name

        measure("real folder", real_photos(options.real), part_of)
    else:
        measure("station, grain 6", station(60, 0, 6.0, 3), str)
        measure("station, grain 1.5", station(60, 1, 1.5, 1), str)
        measure("scikit-image", scenes(), str)


if __name__ == "__main__":
    main()
