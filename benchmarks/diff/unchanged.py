"""Pictures on which nothing changed but how they were taken: how many are marked.

    python benchmarks/diff/unchanged.py
    python benchmarks/diff/unchanged.py --photos FOLDER --most 40

Every picture comes back in falling light, in another colour profile, resampled, denoised,
compressed, and redrawn as models do; each of these is a row. The pictures are the benchmark's
scenes, or photographs of a folder at native size.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
import pandas as pd
from drifts import redrawn
from scenes import SCENES, load_scene
from tqdm import tqdm

from kizu.diff import Status, diff_mask
from kizu.imaging.arrays import FloatMap, RgbImage
from kizu.imaging.codecs import IMAGE_SUFFIXES, decode_image

Change: TypeAlias = Callable[[RgbImage, np.random.Generator], RgbImage]

_ADOBE_FROM_SRGB: Final = np.array(
    [[0.7152, 0.2848, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0412, 0.9588]], np.float32
)
"""Linear sRGB to linear Adobe RGB (1998), both D65."""


def _linear(image: RgbImage) -> FloatMap:
    return np.asarray((image.astype(np.float32) / 255) ** 2.2, np.float32)


def _shown(
    linear: FloatMap, rng: np.random.Generator, noise_levels: tuple[float, ...] = (0.0, 0.8)
) -> RgbImage:
    """Back to 8 bits; every other picture with the noise of another exposure."""
    levels = 255 * np.clip(linear, 0, 1) ** (1 / 2.2)
    levels += rng.normal(0, rng.choice(noise_levels), linear.shape)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _radius_squared(shape: tuple[int, ...], centre: tuple[float, float]) -> FloatMap:
    """Squared distance (H, W) from a centre, one in the corners if it is the picture's own."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x, y = x / shape[1] - centre[0], y / shape[0] - centre[1]
    return np.asarray((x * x + y * y) * 2, np.float32)


def vignette(strength: float) -> Change:
    """Light that falls off as the fourth power of the cosine, by so much of the grey level."""

    def fall(image: RgbImage, rng: np.random.Generator) -> RgbImage:
        centre = (float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.4, 0.6)))
        r2 = _radius_squared(image.shape, centre)
        # cos^4 of an angle whose tangent grows with the radius; in grey levels, as reports say it
        tangent2 = (1 - strength) ** (-2.2 / 2) - 1
        return _shown(_linear(image) / ((1 + tangent2 * r2) ** 2)[..., None], rng)

    return fall


def side_light(strength: float) -> Change:
    """Light that falls evenly from one side to the other, in a drawn direction."""

    def fall(image: RgbImage, rng: np.random.Generator) -> RgbImage:
        y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        ramp = np.cos(angle) * (x / image.shape[1] - 0.5) + np.sin(angle) * (
            y / image.shape[0] - 0.5
        )
        ramp /= np.abs(ramp).max()
        return _shown(_linear(image) * (1 + ramp * strength)[..., None], rng)

    return fall


def profile(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Adobe RGB written where sRGB is read: paler colours; greys must not come back bit for bit."""
    return _shown(np.asarray(_linear(image) @ _ADOBE_FROM_SRGB.T, np.float32), rng, (0.8,))


def warm_light(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """A white balance off by some 500 K."""
    return _shown(np.asarray(_linear(image) * np.float32((1.06, 1.0, 0.9)), np.float32), rng)


def resampled(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Reduced to 0.7 and enlarged again, shifted by part of a pixel."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (round(width * 0.7), round(height * 0.7)), None, 0, 0, cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), None, 0, 0, cv2.INTER_CUBIC)
    affine = np.array([[1, 0, rng.uniform(-0.7, 0.7)], [0, 1, rng.uniform(-0.7, 0.7)]])
    moved = cv2.warpAffine(
        large, affine, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(moved, np.uint8)


def compressed(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """JPEG of a drawn quality between 50 and 90."""
    quality = int(rng.integers(50, 91))
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def denoised(image: RgbImage, rng: np.random.Generator) -> RgbImage:  # noqa: ARG001 - as the others
    """A bilateral filter, as phones and image models smooth."""
    return np.asarray(cv2.bilateralFilter(image, 7, 25, 3), np.uint8)


def _redrawn(name: str) -> Change:
    def redraw(image: RgbImage, rng: np.random.Generator) -> RgbImage:
        return redrawn(name, image, int(rng.integers(2**31)))

    return redraw


CHANGES: Final[Mapping[str, Change]] = {
    "vignette 10 %": vignette(0.10),
    "vignette 20 %": vignette(0.20),
    "vignette 35 %": vignette(0.35),
    "light from a side, 10 %": side_light(0.10),
    "light from a side, 35 %": side_light(0.35),
    "Adobe RGB read as sRGB": profile,
    "warmer light": warm_light,
    "resampled": resampled,
    "JPEG": compressed,
    "denoised": denoised,
    "gpt-image-1.5": _redrawn("gpt-image-1.5"),
    "gpt-image-2": _redrawn("gpt-image-2"),
    "warped": _redrawn("warped"),
}


def main() -> None:
    """Change, compare, count."""
    options = _options()
    cv2.setNumThreads(1)
    rows = []
    for number, (name, image) in enumerate(tqdm(list(_pictures(options)))):
        for change in options.changes or CHANGES:
            rng = np.random.default_rng([options.seed, number, list(CHANGES).index(change)])
            found = diff_mask(image, np.ascontiguousarray(CHANGES[change](image, rng)))
            rows.append(
                {
                    "change": change,
                    "picture": name,
                    "alarm": found.status is Status.CHANGED,
                    "redrawn": found.status is Status.REDRAWN,
                    "marked %": 100 * float(found.mask.mean()),
                }
            )
    table = pd.DataFrame(rows)
    if options.rows:
        table.to_csv(options.rows, index=False)
    _print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="a folder of photographs; else the scenes")
    parser.add_argument("--most", type=int, default=40, help="so many photographs")
    parser.add_argument("--side-px", type=int, default=512, help="long side of the scenes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", nargs="+", choices=list(CHANGES))
    parser.add_argument("--rows", type=Path, help="CSV file for every single figure")
    return parser.parse_args()


def _pictures(options: argparse.Namespace) -> Iterator[tuple[str, RgbImage]]:
    if options.photos is None:
        for name in SCENES:
            yield name, load_scene(name, options.side_px).image
        return
    files = sorted(
        file for file in options.photos.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES
    )
    for file in files[:: max(len(files) // options.most, 1)][: options.most]:
        yield file.stem, decode_image(file.read_bytes())


def _print(table: pd.DataFrame) -> None:
    grouped = table.groupby("change", sort=False)
    print("\n| change | pairs | alarms | redrawn | marked % |")
    print("|---" * 5 + "|")
    for name, group in grouped:
        figures = int(group["alarm"].sum()), int(group["redrawn"].sum()), group["marked %"].mean()
        print(f"| {name} | {len(group)} | {figures[0]} | {figures[1]} | {figures[2]:.3f} |")
    print(f"| all | {len(table)} | {int(table['alarm'].sum())} | {int(table['redrawn'].sum())} | |")


if __name__ == "__main__":
    main()
