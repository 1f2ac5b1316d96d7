"""What foreign pictures reach by chance, and own ones that were redrawn: behind the thresholds.

python benchmarks/label/chance.py --seed 2
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from unittest.mock import patch

import cv2
import numpy as np
from normals import photographs
from pairs import make_collection
from tqdm import tqdm

from kizu.edit.painter import DriftProfile
from kizu.imaging.codecs import decode_image
from kizu.imaging.geometry import Geometry
from kizu.matching import NormalIndex, axis_fit, describe_image
from kizu.matching.agreement import agreement

_FOREIGN = 6  # normals that each picture is held against


def main() -> None:
    """Print the inliers of foreign pictures, and how well foreign and redrawn ones agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    collection = make_collection(photographs(None), 200, 448, options.seed)
    normals = {key: decode_image(data) for key, data in collection.normals.items()}
    features = {key: describe_image(normal) for key, normal in normals.items()}
    index = NormalIndex(features.items(), features.__getitem__)
    inliers, foreign, own = [], [], []
    for pair in tqdm(collection.pictures.values()):
        picture = decode_image(pair.picture)
        seen = describe_image(picture)
        size = picture.shape[1], picture.shape[0]
        if pair.drift is DriftProfile.REDRAW and pair.normal:
            own.append(agreement(normals[pair.normal], picture, pair.geometry))
        for key, _ in [] if pair.again else index.nearest_frames(seen, _FOREIGN):
            if key != pair.normal:
                with patch.object(axis_fit, "MIN_MATCHES", 3):
                    fit = axis_fit.fit_axes(features[key], seen)
                inliers.append(0 if fit is None else fit.inliers)
                whole = Geometry.whole(features[key].size, size)
                foreign.append(agreement(normals[key], picture, whole))
    print(f"inliers of {len(inliers)} foreign pictures: {np.bincount(inliers).tolist()}")
    for name, found in (("foreign", foreign), ("own, redrawn", own)):
        table = np.array([(one.score, one.deviations) for one in found])
        for column, what in enumerate(("score", "deviations")):
            levels = np.quantile(table[:, column], (0.02, 0.1, 0.5, 0.9, 0.98, 1))
            print(f"{name:13} {what:11} " + " ".join(f"{level:6.2f}" for level in levels))


if __name__ == "__main__":
    main()
