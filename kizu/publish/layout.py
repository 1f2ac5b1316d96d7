"""Where the files of a dataset version lie."""

import posixpath
from dataclasses import dataclass
from typing import Final

from kizu.samples import MOST_NAME_BYTES, PlannedSample, fitting, sample_name
from kizu.sources import NormalImage
from kizu.spec import GOOD
from kizu.store import DamagedFileError, Store

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class VersionFolder:
    """One version of a dataset: complete once its ``manifest.json`` is there."""

    dataset: str
    version: str

    def path(self, name: str) -> str:
        """Return a file's path in the store."""
        return f"datasets/{self.dataset}/{self.version}/{name}"

    def report(self, name: str) -> str:
        """Return the path of a file of this version's report."""
        return f"reports/{self.dataset}/{self.version}/{name}"

    def is_complete(self, store: Store) -> bool:
        """Tell whether all of it is published; a damaged manifest completes nothing."""
        try:
            store.read_json(self.path(MANIFEST))
        except (FileNotFoundError, DamagedFileError):
            return False
        return True


def latest_path(dataset: str) -> str:
    """Return the path of the pointer to a dataset's latest version."""
    return f"datasets/{dataset}/latest.json"


def latest_version(store: Store, dataset: str) -> VersionFolder | None:
    """Return the latest complete version; None if nothing is published.

    Raises:
        DamagedFileError: What points to it is damaged; the next build writes it anew.
    """
    try:
        version = store.read_json_as(latest_path(dataset), lambda pointer: str(pointer["version"]))
    except FileNotFoundError:
        return None
    return VersionFolder(dataset, version)


def dataset_names(store: Store) -> list[str]:
    """Return the names of the datasets in a store, sorted."""
    return [folder.rsplit("/", 1)[-1] for folder in store.list_folders("datasets")]


def complete_versions(store: Store, dataset: str) -> list[str]:
    """Return the names of a dataset's complete versions, sorted."""
    folders = store.list_folders(f"datasets/{dataset}")
    versions = [VersionFolder(dataset, folder.rsplit("/", 1)[-1]) for folder in folders]
    return [folder.version for folder in versions if folder.is_complete(store)]


def good_id(image: NormalImage) -> str:
    """Return the sample id of a normal image."""
    return sample_name(image.name, GOOD, image.sha256[:8])


def good_image(image: NormalImage) -> str:
    """Return where a normal image is published, within the version."""
    return f"images/{GOOD}/{good_id(image)}.png"


def defect_image(sample: PlannedSample) -> str:
    """Return where a sample's image is published, within the version."""
    return f"images/{sample.defect_type}/{sample.sample_id}.png"


def defect_mask(sample: PlannedSample) -> str:
    """Return where a sample's mask is published, within the version."""
    return f"masks/{sample.defect_type}/{sample.sample_id}.png"


def edited_picture(sample: PlannedSample) -> str:
    """Return where a picture is published as it came, within the version."""
    name = sample.picture.name.strip() if sample.picture else ".png"
    suffix = posixpath.splitext(f"x{name}")[1].lower()
    stem = fitting(sample.sample_id, MOST_NAME_BYTES - len(suffix.encode()))
    return f"edited/{sample.defect_type}/{stem}{suffix}"


def edited_mask(sample: PlannedSample) -> str:
    """Return where the label of the picture as it came is published, within the version."""
    return f"edited_masks/{sample.defect_type}/{sample.sample_id}.png"


def defect_touched(sample: PlannedSample) -> str:
    """Return where the mask of all touched pixels is published, within the version."""
    return f"touched/{sample.defect_type}/{sample.sample_id}.png"
