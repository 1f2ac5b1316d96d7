"""What kizu's own comparison says of every edit, measured once and kept in a folder.

Kept are the masks, the evidence and the edited picture around the change, and what was measured of
the drift: all that a verdict is made from, so that verdicts can be tried in seconds.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.agreement.pairs import DrawnDefect, EditPair, Planned, make_pair
from kizu.diff import DiffResult, Status, diff_mask
from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.imaging.morphology import dilate
from kizu.versions import DIFF_VERSION

LONG_SIDE_PX: Final = 512
_PAIRS_VERSION: Final = 1  # of what is drawn and kept; raise it when either changes
_KEPT_PX: Final = 32  # of the edited picture, around what changed


@dataclass(frozen=True, eq=False)
class Measured:
    """An edit, its truth and its comparison, in the edited picture's frame.

    Attributes:
        planned: What was to be drawn.
        drawn: What can be seen.
        region: (H, W) bool, where the defect was asked for, in the normal's frame; or None.
        status: What the comparison says of the picture as a whole.
        mask: (H, W) bool, what changed.
        anomaly_map: (H, W) float32 inside the mask, 0 elsewhere.
        threshold: Noise-floor units at which a pixel counts as changed.
        edited: (H, W, 3) uint8 near the mask, 0 elsewhere.
        normal_from_edited: (2, 3) float64.
        drift: Match rate, residual and drift metrics, by their names.
    """

    planned: Planned
    drawn: tuple[DrawnDefect, ...]
    region: Mask | None
    status: Status
    mask: Mask
    anomaly_map: FloatMap
    threshold: float
    edited: RgbImage
    normal_from_edited: np.ndarray[Any, np.dtype[np.float64]]
    drift: dict[str, float]

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def truth(self) -> Mask:
        """(H, W) bool, the asked defect; empty where it was not drawn."""
        return self._union(is_asked=True)

    @property
    def besides(self) -> Mask:
        """(H, W) bool, everything else that was drawn."""
        return self._union(is_asked=False)

    def _union(self, *, is_asked: bool) -> Mask:
        masks = [each.mask for each in self.drawn if each.is_asked is is_asked]
        return np.logical_or.reduce([np.zeros_like(self.mask), *masks])


def measure_all(
    planned: Sequence[Planned],
    folder: Path,
    *,
    long_side_px: int = LONG_SIDE_PX,
    processes: int = 1,
) -> Iterator[Measured]:
    """Yield every edit's comparison, in order; those that the folder holds are read.

    Args:
        planned: The edits.
        folder: Where comparisons are kept, by what they are made from.
        long_side_px: Of the pictures, about.
        processes: How many compare at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = partial(_measured_file, folder=folder, long_side_px=long_side_px)
    pool = ProcessPoolExecutor(processes, get_context("spawn"), cv2.setNumThreads, (1,))
    with pool if processes > 1 else nullcontext():
        files = pool.map(work, planned, chunksize=8) if processes > 1 else map(work, planned)
        shown = tqdm(zip(planned, files, strict=True), total=len(planned), unit="pair")
        yield from (_opened(file, each) for each, file in shown)


def _measured_file(planned: Planned, folder: Path, long_side_px: int) -> Path:
    """Where an edit's comparison is kept; it is made if it is not there."""
    made_from = f"{_PAIRS_VERSION} {DIFF_VERSION} {long_side_px} {planned}"
    file = folder / f"{sha256(made_from.encode()).hexdigest()[:32]}.npz"
    if not file.exists():
        pair = make_pair(planned, long_side_px)
        _save(file, pair, diff_mask(pair.normal, pair.edited, region=pair.region))
    return file


def _save(file: Path, pair: EditPair, result: DiffResult) -> None:
    """Write aside and rename, so that a run that is stopped leaves no half of a file."""
    near = dilate(result.mask, _KEPT_PX)
    drift = asdict(result.tone) | {
        "match_rate": result.match_rate,
        "registration_residual_px": result.registration_residual_px,
    }
    record = {
        "drawn": [(each.defect_type, each.is_line, each.is_asked) for each in pair.drawn],
        "status": result.status.value,
        "threshold": result.threshold,
        "drift": drift,
    }
    arrays = {
        "record": np.frombuffer(json.dumps(record).encode(), np.uint8),
        "masks": np.array([each.mask for each in pair.drawn], np.bool_),
        "mask": result.mask,
        "anomaly_map": result.anomaly_map * result.mask,
        "edited": pair.edited * near[..., None],
        "normal_from_edited": result.normal_from_edited,
    }
    if pair.region is not None:
        arrays["region"] = pair.region
    aside = file.with_suffix(".tmp.npz")
    np.savez_compressed(aside, allow_pickle=False, **arrays)
    aside.replace(file)


def _opened(file: Path, planned: Planned) -> Measured:
    with np.load(file) as arrays:
        record = json.loads(arrays["record"].tobytes())
        return Measured(
            planned=planned,
            drawn=tuple(
                DrawnDefect(*said, mask)
                for said, mask in zip(record["drawn"], arrays["masks"], strict=True)
            ),
            region=arrays.get("region"),
            status=Status(record["status"]),
            mask=arrays["mask"],
            anomaly_map=arrays["anomaly_map"],
            threshold=record["threshold"],
            edited=arrays["edited"],
            normal_from_edited=arrays["normal_from_edited"],
            drift=record["drift"],
        )
