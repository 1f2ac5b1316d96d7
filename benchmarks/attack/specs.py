"""Hostile spec files: every value of valid ones replaced, raw text damaged, bombs.

    python -m benchmarks.attack.specs --count 2500

Each file is read, checked and planned on a small folder of photos, as ``kizu plan`` and
``kizu build`` do. It may be planned, or refused in sentences that each begin with the file's name.
"""

import argparse
import copy
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from PIL import Image

from benchmarks.attack.bounded import attack, table
from benchmarks.attack.json_damage import places, replaced
from kizu.planning import MOST_SAMPLES, estimate_build, plan_samples, spec_warnings
from kizu.sources import Inventory, SourceError, examine, list_source
from kizu.spec import DatasetSpec, SpecError
from kizu.store import Store

SEED: Final = 14
LONGEST_SENTENCE: Final = 1200  # characters

DEFECTS: Final[list[dict[str, Any]]] = [
    {
        "defect_type": "scratch", "prompt": "a long scratch", "phrases": ["a scratch"],
        "wordings": ["a scratched line"], "variants": 2, "severity": "slight",
        "area": {"min_fraction": 0.001, "max_fraction": 0.1},
        "region": {"kind": "box", "x0": 0.1, "y0": 0.1, "x1": 0.9, "y1": 0.9},
    },
    {"defect_type": "hole", "prompt": "a hole", "region": {"kind": "foreground"}},
]  # fmt: skip
GROUNDING: Final[tuple[Any, ...]] = (
    {"annotator": "none", "phrase_thresholds": {"a scratch": 0.3}, "tile_px": 512},
    {"annotators": ["clipseg", {"annotator": "owlv2", "box_threshold": 0.2}]},
    {"annotator": "glip", "mmdet_python": "/bin/sh", "detector_weights": "/etc/passwd"},
)
EDITORS: Final[tuple[Any, ...]] = (
    {"name": "painter", "drift": "none", "fit": "pad"},
    {
        "name": "gpt-image", "model": "gpt-image-1.5", "quality": "low", "deployment": "d",
        "prices": {"per_image_usd": 0.1}, "size": "1024x1024", "timeout_s": 60,
        "images_per_minute": 5.0, "secret_block": "key", "framing": "whole", "language": "ja",
    },
    {"name": "flux", "size": "1024x1024", "max_attempts": 3},
    {"name": "replay", "of": {"name": "painter"}},
    {"name": "folder", "path": "photos", "pair_by": "name", "name_rule": "(?P<normal>.+)"},
)  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    7,
    10**9,
    10**30,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    "",
    " ",
    "no",
    "yes",
    "007",
    "2026-01-02",
    "1e9",
    "0x10",
    "..",
    ".",
    "/",
    "CON",
    "nul.txt",
    "a.",
    "a/b",
    "~root/x",
    "~nobody-here/x",
    "x" * 300,
    "傷" * 300,
    "🔨",
    "\x00",
    "a\x07b",
    "\u202e",
    "\ud800",
    "word " * 20_000,
    "a scratch. a hole.",
    "傷。穴。",
    "[",
    "(?P<normal>(a+)+)",
    "s3://",
    "file://\x00",
    "http://[",
    "memory://x",
    "abfs://a@b/c",
    [],
    {},
    [None],
    [[]],
    [[[["x"]]]],
    {"": ""},
    {"a": {"b": {}}},
    ["x"] * 2_000,
    [{}] * 50,
    {f"k{n}": n for n in range(2_000)},
    "good",
    "GOOD",
    "painter",
    "none",
    "*.png",
    "**/*",
    "photos",
    "/dev/zero",
    "/etc/passwd",
    "%s%n",
    "{0.__class__}",
    "!!python/name:os.system",
    "#",
)
"""What may stand in the place of any value."""

SNIPPETS: Final = (
    "\t",
    "\x00",
    "\x85",
    "\ufeff",
    "%",
    "%YAML 9.9\n",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: *b\n",
    "<<: 3\n",
    "!!binary x",
    "!!python/object/apply:os.system [id]",
    "!!set {a}",
    "! ",
    "? ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "#",
    " #x",
    "|\n",
    ">\n",
    "\n\n",
    "\r",
    "\u2028",
    "name: again\n",
    "=",
    "`",
    "@",
    "\U0001f528",
    ",",
)
"""What is put into the raw text."""

ENCODINGS: Final = (
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp932",
    "euc_jp",
    "latin-1",
    "cp1252",
)


def valid(draw: random.Random) -> dict[str, Any]:
    """Return a spec without a fault, drawn from those above."""
    editor = copy.deepcopy(draw.choice(EDITORS))
    return {
        "name": "mugs",
        "images": {"path": "photos", "category": "mug", "max_edited": 2},
        "defects": copy.deepcopy(DEFECTS),
        "editor": editor,
        "diff": {"min_area_px": 16, "threads": 1},
        "grounding": copy.deepcopy(draw.choice(GROUNDING)),
        "agree": {"min_mask_iou": 0.4, "without_grounding": "review"},
        "publish": {"test_fraction": 0.5, "composite": True},
        "seed": 3,
        "budget": {"max_requests": 10},
    }


def _mutated(draw: random.Random) -> dict[str, Any]:
    """Return a valid spec with other values in one to three places."""
    spec: Any = valid(draw)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        place = draw.choice([place for place in places(spec) if place])
        kind = draw.random()
        if kind < 0.75:
            spec = replaced(spec, place, draw.choice(VALUES))
        elif kind < 0.9:
            spec = replaced(spec, place, KeyError)
        else:
            spec = replaced(
                spec, (*place[:-1], "".join(draw.sample("variantsnme_ ", 5))), draw.choice(VALUES)
            )
    return dict(spec)


