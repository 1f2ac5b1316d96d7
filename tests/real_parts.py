"""Pictures of parts with dark spots or bright lines, and a folder of real defects made of them."""

import cv2
import numpy as np
from published import complete_version

from kizu.imaging.codecs import encode_mask, encode_png
from kizu.prove.pictures import Picture
from kizu.publish.dataset import FILE_KINDS, open_dataset
from kizu.publish.layout import VersionFolder
from kizu.spec import GOOD
from kizu.store.keys import sha256_hex

SIDE_PX = 96


def surface(seed):
    """A grey textured surface, (``SIDE_PX``, ``SIDE_PX``, 3) uint8, different for every seed."""
    noise = np.random.default_rng(seed).normal(size=(SIDE_PX, SIDE_PX)).astype(np.float32)
    fine, broad = (cv2.GaussianBlur(noise, (0, 0), sigma_px) for sigma_px in (1.2, 16))
    tone = 130 + 12 * fine / fine.std() + 10 * broad / broad.std()
    return np.repeat(np.clip(tone, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def with_spot(photo, rng):
    """A dark spot of about 10 px: a photo with it, and where it is."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    x, y = (int(at) for at in rng.integers(20, SIDE_PX - 20, 2))
    cv2.circle(mask, (x, y), 6, 1, -1)
    return _toned(photo, mask > 0, -90)


def with_line(photo, rng):
    """A bright line from side to side: a photo with it, and where it is."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    y0, y1 = (int(at) for at in rng.integers(10, SIDE_PX - 10, 2))
    cv2.line(mask, (0, y0), (SIDE_PX - 1, y1), 1, 3)
    return _toned(photo, mask > 0, 80)


def with_unseen(photo, rng):
    """A label where nothing is to be seen."""
    return photo, with_spot(photo, rng)[1]


def _toned(photo, mask, by):
    changed = photo.astype(int) + by * mask[..., None]
    return np.clip(changed, 0, 255).astype(np.uint8), mask


def pictures(defects, parts, *, first=0, each=1, name="part", normals=True):
    """Return pictures of parts: of each a normal one, and one with each of the defects.

    Args:
        defects: What draws a defect, by kind.
        parts: How many parts.
        first: The number of the first part, which is its photo's seed.
        each: Exposures of each defect.
        name: What the parts' names begin with.
        normals: Whether normal pictures are among them.
    """
    made = []
    for part in range(first, first + parts):
        photo, group = surface(part), f"{name}{part:03d}"
        plain = (photo, np.zeros(photo.shape[:2], bool))
        if normals:
            made.append(_picture(f"{GOOD}/{group}_0.png", GOOD, group, plain))
        for kind, draw in defects.items():
            for exposure in range(each):
                drawn = draw(photo, np.random.default_rng([part, exposure]))
                made.append(_picture(f"{kind}/{group}_{exposure}.png", kind, group, drawn))
    return made


def _picture(name, kind, group, drawn):
    return Picture(name, kind, group, lambda: drawn)


def write_folder(folder, made, *, mvtec=False):
    """Write pictures as a folder of real defects; return it."""
    for each in made:
        image, mask = each.read()
        stem = each.name.rsplit("/", 1)[-1].removesuffix(".png")
        if each.is_normal:
            place = folder / "train" / GOOD if mvtec else folder / "normal"
        else:
            place = folder / "test" / each.kind if mvtec else folder / each.kind
            masks = folder / "ground_truth" / each.kind if mvtec else place
            masks.mkdir(parents=True, exist_ok=True)
            (masks / f"{stem}_mask.png").write_bytes(encode_mask(mask))
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{stem}.png").write_bytes(encode_png(image))
    return folder


def publish(
    store, made, *, verdict="accept", cost_usd=None, edit_key=None, group=None, moved=("", "")
):
    """Publish pictures as a version: each part's normal photo, and what was made from it.

    ``moved`` is the path and the SHA-256 of the real defect that all of it was made with.
    """
    folder = VersionFolder("parts", "01")
    samples, provenance, edits = [], [], []
    for each in made:
        image, mask = each.read()
        sample_id = each.name.replace("/", "-").removesuffix(".png")
        files = {"image": encode_png(image)} | (
            {} if each.is_normal else {"mask": encode_mask(mask)}
        )
        row = {
            "sample_id": sample_id,
            "label_index": int(not each.is_normal),
            "split": "train",
            "label": "normal" if each.is_normal else "abnormal",
            "category": "part",
            "defect_type": each.kind,
            "verdict": "accept" if each.is_normal else verdict,
            "certified": False,
            "negative": "",
            "group": group or sample_id,
            "fold": -1,
            "real_defect": moved[0] if not each.is_normal else "",
            "real_defect_sha256": moved[1] if not each.is_normal else "",
        }
        for kind in FILE_KINDS:
            path = f"{kind}s/{sample_id}.png" if kind in files else ""
            row |= {f"{kind}_path": path, f"{kind}_sha256": sha256_hex(files[kind]) if path else ""}
            if path:
                store.write(folder.path(path), files[kind])
        samples.append(row)
        origin = {"normal_name": f"{each.group}.png", "normal_sha256": f"photo of {each.group}"}
        size = {"width": image.shape[1], "height": image.shape[0]}
        origin |= {} if each.is_normal else {"edit_key": edit_key}
        provenance.append({"sample_id": sample_id, **origin, **size})
    texts = ("edit_key", "sample_id", "normal_sha256", "defect_type", "prompt", "status")
    texts = (*texts, "reason", "model", "usage")
    if cost_usd is not None:
        edits = [dict.fromkeys(texts, "") | {"cost_usd": cost} for cost in cost_usd]
    complete_version(store, folder, samples=samples, provenance=provenance, edits=edits)
    return open_dataset(store, "parts", "01")
