"""What a dataset's versions are: when, how many samples of each kind, how much room."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kizu.agree.verdict import Verdict
from kizu.publish.certification import CERTIFICATE_FILE, Certification
from kizu.publish.dataset import Dataset, DatasetError
from kizu.publish.deletion import published_paths
from kizu.publish.layout import (
    MANIFEST,
    VersionFolder,
    complete_versions,
    latest_version,
    pool_path,
)
from kizu.store import DamagedFileError, Store

_COUNTED: Final = ("label_index", "verdict", "defect_type", "certified")


@dataclass(frozen=True)
class VersionOverview:
    """One version of a dataset, counted.

    Attributes:
        version: Its name.
        published_at: When its manifest was written.
        is_latest: Whether readers open it by default.
        normals: Normal images.
        verdicts: Defect images by verdict.
        defects: Accepted defect images by class; 0 of those of which none is accepted.
        certified: Defect images whose label a bound or a person covers.
        has_certificate: Whether reviews prove a bound for its accepted labels.
        own_bytes: Of files that no other version has.
        shared_bytes: Of files that others have as well.
        problem: Why it cannot be read; empty if it can.
    """

    version: str
    published_at: datetime
    is_latest: bool
    normals: int = 0
    verdicts: Mapping[Verdict, int] | None = None
    defects: Mapping[str, int] | None = None
    certified: int = 0
    has_certificate: bool = False
    own_bytes: int = 0
    shared_bytes: int = 0
    problem: str = ""

    @property
    def samples(self) -> int:
        """Defect images, whatever their verdict."""
        return sum((self.verdicts or {}).values())


def overview(store: Store, dataset: str) -> list[VersionOverview]:
    """Return what a dataset's versions are, the oldest first.

    Raises:
        DatasetError: There is none.
    """
    versions = complete_versions(store, dataset)
    if not versions:
        raise DatasetError(
            f"there is no dataset {dataset!r} in {store.url}; 'kizu build' makes one"
        )
    try:
        latest = latest_version(store, dataset)
    except DamagedFileError:
        latest = None
    sizes = store.sizes(pool_path(dataset))
    folders = [VersionFolder(dataset, version) for version in versions]
    paths = {folder.version: _paths(store, folder) for folder in folders}
    owners = Counter(path for named in paths.values() for path in named)
    found = []
    for folder in folders:
        named, own = paths[folder.version], store.sizes(folder.path("").rstrip("/"))
        shared = sum(sizes.get(path, 0) for path in named if owners[path] > 1)
        alone = sum(sizes.get(path, 0) for path in named if owners[path] == 1)
        found.append(
            VersionOverview(
                version=folder.version,
                published_at=store.modified(folder.path(MANIFEST)),
                is_latest=folder == latest,
                has_certificate=_has_certificate(store, folder),
                own_bytes=alone + sum(own.values()),
                shared_bytes=shared,
                **_counted(store, folder),
            )
        )
    return sorted(found, key=lambda each: (each.published_at, each.version))


def _paths(store: Store, folder: VersionFolder) -> set[str]:
    """Return the files of a version beside it; nothing of a damaged one, which names none."""
    try:
        dataset = Dataset(store, folder)
        root = pool_path(folder.dataset)
        return {path for path in published_paths(dataset) if path.startswith(f"{root}/")}
    except ValueError:
        return set()


def _counted(store: Store, folder: VersionFolder) -> dict[str, Any]:
    try:
        rows = list(Dataset(store, folder).rows("samples", _COUNTED))
    except ValueError as damage:
        return {"problem": str(damage)}
    defects = [row for row in rows if row["label_index"]]
    verdicts = Counter(Verdict(row["verdict"]) for row in defects)
    kinds = Counter({row["defect_type"]: 0 for row in defects})
    kinds.update(row["defect_type"] for row in defects if row["verdict"] == Verdict.ACCEPT)
    return {
        "normals": len(rows) - len(defects),
        "verdicts": {verdict: verdicts[verdict] for verdict in Verdict},
        "defects": dict(sorted(kinds.items())),
        "certified": sum(row["certified"] for row in defects),
    }


def _has_certificate(store: Store, folder: VersionFolder) -> bool:
    try:
        found = store.read_json_as(folder.report(CERTIFICATE_FILE), Certification.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return False
    return found.accepted.is_certified
