"""Finds a model's files: a local folder, the local hub cache, or the hub, in that order."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kizu.grounding.errors import WeightsUnavailable

HUB_TIMEOUT_S = 3.0
TEXT_FILES = ["*.json", "*.txt", "*.model"]
SAFE_WEIGHTS = "*.safetensors"
PICKLED_WEIGHTS = "pytorch_model*.bin"  # of repositories without safetensors
WEIGHT_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")


_may_download: ContextVar[bool] = ContextVar("may_download", default=True)


@contextlib.contextmanager
def without_downloads() -> Iterator[None]:
    """Find weights that are on this machine, and no others, while the block runs."""
    token = _may_download.set(False)
    try:
        yield
    finally:
        _may_download.reset(token)


@dataclass(frozen=True)
class Weights:
    """Model files on this machine.

    Attributes:
        path: Folder in the layout of the transformers library, or one file.
        identity: `hub id@commit`, or `sha256:...` over the content of local files.
    """

    path: Path
    identity: str


def find_weights(name: str, system: str) -> Weights:
    """Return the files of a hub id or a local path.

    Args:
        name: Hub id (`owner/model`) or path of a folder or file.
        system: Who needs them; named in errors.

    Raises:
        WeightsUnavailable: If they are neither here nor within reach.
    """
    path = expanded(name)
    if path.is_file() or path.is_dir():
        return Weights(path, _content_identity(path, system))
    if _looks_like_path(name):
        raise WeightsUnavailable(
            f"{system}: the weights folder {name!r} does not exist; correct the path or give a "
            "hub id such as owner/model"
        )
    folder = cached_snapshot(name) or _download(name, system)
    return Weights(folder, f"{name}@{folder.name}")


def expanded(name: str) -> Path:
    """Return a path with its ``~`` replaced, where that is somebody's home."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path's own raises for an unknown user


def check_model_type(weights: Weights, model_types: Sequence[str], system: str) -> None:
    """Refuse a folder whose `config.json` describes another kind of model.

    Raises:
        WeightsUnavailable: If it does, or has no readable `config.json`.
    """
    config = weights.path / "config.json"
    if not config.is_file():
        raise WeightsUnavailable(
            f"{system}: {str(weights.path)!r} has no config.json; give a folder written by "
            "save_pretrained or a hub id"
        )
    try:
        found = json.loads(config.read_text(encoding="utf-8")).get("model_type")
    except ValueError as error:
        raise WeightsUnavailable(
            f"{system}: {str(config)!r} is not JSON ({error}); download the model again"
        ) from error
    if found not in model_types:
        raise WeightsUnavailable(
            f"{system}: {str(weights.path)!r} holds a {found!r} model, expected "
            f"{' or '.join(map(repr, model_types))}; give other weights or another annotator"
        )


def _looks_like_path(name: str) -> bool:
    is_hub_id = name.count("/") <= 1 and not name.startswith((".", "/", "~"))
    return not is_hub_id or "\\" in name or name.endswith(WEIGHT_SUFFIXES)


def cached_snapshot(hub_id: str) -> Path | None:
    """Return the folder of the local hub cache with this model, or None; asks no network."""
    from huggingface_hub import try_to_load_from_cache  # only for hub ids
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(hub_id, "config.json")
    except HFValidationError:
        return None
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    has_weights = any(file.suffix in WEIGHT_SUFFIXES for file in folder.iterdir())
    return folder if has_weights else None


def download_bytes(hub_id: str) -> int | None:
    """Return the size of a model's repository as the hub tells it; None if it does not answer."""
    import httpx2  # the hub client's transport
    from huggingface_hub import HfApi  # only for hub ids
    from huggingface_hub.errors import HFValidationError

    try:
        model = HfApi().model_info(hub_id, timeout=HUB_TIMEOUT_S, files_metadata=True)
    except (OSError, HFValidationError, httpx2.HTTPError):
        return None
    sizes = [file.size for file in model.siblings or ()]
    known = [size for size in sizes if size is not None]
    return sum(known) if sizes and len(known) == len(sizes) else None


def _download(hub_id: str, system: str) -> Path:
    if not _may_download.get():
        raise WeightsUnavailable(
            f"{system}: the weights {hub_id!r} are not on this machine; a build fetches them if it "
            "reaches the hub"
        )
    import httpx2  # the hub client's transport
    from huggingface_hub import HfApi, snapshot_download  # only for hub ids
    from huggingface_hub.errors import HFValidationError

    try:
        model = HfApi().model_info(hub_id, timeout=HUB_TIMEOUT_S)
        names = [file.rfilename for file in model.siblings or ()]
        is_safe = any(name.endswith(".safetensors") for name in names)
        wanted = [*TEXT_FILES, SAFE_WEIGHTS if is_safe else PICKLED_WEIGHTS]
        folder = snapshot_download(hub_id, allow_patterns=wanted)
    except (OSError, HFValidationError, httpx2.HTTPError) as error:
        raise WeightsUnavailable(_unreachable(hub_id, system, error)) from error
    return Path(folder)


def _unreachable(hub_id: str, system: str, error: Exception) -> str:
    cause = str(error).strip().split("\n", maxsplit=1)[0]
    return (
        f"{system}: the weights {hub_id!r} are not on this machine and the hub did not give them "
        f"({type(error).__name__}: {cause}); connect once, or copy the model's folder here and "
        "name its path in the grounding settings"
    )


def _content_identity(path: Path, system: str) -> str:
    files = [path] if path.is_file() else sorted(f for f in path.iterdir() if f.is_file())
    if path.is_dir() and not any(file.suffix in WEIGHT_SUFFIXES for file in files):
        raise WeightsUnavailable(
            f"{system}: the folder {str(path)!r} holds no weights "
            f"({', '.join(WEIGHT_SUFFIXES)}); give the folder that save_pretrained wrote"
        )
    digest = hashlib.sha256()
    for file in files:
        stat = file.stat()
        digest.update(file.name.encode() if path.is_dir() else b"")
        digest.update(_file_sha256(file, stat.st_size, stat.st_mtime_ns).encode())
    return f"sha256:{digest.hexdigest()}"


@lru_cache(maxsize=256)
def _file_sha256(file: Path, size: int, mtime_ns: int) -> str:
    del size, mtime_ns  # part of the cache key: a changed file is read again
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
