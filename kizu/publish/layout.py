"""Where the files of a dataset version lie.

Tables and manifest lie in the version's folder. Pictures and masks lie in ``files/`` beside the
versions, once for all that hold them: their names end with the start of their SHA-256, and a file
of a name never changes. Paths in tables begin at the dataset's folder. Versions of a kizu before
schema version 6 have their own copies, and paths that begin at the version's folder.
"""

import posixpath
from dataclasses import dataclass
from typing import Final

from kizu.samples import MOST_NAME_BYTES, PlannedSample, fitting, sample_name
from kizu.sources import NormalImage
from kizu.spec import GOOD
from kizu.store import DamagedFileError, Store

MANIFEST: Final = "manifest.json"

CARDS: Final = "cards"
"""The folder beside a dataset's reports with the pictures that they share; of a report, the file
that names its own.
"""

POOL: Final = "files"
"""The folder beside a dataset's versions with their pictures and masks."""

_DIGITS: Final = 12
"""Of a file's SHA-256 in its name: they tell apart what one sample ever looked like."""

_LONGEST_SUFFIX: Final = 8
"""In bytes, with its dot: ``.jpeg`` and its like have room."""

_ROOM: Final = MOST_NAME_BYTES - 2 * (_DIGITS + 1) - _LONGEST_SUFFIX
"""For what a file is called before its digests; a mask's name holds that of its image."""


@dataclass(frozen=True)
class VersionFolder:
    """One version of a dataset: complete once its ``manifest.json`` is there."""

    dataset: str
    version: str

    def path(self, name: str) -> str:
        """Return where a file of the version lies in the store.

        Args:
            name: A table, the manifest, or a path as the version's tables give it.

        Example:
            >>> VersionFolder("mugs", "0123").path("files/images/good/a-0123456789ab.png")
            'datasets/mugs/files/images/good/a-0123456789ab.png'
            >>> VersionFolder("mugs", "0123").path("samples.parquet")
            'datasets/mugs/0123/samples.parquet'
        """
        own = "" if is_pooled(name) else f"{self.version}/"
        return f"datasets/{self.dataset}/{own}{name}"

    @property
    def report_folder(self) -> str:
        """Where this version's report lies."""
        return f"reports/{self.dataset}/{self.version}"

    def report(self, name: str) -> str:
        """Return the path of a file of this version's report."""
        return f"{self.report_folder}/{name}"

    def is_complete(self, store: Store) -> bool:
        """Tell whether all of it is published; a damaged manifest completes nothing."""
        try:
            store.read_json(self.path(MANIFEST))
        except (FileNotFoundError, DamagedFileError):
            return False
        return True


def is_pooled(path: str) -> bool:
    """Tell whether a path of a table is one of a file that versions may share."""
    return path.startswith(f"{POOL}/")


def pool_path(dataset: str) -> str:
    """Return the folder with the pictures and masks of all versions of a dataset."""
    return f"datasets/{dataset}/{POOL}"


def cards_path(dataset: str) -> str:
    """Return the folder with the pictures of all reports of a dataset."""
    return f"reports/{dataset}/{CARDS}"


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
    names = (folder.rsplit("/", 1)[-1] for folder in folders)
    versions = [VersionFolder(dataset, name) for name in names if name != POOL]
    return [folder.version for folder in versions if folder.is_complete(store)]


def good_id(image: NormalImage) -> str:
    """Return the sample id of a normal image."""
    return sample_name(image.name, GOOD, image.sha256[:8])


def good_image(image: NormalImage, sha256: str) -> str:
    """Return where a normal image is published, within the dataset.

    Args:
        image: The image.
        sha256: Of its file; so in all of these.
    """
    return _pooled("images", GOOD, good_id(image), sha256)


def defect_image(sample: PlannedSample, sha256: str) -> str:
    """Return where a sample's image is published, within the dataset."""
    return _pooled("images", sample.defect_type, sample.sample_id, sha256)


def defect_mask(sample: PlannedSample, image_sha256: str, sha256: str) -> str:
    """Return where a sample's mask is published, within the dataset.

    Readers that pair files by name, like anomalib's, look for the image's name in the mask's.
    """
    return _pooled("masks", sample.defect_type, sample.sample_id, image_sha256, sha256)


def edited_picture(sample: PlannedSample, sha256: str) -> str:
    """Return where a picture is published as it came, within the dataset."""
    name = sample.picture.name.strip() if sample.picture else ".png"
    suffix = posixpath.splitext(f"x{name}")[1].lower()
    return _pooled("edited", sample.defect_type, sample.sample_id, sha256, suffix=suffix)


def edited_mask(sample: PlannedSample, edited_sha256: str, sha256: str) -> str:
    """Return where the label of the picture as it came is published, within the dataset."""
    digests = edited_sha256, sha256
    return _pooled("edited_masks", sample.defect_type, sample.sample_id, *digests)


def defect_touched(sample: PlannedSample, sha256: str) -> str:
    """Return where the mask of all touched pixels is published, within the dataset."""
    return _pooled("touched", sample.defect_type, sample.sample_id, sha256)


def _pooled(kind: str, defect_type: str, stem: str, *sha256: str, suffix: str = ".png") -> str:
    digests = "".join(f"-{each[:_DIGITS]}" for each in sha256)
    return f"{POOL}/{kind}/{defect_type}/{fitting(stem, _ROOM)}{digests}{suffix}"
