"""Where published files lie, and what they are called."""

from pathlib import PurePosixPath

import pytest
from reviewed import spec_of

from kizu.planning import plan_samples
from kizu.publish.layout import (
    VersionFolder,
    complete_versions,
    defect_image,
    defect_mask,
    edited_mask,
    edited_picture,
    good_image,
)
from kizu.samples import PairedPicture
from kizu.sources import NormalImage

FOLDER = VersionFolder("plates", "0123")
FIRST, SECOND = "1" * 64, "2" * 64
LONG = "長" * 84 + ".png"


@pytest.fixture
def sample(tmp_path):
    """Return a function that plans a sample of a photo of a name."""

    def plan(name):
        spec = spec_of(tmp_path / "photos", photos=0, side_px=64, defects=["hole"])
        [planned] = plan_samples(spec, [NormalImage(FIRST, SECOND, name, 64, 64)])
        picture = PairedPicture(name="a/x.JPEG", sha256=FIRST, paired_by="table", score=None)
        return planned.model_copy(update={"picture": picture})

    return plan


def test_pictures_lie_beside_the_versions_and_tables_in_them():
    assert FOLDER.path("files/masks/hole/a.png") == "datasets/plates/files/masks/hole/a.png"
    assert FOLDER.path("samples.parquet") == "datasets/plates/0123/samples.parquet"


def test_pictures_of_an_older_kizu_lie_in_their_version():
    assert FOLDER.path("masks/hole/a.png") == "datasets/plates/0123/masks/hole/a.png"


@pytest.mark.parametrize("name", ["cup.png", LONG])
def test_names_of_files_end_with_their_content_and_fit_every_disk(sample, name):
    planned = sample(name)
    paths = [
        good_image(planned.normal, FIRST),
        defect_image(planned, FIRST),
        defect_mask(planned, FIRST, SECOND),
        edited_picture(planned, FIRST),
        edited_mask(planned, FIRST, SECOND),
    ]
    files = [PurePosixPath(path) for path in paths]
    assert [file.stem[-12:] for file in files] == [
        (FIRST if n in (0, 1, 3) else SECOND)[:12] for n in range(5)
    ]
    assert all(len(file.name.encode()) <= 255 for file in files)
    assert files[3].suffix == ".jpeg"
    assert len({file.name for file in files}) >= 4


@pytest.mark.parametrize("name", ["cup.png", LONG])
def test_a_masks_name_holds_its_images_for_readers_that_pair_by_name(sample, name):
    planned = sample(name)
    for image, mask in ((defect_image, defect_mask), (edited_picture, edited_mask)):
        image_stem = PurePosixPath(image(planned, FIRST)).stem
        assert image_stem in PurePosixPath(mask(planned, FIRST, SECOND)).stem


def test_the_folder_of_pictures_is_no_version(store):
    store.write_json("datasets/plates/0123/manifest.json", {})
    store.write_json("datasets/plates/files/manifest.json", {})
    assert complete_versions(store, "plates") == ["0123"]
