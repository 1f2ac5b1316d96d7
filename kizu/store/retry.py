"""Waits while a store cannot be reached, so that a short outage fails nothing."""

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

PATIENCE_VARIABLE: Final = "KIZU_STORE_PATIENCE_S"
DEFAULT_PATIENCE_S: Final = 120.0
_LONGEST_PAUSE_S: Final = 10.0

_OUTAGE_NAMES: Final = frozenset(
    {
        "ServiceRequestError",  # azure-core: no connection
        "ServiceResponseError",  # azure-core: connection lost
        "ClientConnectionError",  # aiohttp
        "HTTPClientError",  # botocore: no endpoint, timeouts, connection lost
    }
)
_OUTAGE_ERRNOS: Final = frozenset(
    {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN}
)
_SERVER_TROUBLE: Final = frozenset({500, 502, 503, 504})

logger = logging.getLogger(__name__)


class StoreUnreachableError(OSError):
    """The store did not come back in time; what it holds is safe."""


def is_outage(error: BaseException) -> bool:
    """Tell whether an error means that the store cannot be reached now, whatever raised it.

    Example:
        >>> is_outage(ConnectionRefusedError()), is_outage(FileNotFoundError())
        (True, False)
    """
    return any(_is_outage(part) for part in _chain(error))


def retry_while_unreachable(where: str, call: Callable[[], T]) -> T:
    """Call, and call again while the store cannot be reached.

    Args:
        where: The store, for the message.
        call: What to do; doing it twice does no harm.

    Raises:
        StoreUnreachableError: It could not be reached for ``KIZU_STORE_PATIENCE_S`` seconds.
    """
    patience_s = float(os.environ.get(PATIENCE_VARIABLE, DEFAULT_PATIENCE_S))
    deadline, pause_s = time.monotonic() + patience_s, 0.5
    while True:
        try:
            return call()
        except Exception as error:
            if not is_outage(error):
                raise
            if time.monotonic() + pause_s > deadline:
                raise StoreUnreachableError(
                    f"the store {where} could not be reached for {patience_s:.0f} s ({error}); "
                    "what it holds is safe, run again when it is back"
                ) from error
            logger.warning("the store %s cannot be reached (%s); trying again", where, error)
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that led to it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and error.errno in _OUTAGE_ERRNOS:
        return True
    if _http_status(error) in _SERVER_TROUBLE:
        return True
    return any(kind.__name__ in _OUTAGE_NAMES for kind in type(error).__mro__)


def _http_status(error: BaseException) -> object:
    """Return the status in an answer of S3 as botocore has it, or of Azure."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return getattr(error, "status_code", None)
