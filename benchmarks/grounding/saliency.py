"""Measures whether saliency tells painted defects from the photos they are painted on.

For each photograph that comes with scikit-image and each of four kinds, one defect is painted. Its
mask is then laid, mirrored, over other places of the same edited photo; the figure is the share of
those places that are less salient than the defect: 0.5 is guessing, 1 is perfect. As a control the
same is measured on the photo before it was painted on: what defects gain by their place. Run::

    python benchmarks/grounding/saliency.py --side 512 --places 40
"""

import argparse
from typing import Final

import cv2
import numpy as np
from skimage import data

from kizu.edit.painter import DefectKind, paint
from kizu.grounding.postprocess.saliency import saliency_map
from kizu.imaging.arrays import Mask, RgbImage

SCENES: Final = (
    *("astronaut", "brick", "chelsea", "coffee", "coins"),
    *("grass", "gravel", "moon", "rocket", "text"),
)
KINDS: Final = (DefectKind.SCRATCH, DefectKind.CRACK, DefectKind.STAIN, DefectKind.HOLE)


def main() -> None:
    """Print the figure of every scene and kind, and the means."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=512, help="Long side of the photos, px.")
    parser.add_argument("--places", type=int, default=40, help="Other places per defect.")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    table = np.array([[_shares(name, kind, options) for kind in KINDS] for name in SCENES])
    print(f"{'scene':12}" + "".join(f"{kind.value:>10}" for kind in KINDS))
    means = table.mean(axis=0)
    for name, row in (*zip(SCENES, table, strict=True), ("mean", means)):
        print(f"{name:12}" + "".join(f"{share:10.2f}" for share in row[:, 0]))
    painted, unpainted = table.mean(axis=(0, 1))
    print(f"mean of all {painted:.3f}; on the unpainted photos {unpainted:.3f}")


def _shares(name: str, kind: DefectKind, options: argparse.Namespace) -> tuple[float, float]:
    """Return the share of less salient places after and before painting."""
    photo = _photo(name, options.side)
    painting = paint(photo, kind, options.seed)
    rng = np.random.default_rng(options.seed)
    others = [_elsewhere(painting.truth, rng) for _ in range(options.places)]
    return (
        _share_below(painting.image, painting.truth, others),
        _share_below(photo, painting.truth, others),
    )


def _share_below(image: RgbImage, mask: Mask, others: list[Mask]) -> float:
    salient = cv2.resize(saliency_map(image), image.shape[1::-1])
    own = salient[mask].mean()
    return float(np.mean([salient[other].mean() < own for other in others]))


def _elsewhere(mask: Mask, rng: np.random.Generator) -> Mask:
    """Return the mask, mirrored at random and moved to a random place wholly inside."""
    rows, columns = np.nonzero(mask)
    cut = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    cut = cut[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    top, left = (int(rng.integers(0, mask.shape[a] - cut.shape[a] + 1)) for a in (0, 1))
    moved = np.zeros_like(mask)
    moved[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return moved


def _photo(name: str, side_px: int) -> RgbImage:
    photo = getattr(data, name)()
    rgb = photo[..., :3] if photo.ndim > 2 else np.repeat(photo[..., None], 3, 2)
    scale = side_px / max(rgb.shape[:2])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
