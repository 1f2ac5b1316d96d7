"""Builds for the tests of the review page: stages run one after the other, without Prefect."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from starlette.testclient import TestClient

from kizu.cancellation import CancelToken
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import encode_png
from kizu.planning import plan_samples
from kizu.publish.version import VersionRef, choose_version
from kizu.review_page.app import review_app
from kizu.review_page.safety import Access, access_for
from kizu.review_page.session import ReviewSession
from kizu.shards import save_shards
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.splits import group_photos
from kizu.stages import STAGES, StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.store import Store

ORIGIN = "http://127.0.0.1:8377"

DEFECTS = {
    "hole": "a deep hole",
    "stain": "a brown stain with a soft edge",
    "scratch": "a long thin scratch across the surface",
    "crack": "a branching crack",
}


def surface(seed: int, side_px: int) -> RgbImage:
    """A textured surface with broad shading, different for every seed."""
    noise = np.random.default_rng(seed).normal(size=(side_px, side_px, 3)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.2)
    broad = cv2.GaussianBlur(noise, (0, 0), side_px / 6)
    texture = 12 * fine / fine.std() + 15 * broad / broad.std()
    return np.clip(130 + texture, 0, 255).astype(np.uint8)


def spec_of(
    folder: Path,
    *,
    photos: int,
    side_px: int,
    defects: Sequence[str] = tuple(DEFECTS),
    variants: int = 1,
    **fields: object,
) -> DatasetSpec:
    """A spec of painted defects on surfaces that are written into a folder."""
    folder.mkdir(exist_ok=True)
    for number in range(photos):
        (folder / f"{number:04d}.png").write_bytes(encode_png(surface(number, side_px)))
    return DatasetSpec.parse(
        {
            "name": "plates",
            "images": {"path": str(folder)},
            "defects": [
                {
                    "defect_type": name,
                    "prompt": DEFECTS[name],
                    "phrases": [f"a {name}"],
                    "variants": variants,
                }
                for name in defects
            ],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
            **fields,
        }
    )


def built(store: Store, spec: DatasetSpec) -> VersionRef:
    """Take a dataset's samples through all stages; what the build came to is in the store."""
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    annotators = choose_annotators(spec.grounding).versions
    groups = group_photos(spec, images)
    shards = save_shards(plan_samples(spec, images, (), groups), spec, annotators, store, 16)
    run = StageRun(store, CancelToken(store, "tests"))
    for stage in STAGES:
        for shard in shards:
            report = run_stage(stage, shard, run)
            assert not report.failures, report.failures
    return choose_version(spec, images, shards, store, groups=groups)


def client_of(
    session: ReviewSession,
    *,
    host: str = "127.0.0.1",
    access: Access | None = None,
) -> TestClient:
    """A browser of the page's own origin."""
    app = review_app(session, access or access_for(host))
    return TestClient(app, base_url=f"http://{host}:8377")
