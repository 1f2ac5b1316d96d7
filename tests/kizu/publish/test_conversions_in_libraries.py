"""What a version becomes, in the libraries themselves; ``make consumers`` installs them.

Each runs in its own environment, whose PyTorch its compiled parts fit; what kizu needs and is not
there comes from kizu's own.
"""

import subprocess
import sysconfig

import pytest
from published import dataset, masks  # noqa: F401 - fixtures
from served import ROOT
from tool_environments import python_with

pytestmark = [pytest.mark.slow, pytest.mark.consumers]

SUPERVISION = """
data = dataset.to_supervision()
assert data.classes == ["crack", "hole"], data.classes
read = {}
for path, image, found in data:
    mask = found.mask.any(axis=0) if len(found) else np.zeros(image.shape[:2], bool)
    assert image.shape[:2] == mask.shape
    read[path] = mask
assert len(read) == 4
for sample in dataset:
    if sample.row["verdict"] == "accept":
        [mask] = [mask for path, mask in read.items() if path.endswith(sample.row["image_path"])]
        assert np.array_equal(mask, sample.label()), sample.sample_id
"""
ANOMALIB = """
data = dataset.to_anomalib(num_workers=0, val_split_mode="same_as_test")
data.setup()
assert [len(data.train_data), len(data.test_data)] == [1, 2]
for item in data.test_data:
    [sample] = [each for each in dataset if item.image_path.endswith(each.row["image_path"])]
    assert np.array_equal(item.gt_mask.numpy().astype(bool), sample.label()), sample.sample_id
"""
TORCHVISION = """
from torchvision.transforms import v2
item = dataset.to_torch(v2.RandomHorizontalFlip(1.0))[2]
sample = dataset[item["sample_id"]]
assert sample.label().any()
assert np.array_equal(item["mask"].numpy(), sample.label()[:, ::-1])
pixels = np.rint(item["image"].numpy() * 255).astype(np.uint8)
assert np.array_equal(np.moveaxis(pixels, 0, 2), sample.image()[:, ::-1])
"""


@pytest.mark.parametrize(
    ("library", "program"),
    [("supervision", SUPERVISION), ("anomalib", ANOMALIB), ("torchvision", TORCHVISION)],
)
def test_a_library_reads_every_pixel_of_what_a_version_becomes(
    library,
    program,
    store,
    dataset,  # noqa: F811 - the fixture
):
    python = python_with(library, library)
    head = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}]
sys.path.append({sysconfig.get_path("purelib")!r})
import numpy as np
import kizu
dataset = kizu.open_dataset({store.url!r}, {dataset.name!r}, {dataset.version!r})
"""
    done = subprocess.run(  # noqa: S603 - ours
        [python, "-c", head + program],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
