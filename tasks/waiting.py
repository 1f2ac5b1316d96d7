"""Let a run wait for a person: what it asks, why, and where that is told."""

from copy import copy
from datetime import timedelta
from typing import Any, TypeVar

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.exceptions import Pause
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import create_model

from tasks.artifacts import artifact_key

Answer = TypeVar("Answer", bound=RunInput)


def wait_for_person(
    dataset: str, form: type[Answer], why: str, key: str, patience: timedelta
) -> Answer:
    """Suspend the run; when it is resumed, return the answer that it was resumed with.

    Prefect shows why only in the dialog of Resume, so it is told in the log and as an artifact too.

    Args:
        dataset: The dataset's name.
        form: What is asked.
        why: Why, and what to do, in Markdown.
        key: Names the question within the run.
        patience: How long it waits before the run fails.
    """
    asked = form.with_initial_data(description=why)
    try:
        return suspend_flow_run(
            wait_for_input=asked, timeout=int(patience.total_seconds()), key=key
        )
    except Pause:
        get_run_logger().warning(why.replace("**", ""))
        create_markdown_artifact(
            why, key=artifact_key("waiting", dataset), description="Waits for a person"
        )
        raise


def proposed(form: type[Answer], **values: Any) -> type[Answer]:  # noqa: ANN401 - any field's value
    """Return a form with values filled in; its fields keep their titles and descriptions.

    Prefect's own ``with_initial_data`` makes new fields, that are called by their names.
    """
    fields: dict[str, Any] = {}
    for name, value in values.items():
        field = copy(form.model_fields[name])
        field.default = value
        fields[name] = (field.annotation, field)
    return create_model(form.__name__, __base__=form, **fields)
