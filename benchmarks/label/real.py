"""Matches real pictures: pairs that image models made, and photographs of nearly equal products.

    python benchmarks/label/real.py --pairs FOLDER
    python benchmarks/label/real.py --normals FOLDER --seed 11

Of pairs, a folder each with before.png and after.png, all pictures are looked for on all normals.
On photographs the painter draws defects, which are then altered as in pairs.py.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from pathlib import Path

import cv2
from pairs import Collection, make_pair, matched, report
from tqdm import tqdm

from kizu.imaging.codecs import IMAGE_SUFFIXES, decode_image, encode_png
from kizu.matching import NormalIndex, describe_image, find_geometry, match_by_content


def report_pairs(folder: Path) -> None:
    """Print the score of every picture on every normal, and what is chosen."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    normals, pictures = (
        {path.name: decode_image((path / f"{side}.png").read_bytes()) for path in folders}
        for side in ("before", "after")
    )
    features = {key: describe_image(image) for key, image in normals.items()}
    seen = {key: describe_image(image) for key, image in pictures.items()}
    print("scores: a row a picture, a column a normal")
    for key, picture in pictures.items():
        row = [find_geometry(normals[n], picture, features[n], seen[key]) for n in normals]
        scores = "".join(f"{0.0 if match is None else match.score:7.2f}" for match in row)
        print(f"{key:26}{scores}")
    index = NormalIndex(features.items(), features.__getitem__)
    answers = match_by_content(seen, index, pictures.__getitem__, normals.__getitem__)
    for key, answer in answers.items():
        print(f"{key}: {answer.reason}, {answer.normal}, {answer.score:.2f}, {answer.geometry}")


def report_normals(folder: Path, seed: int) -> None:
    """Paint on every photograph of a folder, alter, match, and print outcomes."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
    normals = {file.stem: decode_image(file.read_bytes()) for file in files}
    pictures = {
        f"picture {number}": make_pair(normal, key, number, seed)
        for number, (key, normal) in enumerate(tqdm(normals.items(), "pictures"))
    }
    stored = {key: encode_png(normal) for key, normal in normals.items()}
    collection = Collection(stored, pictures)
    answers = matched(collection)
    report(collection, answers)
    missed = sum(
        bool(answers[key].rivals) and pair.normal not in answers[key].rivals
        for key, pair in pictures.items()
    )
    print(f"ambiguous without the own normal among the rivals: {missed}")


def main() -> None:
    """Match what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pairs", type=Path, help="a folder of pairs")
    parser.add_argument("--normals", type=Path, help="a folder of photographs")
    parser.add_argument("--seed", type=int, default=1, help="chooses defects and geometries")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.pairs:
        report_pairs(options.pairs)
    if options.normals:
        report_normals(options.normals, options.seed)


if __name__ == "__main__":
    main()
