"""A published version with the shapes that exports lose: a hole, two parts, a thin line."""

from types import MappingProxyType

import numpy as np
import pytest

from kizu.grounding.detections import Detections
from kizu.grounding.encoded import encoded
from kizu.imaging.codecs import encode_mask, encode_png
from kizu.publish.dataset import FILE_KINDS, open_dataset
from kizu.publish.instances import diff_instances, grounded_instances
from kizu.publish.layout import VersionFolder
from kizu.publish.schemas import TABLES, encode_table
from kizu.store.keys import sha256_hex
from kizu.versions import SCHEMA_VERSION

SHAPE = (61, 95)

ANNOTATOR, SILENT = '{"annotator": "by hand"}', '{"annotator": "silent"}'
"""Two annotators, one of which finds nothing."""

PHRASE = "a hole"


def hard_masks():
    ring, parts, line = (np.zeros(SHAPE, np.bool_) for _ in range(3))
    ring[10:50, 20:70] = True
    ring[20:40, 30:60] = False
    parts[5:15, 5:15] = True
    parts[30:61, 60:95] = True
    parts[40:45, 70:75] = False
    line[np.arange(40), np.arange(40) + 10] = True
    line[60, 94] = True
    return {"ring": ring, "parts": parts, "line": line}


@pytest.fixture
def masks():
    """The defects of the version by sample id, (H, W) bool each."""
    return hard_masks()


@pytest.fixture
def dataset(store, masks, make_photo):
    """A version of one normal image, three accepted defects, and one that waits for review."""
    folder = VersionFolder("plates", "0123")
    rows = [
        ("normal", "good", "train", "accept", None),
        ("ring", "hole", "train_defects", "accept", masks["ring"]),
        ("parts", "hole", "test", "accept", masks["parts"]),
        ("line", "crack", "test", "accept", masks["line"]),
        ("doubtful", "crack", "review", "review", masks["line"]),
    ]
    images = [np.ascontiguousarray(make_photo(n)[: SHAPE[0], : SHAPE[1]]) for n in range(len(rows))]
    publish(store, folder, rows, images)
    return open_dataset(store, "plates", "0123")


def publish(
    store,
    folder,
    rows,
    images,
    category="plate",
    certified=(),
    provenance=(),
    real_defects=MappingProxyType({}),
):
    """Publish a version of images with their labels.

    Args:
        store: The store.
        folder: The version's.
        rows: (sample id, defect type, split, verdict, mask or None) each.
        images: (H, W, 3) or (H, W) uint8 each.
        category: What they show.
        certified: Ids of samples that are certified.
        provenance: Rows of that table.
        real_defects: Path and SHA-256 of the picture that a sample's defect was moved from, by its
            id.
    """
    samples = []
    for (sample_id, defect_type, split, verdict, mask), image in zip(rows, images, strict=True):
        files = {"image": encode_png(image)} | ({} if mask is None else {"mask": encode_mask(mask)})
        row = {
            "label_index": int(mask is not None),
            "split": split,
            "label": "normal" if mask is None else "abnormal",
            "sample_id": sample_id,
            "category": category,
            "defect_type": defect_type,
            "verdict": verdict,
            "certified": mask is None or sample_id in certified,
            "group": sample_id,
            "fold": -1,
            "real_defect": real_defects.get(sample_id, ("", ""))[0],
            "real_defect_sha256": real_defects.get(sample_id, ("", ""))[1],
            "negative": "",
        }
        for kind in FILE_KINDS:
            path = f"files/{kind}s/{sample_id}.png" if kind in files else ""
            row |= {f"{kind}_path": path, f"{kind}_sha256": sha256_hex(files[kind]) if path else ""}
            if path:
                store.write(folder.path(path), files[kind])
        samples.append(row)
    complete_version(store, folder, samples=samples, provenance=list(provenance))


def complete_version(store, folder, **rows):
    """Write the tables of a version, those without rows as well, and the manifest."""
    tables = {name: encode_table(name, rows.get(name, [])) for name in TABLES}
    for name, data in tables.items():
        store.write(folder.path(f"{name}.parquet"), data)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "rows": {name: len(rows.get(name, [])) for name in TABLES},
        "sha256": {name: sha256_hex(data) for name, data in tables.items()},
    }
    store.write_json(folder.path("manifest.json"), manifest)


def confirmed_sample(sample_id, label, *found, source="kizu-diff", verdict="accept", **changes):
    """Return the rows of a sample that a person decided on, by table.

    Args:
        sample_id: The sample.
        label: Its label, (H, W) bool.
        found: What ``ANNOTATOR`` found: (confidence, phrase, mask or box) each.
        source: Who drew the label.
        verdict: What the person decided.
        changes: Other values of ``provenance``.
    """
    sample = {
        "sample_id": sample_id,
        "label_index": 1,
        "split": "test",
        "label": "abnormal",
        "category": "plate",
        "defect_type": "hole",
        "verdict": verdict,
        "certified": False,
        "group": sample_id,
        "fold": -1,
        "real_defect": "",
        "real_defect_sha256": "",
        "negative": "",
        **{f"{kind}_{what}": "" for kind in FILE_KINDS for what in ("path", "sha256")},
    }
    how = {
        "sample_id": sample_id,
        "normal_name": f"{sample_id}.png",
        "normal_sha256": sha256_hex(sample_id.encode()),
        "width": SHAPE[1],
        "height": SHAPE[0],
        "phrases": [PHRASE],
        "annotators": [ANNOTATOR, SILENT],
        "reason": "not_grounded",
        "reviewed_by": "Aiko",
        "mask_source": source,
    }
    evidence = np.full(SHAPE, 9, np.float32)
    regions = [
        *diff_instances(sample_id, label, evidence, 5.0, source),
        *grounded_instances(sample_id, ANNOTATOR, encoded(_detections(found)), SHAPE),
    ]
    return {"samples": [sample], "provenance": [how | changes], "instances": regions}


def _detections(found):
    """Make detections of (confidence, phrase, mask or box) each; boxes have no masks."""
    confidence = np.array([each[0] for each in found], np.float32)
    named = tuple(each[1] for each in found)
    if found and isinstance(found[0][2], tuple):
        return Detections(
            np.array([each[2] for each in found], np.float32), None, confidence, named
        )
    masks = [each[2] for each in found]
    boxes = [[*np.argwhere(m).min(0)[::-1], *np.argwhere(m).max(0)[::-1] + 1] for m in masks]
    stacked = np.stack(masks) if masks else np.zeros((0, *SHAPE), np.bool_)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), stacked, confidence, named)


def made_from(photos, **values):
    """Return rows of ``provenance``: which photo each sample was made from, by SHA-256."""
    return [
        how | {"normal_sha256": sha256, **values}
        for name, sha256 in photos.items()
        for how in confirmed_sample(name, np.ones((1, 1), bool))["provenance"]
    ]
