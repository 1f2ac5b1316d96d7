"""What the run form and the schedules give a flow, and what follows from it."""

import os
from pathlib import Path
from typing import Final

from prefect.runtime import flow_run

from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError

DEFAULT_STORE: Final = "kizu-store"


def choose_spec(spec: DatasetSpec | None, spec_file: str | None) -> DatasetSpec:
    """Return the filled-in spec, or the one in the file.

    Raises:
        SpecError: Both or neither are given, or the file cannot be used.
    """
    if spec is not None and spec_file:
        raise SpecError(f"both spec and spec_file {spec_file!r} are given; leave one of them empty")
    if spec is not None:
        return spec
    if not spec_file:
        raise SpecError("neither spec nor spec_file is given; fill one of them in")
    if not Path(spec_file).expanduser().exists():
        raise SpecError(
            f"spec_file {spec_file!r}: no such file on the worker, which runs in {Path.cwd()}; "
            "give the full path"
        )
    return DatasetSpec.from_yaml(Path(spec_file).expanduser())


def choose_store(store_url: str | None) -> str:
    """Return the store that is asked for, or the worker's own (``KIZU_STORE``)."""
    return store_url or os.environ.get("KIZU_STORE") or DEFAULT_STORE


def build_name() -> str:
    """Name a run of ``build-dataset`` after its dataset."""
    return f"build {_dataset()}"


def _dataset() -> str:
    """Return the dataset's name; of a file that cannot be read, the file's."""
    given = flow_run.parameters
    spec, spec_file = given.get("spec"), given.get("spec_file")
    if spec is not None:
        return str(spec["name"] if isinstance(spec, dict) else spec.name)
    try:
        return choose_spec(None, spec_file).name
    except SpecError:
        return Path(spec_file).name if spec_file else "nothing"
