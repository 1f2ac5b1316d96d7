"""One run of a dataset at a time: a second one waits, and holds no worker meanwhile."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.exceptions import Pause
from prefect.runtime import deployment, flow_run
from prefect.states import AwaitingConcurrencySlot

from tasks.labels import dataset_tag

if TYPE_CHECKING:
    from prefect import State

_LEASE_S: Final = 60.0
"""How long the turn of a run that was killed stays taken; Prefect allows no less."""

_LOOK_AGAIN: Final = timedelta(seconds=30)
"""As long as Prefect itself waits for a deployment's slot."""


@contextmanager
def turn_of(dataset: str) -> Iterator[None]:
    """Hold the dataset's turn while the block runs; a run without a deployment needs none.

    Two datasets are built side by side. Runs of one dataset would do the same work twice.

    Raises:
        Pause: Another run has the turn; this one ends here and begins anew when it is time.
    """
    if deployment.id is None:
        yield
        return
    limit = dataset_tag(dataset)
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(limit, 1)
    with ExitStack() as held:
        try:
            held.enter_context(_slot(limit))
        except TimeoutError:
            _come_back(dataset)
        yield


def _slot(limit: str) -> AbstractContextManager[None]:
    """Return a block that holds the slot of a limit; there are no two tries to take it."""
    return concurrency(
        limit,
        timeout_seconds=1,
        max_retries=0,
        lease_duration=_LEASE_S,
        strict=True,
        raise_on_lease_renewal_failure=False,
    )


def _come_back(dataset: str) -> None:
    """End here, and begin anew in a while."""
    when = datetime.now(UTC) + _LOOK_AGAIN
    message = (
        f"Another run of {dataset} is at work; this one begins when that has ended. It is looked "
        f"at again every {_LOOK_AGAIN.seconds} s."
    )
    state: State[Any] = AwaitingConcurrencySlot(scheduled_time=when, message=message)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, state, force=True)
    raise Pause(state=state)
