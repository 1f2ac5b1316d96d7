import pytest

from kizu.store.retry import StoreUnreachableError, is_outage, retry_while_unreachable


class ServiceRequestError(Exception):
    """Named as the Azure client's own."""


class ClientError(Exception):
    """S3's answer as botocore raises it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.response = {
            "Error": {"Code": "X"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }


def caused_by(cause: Exception) -> Exception:
    error = RuntimeError("failed to fetch")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        OSError(5, "I/O error"),
        ServiceRequestError(),
        ClientError(503),
    ],
)
def test_a_lost_connection_is_an_outage_however_it_is_wrapped(error):
    assert is_outage(error)
    assert is_outage(caused_by(error))


@pytest.mark.parametrize(
    "error", [FileNotFoundError(), PermissionError(), ValueError("no"), ClientError(412)]
)
def test_a_missing_file_or_right_is_no_outage(error):
    assert not is_outage(error)


def test_a_short_outage_is_waited_for():
    answers = iter([ConnectionRefusedError("refused"), None])

    def call() -> str:
        if error := next(answers):
            raise error
        return "there"

    assert retry_while_unreachable("abfs://x", call) == "there"


def test_a_long_outage_says_what_to_do(monkeypatch):
    monkeypatch.setenv("KIZU_STORE_PATIENCE_S", "0")

    def call() -> None:
        raise ConnectionRefusedError("refused")

    with pytest.raises(StoreUnreachableError, match=r"abfs://x could not be reached.*run again"):
        retry_while_unreachable("abfs://x", call)


def test_other_errors_come_through_at_once():
    with pytest.raises(KeyError):
        retry_while_unreachable("x", lambda: {}["nothing"])