def _raw_damage(draw: random.Random) -> bytes:
    """Return a valid spec's text with something cut out, put in, doubled, or encoded otherwise."""
    text = yaml.safe_dump(
        valid(draw), allow_unicode=True, default_flow_style=draw.choice((None, True, False))
    )
    for _ in range(draw.choice((1, 1, 2, 4))):
        at = draw.randrange(len(text) + 1)
        end = min(len(text), at + draw.choice((0, 0, 1, 3, 30)))
        text = text[:at] + draw.choice((*SNIPPETS, "", text[at : at + 40])) + text[end:]
    if draw.random() < 0.2:
        return text.replace("mug", "湯呑み").encode(draw.choice(ENCODINGS), errors="replace")
    data = text.encode()
    if draw.random() < 0.2:
        at = draw.randrange(len(data))
        data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
    return data


def _bomb(draw: random.Random) -> bytes:
    """Return what takes depth, time or memory where nothing bounds it."""
    size = draw.choice((30, 1_000, 20_000, 400_000))
    levels = draw.randrange(2, 12)
    laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, levels)
    )
    return draw.choice(
        (
            "[" * size,
            "{a: " * size,
            "- " * size,
            "? " * size,
            "[" * size + "]" * size,
            "{" * size,
            "a: " * size,
            "&a " * size,
            "- - [{" * size,
            laughs,
            laughs.replace("[", "{k: [").replace("]", "]}"),
            "x: &x [*x]\n",
            "x: &x {<<: *x}\n",
            "a: &a {b: 1}\nname: x\n" + "<<: *a\n" * (size // 30),
            "\n".join(f"k{n}: v" for n in range(size // 10)),
            "defects:\n" + "- {defect_type: a, prompt: b, variants: 1000}\n" * (size // 60),
            "name: " + "x" * size,
            "#" * size,
            "\n" * size,
            " " * size,
            "'" + "\n" * size,
            '"' + "\\x41" * (size // 4) + '"',
            "!" * size,
            "%" * size,
            "name: |\n" + " line\n" * (size // 6),
            "a:\n" + "".join(" " * n + "b:\n" for n in range(min(size, 900))),
            "-" * size,
            "name: " + "1" * size,
            "seed: " + "1_" * (size // 2),
            "seed: " + ":59" * (size // 3),
            "- 0\n" * (size // 4),
        )
    ).encode()


def _many_samples(draw: random.Random) -> dict[str, Any]:
    """Return a spec that asks for very many samples."""
    count = draw.choice((5, 16, 17, 100, 1000, 1001))
    defect = {"prompt": "a scratch", "variants": draw.choice((1000, 999, 10**9))}
    return {**valid(draw), "defects": [{**defect, "defect_type": f"d{n}"} for n in range(count)]}


def specs(count: int, seed: int = SEED) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Yield names and inputs: the file's ending, and its bytes."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    for number in range(count):
        kind = draw.choices(("value", "raw", "bomb", "many", "json"), (50, 30, 8, 2, 10))[0]
        if kind == "raw":
            data, ending = _raw_damage(draw), ".yaml"
        elif kind == "bomb":
            data, ending = _bomb(draw), draw.choice((".yaml", ".yaml", ".json"))
        elif kind == "json":
            data, ending = json.dumps(_mutated(draw)).encode(), ".json"
        else:
            made = _many_samples(draw) if kind == "many" else _mutated(draw)
            data, ending = _yaml(made), ".yaml"
        yield f"{kind} {number}", (ending, data)


def _yaml(fields: dict[str, Any]) -> bytes:
    return yaml.dump(fields, Dumper=yaml.SafeDumper, allow_unicode=False, sort_keys=False).encode()


@cache
def _folder() -> Path:
    """Return a folder with four photos, which lasts as long as the process."""
    folder = Path(tempfile.mkdtemp(prefix="kizu-attack-"))
    (folder / "photos").mkdir()
    noise = np.random.default_rng(0)
    for number in range(4):
        pixels = noise.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{number}.png")
    return folder


def plan(given: tuple[str, bytes]) -> str:
    """Read and plan a spec; return what it is refused with, or nothing.

    Raises:
        AssertionError: A sentence does not begin with the file's name, or is too long.
    """
    ending, data = given
    file = _folder() / f"dataset{ending}"
    file.write_bytes(data)
    try:
        spec = DatasetSpec.from_yaml(file)
        spec_warnings(spec, date(2026, 11, 1))
        if spec.editor.maker.pictures is not None:
            return ""
        store = Store(str(_folder() / "store"))
        inventory = Inventory.of([examine(each, store) for each in list_source(spec.images.path)])
        samples = plan_samples(spec, inventory.images)
        if len(samples) < MOST_SAMPLES // 10:
            estimate_build(spec, samples, len(inventory.images), store)
    except SpecError as error:
        sentences = str(error).splitlines()
        assert sentences  # noqa: S101 - what the attack is about
        for sentence in sentences:
            assert sentence.startswith(f"{file}: "), sentence  # noqa: S101 - as above
            assert len(sentence) < LONGEST_SENTENCE, len(sentence)  # noqa: S101 - as above
        return str(error)
    except SourceError as error:  # of the photos; it names their place
        return str(error)
    return ""


def main() -> None:
    """Attack, print the table, and end with 1 if anything got through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    inputs = specs(arguments.count, arguments.seed)
    sys.exit(1 if table("specs", attack("benchmarks.attack.specs:plan", inputs)) else 0)


if __name__ == "__main__":
    main()
