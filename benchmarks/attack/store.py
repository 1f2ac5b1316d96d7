"""Damages every kind of file that a build leaves in its store, and builds again.

Three small datasets lie in one store: painted ones with a person's decisions, ones bought from the
emulator, and pictures that existed. Of every kind of file one is damaged in every way; then the
dataset is published anew from what is there. What is free must come back byte for byte, what was
paid for or said by a person must be named, nothing may be bought twice, and all else is made.
"""

import argparse
import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import cv2
import numpy as np

from benchmarks.attack.bounded import HARMLESS, Result, attack, table
from benchmarks.attack.in_process import Built, build
from kizu.agree.verdict import Verdict
from kizu.billing import ledger as ledger_module
from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.service import Job
from kizu.emulator.settings import KEY
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import encode_png
from kizu.outputs import SampleOutputs
from kizu.publish.dataset import open_dataset
from kizu.publish.layout import complete_versions, latest_path, pool_path
from kizu.publish.schemas import decode_table
from kizu.publish.verification import restore
from kizu.publish.version import last_build
from kizu.repair import find_damage, mend
from kizu.review import draw_samples, record_decision
from kizu.spec import DatasetSpec
from kizu.store import Store

_SIDE_PX: Final = 96
_LONGEST_S: Final = 180.0
"""An input is up to four builds of a dataset, on a machine that may be busy with others."""

_SNAPSHOT_EVERY: Final = 3  # calls; the last of the four is then a line that is read
_TIMES: Final = {"bought_at", "latency_s", "request_id"}  # of an edit that is bought again
_MISSING: Final = "missing"
_EXCHANGED: Final = "exchanged"
_WAYS: Final = (
    "one flipped byte",
    "cut to half",
    "empty",
    "random bytes",
    _MISSING,
    _EXCHANGED,
)
_NUMBERED: Final = ("decisions/", "reviews/", "ledger/calls")
"""Files of a sequence: that the last one is missing nobody can know, so the first one is."""

_PHOTOS: Final = 2  # of each dataset
_NAMES: Final = ("painted", "bought", "labelled")
_QUICKEST: Final = ("bought", "labelled", "painted")  # the annotator of the last takes its time


