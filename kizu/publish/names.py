"""Whose a dataset's name is: another dataset takes it over only if somebody says so."""

from collections.abc import Iterable

from kizu.publish.dataset import Dataset, DatasetError
from kizu.publish.layout import VersionFolder, dataset_names, latest_version
from kizu.publish.version import LastBuild, last_build
from kizu.spec import DatasetSpec
from kizu.store import DamagedFileError, Store


class NameTakenError(ValueError):
    """A name is that of another dataset; the message says whose, and the way out."""


def check_name(store: Store, spec: DatasetSpec, photos: Iterable[str]) -> None:
    """Refuse a name that another dataset was published under, unless the spec takes it over.

    It is another dataset if its photos come from another place or show something else, and none of
    those that were published is among them. That photos come, go, or are all replaced in their
    place, and other defects, prompts and settings, are how one dataset goes on.

    Args:
        store: The store.
        spec: The dataset that is to be built.
        photos: SHA-256 of its photos' files; looked at only where nothing else tells.

    Raises:
        NameTakenError: It is another's, or differs from another's in case alone, which some disks
            do not tell apart.
    """
    if spec.publish.take_over:
        return
    try:
        last = last_build(store, spec.name)
        former = last.shards[0].open(store).spec
    except (DatasetError, DamagedFileError, FileNotFoundError, IndexError):
        _check_case(store, spec.name)
        return  # nobody knows of another
    if former.name != spec.name:  # a disk that does not tell cases apart
        _check_case(store, spec.name)
    _check_owner(store, spec, photos, last, former)


def _check_case(store: Store, name: str) -> None:
    alike = [other for other in dataset_names(store) if other.casefold() == name.casefold()]
    if alike and name not in alike:
        raise NameTakenError(
            f"the name {name!r} differs from that of the dataset {alike[0]!r} in {store.url} in "
            f"case alone, which some disks do not tell apart; use {alike[0]!r}, or another name"
        )


def _check_owner(
    store: Store,
    spec: DatasetSpec,
    photos: Iterable[str],
    last: LastBuild,
    former: DatasetSpec,
) -> None:
    same_place = _source(former) == _source(spec)
    if same_place and former.images.category == spec.images.category:
        return
    version, known = _published_photos(store, spec.name, last)
    if not version or not known.isdisjoint(photos):
        return
    raise NameTakenError(
        f"the name {spec.name!r} is taken: version {version} was published from "
        f"{_source(former)} ({former.images.category}), and none of its {len(known)} photos is "
        f"among those of {_source(spec)} ({spec.images.category}); choose another name, or set "
        "publish.take_over to true to publish under this one all the same"
    )


def _source(spec: DatasetSpec) -> str:
    """Return where a dataset's photos are, or its pictures where it has no photos."""
    pictures = spec.editor.maker.pictures
    return spec.images.path or (pictures.path if pictures else "")


def _published_photos(store: Store, name: str, last: LastBuild) -> tuple[str, set[str]]:
    """Return the latest version, or that of the last build, and the SHA-256 of its photos' files.

    Returns:
        Nothing, if it cannot be read.
    """
    try:
        folder = latest_version(store, name) or VersionFolder(name, last.version)
        rows = Dataset(store, folder).rows("provenance", ("normal_sha256",))
        return folder.version, {row["normal_sha256"] for row in rows}
    except ValueError:
        return "", set()
