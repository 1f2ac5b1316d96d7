"""What the run form and the schedules give a flow, and what follows from it."""

import os
from pathlib import Path
from typing import Any, Final

from prefect import State
from prefect.runtime import deployment, flow_run
from prefect.states import Failed

from kizu.publish.names import NameTakenError
from kizu.source_files import SourceError
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError
from tasks.labels import run_name

DEFAULT_STORE: Final = "kizu-store"


WRONG_PARAMETERS: Final = (SpecError, SourceError, NameTakenError)
"""What a run raises whose parameters, or what they lead to, cannot be used."""


def choose_spec(spec: DatasetSpec | dict[str, Any] | None, spec_file: str | None) -> DatasetSpec:
    """Return the filled-in spec, or the one in the file.

    Args:
        spec: A spec, or its fields as a run form gives them.
        spec_file: Path of a spec file.

    Raises:
        SpecError: Both or neither are given, or the file cannot be used.
    """
    if spec is not None and spec_file:
        raise SpecError(f"both spec and spec_file {spec_file!r} are given; leave one of them empty")
    if spec is not None:
        return spec if isinstance(spec, DatasetSpec) else DatasetSpec.parse(spec, "the run form")
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
    """Name a run of ``build-dataset`` after dataset, editor and annotators.

    Where the spec cannot be read, after what names it in the parameters.
    """
    given = flow_run.parameters
    spec, spec_file = given.get("spec"), given.get("spec_file")
    try:
        return run_name(choose_spec(spec, spec_file))
    except SpecError:
        named = spec.get("name") if isinstance(spec, dict) else spec_file and Path(spec_file).name
        return f"build {named or 'nothing'}"


def wrong_parameters(error: Exception) -> State[Any]:
    """Fail in one sentence, with the way out where Retry alone is none."""
    message = str(error)
    if deployment.id is not None:
        message += (
            ". Retry runs with the same parameters; to change them choose 'Copy to new run' in the "
            "run's menu."
        )
    return Failed(message=message, data=error)