def main() -> int:
    """Damage what ``--count`` says, print the table and return how many inputs did harm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, help="So many of all inputs, drawn at random.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="Kinds of files whose name contains this.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _emulator():
        root = Path(folder)
        owners = _make(root)
        inputs = [each for each in _inputs(root, owners) if asked.only in each[0]]
        if asked.count is not None:
            inputs = Random(asked.seed).sample(inputs, min(asked.count, len(inputs)))  # noqa: S311
        results = []
        for result in attack("benchmarks.attack.store:damage_one", inputs, longest_s=_LONGEST_S):
            results.append(result)
            told = result.detail if result.fate in HARMLESS else result.fate
            print(f"{len(results)} of {len(inputs)} {result.name}: {told}", flush=True)
    by_kind: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_kind[result.name.partition(": ")[0]].append(result)
    for kind, some in by_kind.items():
        told = ", ".join(sorted({each.detail for each in some if each.fate in HARMLESS}))
        print(f"{kind}: {len(some)} ways: {told}")
    return table("stored files", results)


@contextmanager
def _emulator() -> Iterator[None]:
    """Run the emulator and point this process and those it starts at it."""
    emulator = Emulator(replace(EmulatorSettings(), paint=_dark_disc))
    with emulator.running():
        os.environ |= {
            "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
            "AZURE_OPENAI_API_KEY": KEY,
            "OPENAI_API_VERSION": "2025-04-01-preview",
        }
        yield


def _dark_disc(job: Job) -> RgbImage:
    picture = job.picture.copy()
    centre = (picture.shape[1] // 2, picture.shape[0] // 2)
    cv2.circle(picture, centre, 60, (60, 50, 40), -1)
    return picture


def _surface(seed: int) -> RgbImage:
    noise = np.random.default_rng(seed).normal(size=(_SIDE_PX, _SIDE_PX, 3)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.2)
    broad = cv2.GaussianBlur(noise, (0, 0), _SIDE_PX / 6)
    texture = 25 * fine / fine.std() + 15 * broad / broad.std()
    return np.clip(130 + texture, 0, 255).astype(np.uint8)


def specs(root: Path) -> dict[str, DatasetSpec]:
    """Return the three datasets by name; their photos lie below the folder."""
    hole = {"defect_type": "hole", "prompt": "a deep hole", "phrases": ["a hole"]}
    common = {"defects": [hole], "agree": {"without_grounding": "accept"}}
    quick = {"name": "gpt-image", "quality": "low", "images_per_minute": 6000}
    fields: dict[str, dict[str, Any]] = {
        "painted": {
            "defects": [{**hole, "region": {"kind": "foreground"}, "variants": 2}],
            "grounding": {"annotator": "demo-grounding-dino"},
        },
        "bought": {
            "defects": [{**hole, "variants": 2}],
            "editor": quick,
            "grounding": {"annotator": "none"},
        },
        "labelled": {
            "editor": {"name": "folder", "path": str(root / "edited")},
            "grounding": {"annotator": "none"},
        },
    }
    return {
        name: DatasetSpec.parse(
            {**common, "name": name, "images": {"path": str(root / "photos" / name)}, **own}
        )
        for name, own in fields.items()
    }


def _make(root: Path) -> dict[str, str]:
    """Make the undamaged store; return which dataset each file is of."""
    ledger_module.SNAPSHOT_EVERY = _SNAPSHOT_EVERY  # type: ignore[misc] # a small ledger has none
    for number, name in enumerate(_NAMES):
        folder = root / "photos" / name
        folder.mkdir(parents=True)
        for seed in (1, 2):
            (folder / f"{seed}.png").write_bytes(encode_png(_surface(10 * number + seed)))
    shown = root / "edited" / "hole"
    shown.mkdir(parents=True)
    for seed in (1, 2):
        picture = _surface(20 + seed)
        cv2.circle(picture, (40, 50), 9, (40, 35, 30), -1)
        (shown / f"{seed}.png").write_bytes(encode_png(picture))
    store = Store(str(root / "store"))
    owners: dict[str, str] = {}
    for name, spec in specs(root).items():
        build(spec, store, "first")
        if name == "painted":
            _review(store, name)
            [undecided] = complete_versions(store, name)
            shutil.rmtree(store.address(f"datasets/{name}/{undecided}"))
            build(spec, store, "second")
        owners |= {path: name for path in store.list("") if path not in owners}
    return owners


def _review(store: Store, name: str) -> None:
    """Draw samples for review and decide on one of them."""
    samples = last_build(store, name).open_samples(store)
    places = {outcome.decisions: outcome.photo for *_, outcome in samples}
    draw_samples(store, name, "accepted", places, 2)
    draw_samples(store, name, "accepted", places, 2)
    for shard, sample, _ in samples[:2]:
        outputs = SampleOutputs(store, shard, sample)
        record_decision(outputs, Verdict.REJECT, "Aiko")
        record_decision(outputs, Verdict.ACCEPT, "Aiko", note="after all")


def _inputs(root: Path, owners: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Return every kind of file in every way; of each kind the last file by name."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for path, owner in sorted(owners.items(), key=lambda item: (_QUICKEST.index(item[1]), item[0])):
        kind = _kind(path, owner)
        if kind not in kinds or owners[kinds[kind][0]] == owner:
            kinds[kind].append(path)
    return [
        (
            f"{kind}: {way}",
            _input(root, paths, way, owners[paths[-1]]),
        )
        for kind, paths in kinds.items()
        for way in _WAYS
        if way != "exchanged" or len(paths) > 1
    ]


def _input(root: Path, paths: list[str], way: str, owner: str) -> dict[str, str]:
    first, last = paths[0], paths[-1]
    if way == _MISSING and last.startswith(_NUMBERED):
        first, last = last, first
    return {"root": str(root), "path": last, "other": first, "way": way, "of": owner}


def _kind(path: str, owner: str) -> str:
    """Name a kind of file: its path without keys, numbers, samples and datasets.

    Example:
        >>> _kind("stages/diff/ab/" + "ab" * 32 + "/mask.png", "bought")
        'stages/diff/*/*/mask.png'
    """
    path = path.replace(f"/{owner}", "/NAME")
    path = re.sub(r"(?<=[/_])[0-9a-f]{2}(?=/)|[0-9a-f]{8,64}|(?<=/)\d+(?=[_.])", "*", path)
    path = re.sub(r"(?<=/)[^/]*_\*(-\*)*(?=\.png)", "*", path)
    return f"{owner} {path}" if path.startswith("edits/") else path


def damage_one(given: dict[str, str]) -> str:
    """Damage a file, build, and say what became of it; see the module.

    Raises:
        AssertionError: Something was lost, bought twice, or damaged without a word.
    """
    ledger_module.SNAPSHOT_EVERY = _SNAPSHOT_EVERY  # type: ignore[misc] # as where it was made
    return _Trial(given).run()


class _Trial:
    """One damaged file in a copy of the store."""

    def __init__(self, given: Mapping[str, str]) -> None:
        root = Path(given["root"])
        self.path, self.name, self.way = given["path"], given["of"], given["way"]
        self.whole, folder = Store(str(root / "store")), root / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(root / "store", folder)
        self.store, self.spec = Store(str(folder)), specs(root)[self.name]
        self.other = given["other"]
        self.calls = self._calls()
        self.runs = 0
        self._damaged = b""

    def run(self) -> str:
        self._damage()
        if not self.path.startswith("datasets/"):
            for version in self.store.list_folders(f"datasets/{self.name}"):
                shutil.rmtree(self.store.address(version))
        told = self._told(self._build())
        _check(self._calls() == self.calls, "something was bought again")
        if self.path.startswith("ledger/"):
            _check(self._is_published(), "a damaged ledger keeps something from being published")
            return self._buys_more()
        if self._is_published() and self._is_mended():
            return "made anew"
        if self._is_published() and self.way == _MISSING and self.path.startswith("stages/"):
            return "needed by nothing that is left to do"
        if not self._is_published() and not self.path.startswith("datasets/"):
            _check(told, "it is not what it was, and nothing says why")
            _check(self._others_are_published(), "other samples are not what they were")
        return f"named by {'the build' if told else 'verify or repair'}, {self._mended()}"

    def _buys_more(self) -> str:
        """Ask for one more edit of each photo; nothing is bought while a line cannot be read."""
        self.spec = _with_more(self.spec)
        told = self._told(self._build())
        bought = self._calls() - self.calls
        _check(bought == (0 if told else _PHOTOS), f"{bought} calls, told: {told}")
        if self._is_mended() or (self.way == _MISSING and "calls" not in self.path):
            return "made anew, added up anew or counted at its most"
        _check(
            any(self.path in sentence for sentence in self._repaired()), "repair does not see it"
        )
        _check(not self._told(self._build()), "it is still named after it was repaired")
        bought = self._calls() - self.calls
        _check(bought == _PHOTOS, f"{bought} calls after it was repaired")
        return "stops buying until repair --buy" if told else "not read; named by repair"

    def _mended(self) -> str:
        """Do what the user is told to do; say what it came to."""
        listed = self._repaired()
        if self.path.startswith("datasets/"):
            dataset = open_dataset(self.store, self.name)
            damaged = list(dataset.damage())
            left = restore(self.store, dataset, damaged)
            for each in left:
                self.store.remove(dataset.folder.path(each.path))
            listed += [each.sentence for each in damaged]
        _check(any(self.path in sentence for sentence in listed), f"nothing names {self.path}")
        self._build()
        bought = self._calls() - self.calls
        if self.path.startswith(("decisions/", "reviews/")):
            return "left to the person"
        _check(self._is_published(), "it is not what it was after it was repaired")
        paid = self.path.startswith("edits/") and self.name == "bought"
        _check(bought == int(paid), f"{bought} calls to repair it")
        return "bought again by repair --buy" if paid else "made anew after repair"

    def _repaired(self) -> list[str]:
        listed = list(find_damage(self.store))
        for each in listed:
            mend(self.store, each, buy=True)
        return [each.sentence for each in listed]

    def _build(self) -> Built:
        self.runs += 1
        # a process remembers which runs of a store were stopped, and this one tries many inputs
        return build(self.spec, self.store, f"{self.path} {self.way} {self.runs}")

    def _calls(self) -> int:
        """Return how many calls were made: the number of the last one."""
        return max(int(Path(path).stem) for path in self.store.list("ledger/calls"))

    def _damage(self) -> None:
        data, place = self.store.read(self.path), Random(self.path).randrange  # noqa: S311
        if self.way == _MISSING:
            self.store.remove(self.path)
            return
        at = place(len(data))
        damaged = {
            "one flipped byte": data[:at] + bytes([data[at] ^ 1 << place(8)]) + data[at + 1 :],
            "cut to half": data[: len(data) // 2],
            "empty": b"",
            "random bytes": Random(self.path).randbytes(len(data)),  # noqa: S311
            _EXCHANGED: self.store.read(self.other),
        }
        self._damaged = damaged[self.way]
        self.store.write(self.path, self._damaged)

    def _is_mended(self) -> bool:
        """Tell whether the file is what it was; reports name their store and are drawn anew."""
        if not self.store.exists(self.path):
            return False
        data = self.store.read(self.path)
        if self.path.startswith("reports/"):
            return data != self._damaged
        return data == self.whole.read(self.path)

    def _told(self, found: Built) -> bool:
        """Tell whether a build's report to the user names the file."""
        summary = found.summary
        told = [*found.failures, summary.note, summary.paid, summary.certificate, summary.stopped]
        told += [problem.reason for problem in summary.problems]
        return any(self.path in sentence for sentence in told)

    def _is_published(self) -> bool:
        version = last_build(self.whole, self.name).version
        now, before = (_published(s, self.name, version) for s in (self.store, self.whole))
        return now == before

    def _others_are_published(self) -> bool:
        """Tell whether every sample is there that does not need the file, pictures unchanged."""
        now, before = (_images(store, self.name) for store in (self.store, self.whole))
        same = sum(now.get(name) == image for name, image in before.items())
        return same >= len(before) - 1


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - it stands for an assertion
    if not holds:
        raise AssertionError(otherwise)


def _with_more(spec: DatasetSpec) -> DatasetSpec:
    fields = spec.model_dump(mode="json")
    fields["defects"][0]["variants"] += 1
    return DatasetSpec.parse(fields)


def _published(store: Store, name: str, version: str) -> dict[str, object]:
    """Return what a version holds, but for what differs in an edit that is bought again."""
    files: dict[str, object] = {}
    folders = f"datasets/{name}/{version}", pool_path(name)
    paths = (path for folder in folders for path in store.list(folder))
    for path in (latest_path(name), *paths):
        data = store.read(path)
        if path.endswith("edits.parquet"):
            rows = decode_table("edits", data).to_pylist()
            files[path] = [{k: v for k, v in row.items() if k not in _TIMES} for row in rows]
        elif path.endswith("manifest.json"):
            manifest = store.read_json(path)
            manifest["sha256"].pop("edits")
            files[path] = manifest
        else:
            files[path] = data
    return files


def _images(store: Store, name: str) -> dict[str, bytes]:
    """Return the published images of the last build's version, by sample."""
    dataset = open_dataset(store, name, last_build(store, name).version)
    return {sample.sample_id: sample.read("image") for sample in dataset}


if __name__ == "__main__":
    raise SystemExit(min(main(), 1))
