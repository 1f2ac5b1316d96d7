"""Calls to a server on this machine that keeps to no rule of HTTP."""

import socket
import threading
import zlib
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.bounded_http import BoundedClient, BrokenOffError, NotSentError, following

LIMIT_S = 1.0
MOST = 100_000
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@contextmanager
def service(play):
    """Serve one call after another: ``play`` gets the connection once the request is there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        is_over = threading.Event()

        def serve():
            while not is_over.is_set():
                connection, _ = listening.accept()
                with closing(connection):
                    if connection.recv(65_536):
                        _played(play, connection)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            is_over.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join()


def _played(play, connection):
    try:
        play(connection)
    except OSError:  # the client hung up, as it should
        return


def get(play, **bounds):
    settings = {"timeout_s": 60.0, "most_bytes": MOST, "is_encrypted": False, **bounds}
    with service(play) as url, BoundedClient(**settings) as client:
        return client.get(url)


def drip(first):
    def play(connection):
        connection.sendall(first)
        while True:
            connection.sendall(b"x")
            threading.Event().wait(0.05)

    return play


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 200 OK\r\nX: ", HEAD + b"\r\n", HEAD + b"Content-Length: 900000\r\n\r\n"]
)
def test_a_slow_answer_ends_with_the_calls_time_wherever_it_is_slow(first):
    with pytest.raises(BrokenOffError, match="no whole answer within 1 s") as broken:
        get(drip(first), timeout_s=LIMIT_S)
    assert broken.value.took_too_long
    assert set(broken.value.received) <= set(b"x")


def test_a_service_that_only_says_go_on_is_left():
    def play(connection):
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            threading.Event().wait(0.05)

    with pytest.raises(BrokenOffError):
        get(play, timeout_s=LIMIT_S)


def endless(head):
    def play(connection):
        connection.sendall(head)
        while True:
            connection.sendall(b"x" * 65_536)

    return play


@pytest.mark.parametrize("status", [b"200", b"400", b"500"])
def test_an_endless_body_is_cut(status):
    answer = get(endless(HEAD.replace(b"200", status) + b"\r\n"))
    assert (answer.extensions["is_cut"], answer.content) == (True, b"x" * MOST)


def packed(data, times=1):
    for _ in range(times):
        data = zlib.compress(data)
    return data


def test_what_is_packed_is_unpacked_and_cut_all_the_same():
    body, bomb = packed(b"{}", 2), packed(bytes(50_000_000))
    answer = get(lambda c: c.sendall(HEAD + b"Content-Encoding: deflate, gzip\r\n\r\n" + body))
    assert (answer.content, answer.extensions["is_cut"]) == (b"{}", False)
    answer = get(lambda c: c.sendall(HEAD + b"Content-Encoding: gzip\r\n\r\n" + bomb))
    assert (len(answer.content), answer.extensions["is_cut"]) == (MOST, True)


def test_what_says_that_it_is_packed_and_is_not_is_kept_as_it_came():
    answer = get(lambda c: c.sendall(HEAD + b"Content-Encoding: gzip\r\n\r\n{}"))
    assert answer.content == b"{}"


def test_what_came_of_a_good_answer_is_told_when_it_breaks_off():
    with pytest.raises(BrokenOffError) as broken:
        get(lambda c: c.sendall(HEAD + b"x-request-id: r\r\nContent-Length: 9\r\n\r\nhalf"))
    assert (broken.value.received, broken.value.took_too_long) == (b"half", False)
    assert broken.value.headers["x-request-id"] == "r"


def test_of_an_error_what_came_is_enough():
    head = HEAD.replace(b"200 OK", b"400 Bad") + b"Content-Length: 9\r\n\r\n"
    answer = get(lambda c: c.sendall(head + b"half"))
    assert (answer.status_code, answer.content) == (400, b"half")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/"])
def test_where_nobody_listens_nothing_was_sent(url):
    with BoundedClient(60, is_encrypted=False) as client, following() as progress:
        with pytest.raises(NotSentError):
            client.get(url)
        assert not progress.is_sent


def test_a_header_that_cannot_be_sent_is_not():
    def play(connection):
        raise AssertionError(connection)

    with (
        service(play) as url,
        BoundedClient(60, is_encrypted=False) as client,
        pytest.raises(NotSentError),
    ):
        client.get(url, headers={"api-key": "a\nb"})


def test_who_follows_a_call_knows_that_it_was_sent():
    with following() as progress, pytest.raises(BrokenOffError):
        get(lambda _: None)
    assert progress.is_sent


@pytest.mark.parametrize("charset", ["hex", "zlib", "idna", "nonsense", "undefined"])
def test_no_charset_keeps_an_answer_from_being_read(charset):
    head = HEAD + f"Content-Type: text/html; charset={charset}\r\n\r\n".encode()
    assert get(lambda c: c.sendall(head + b"caf\xc3\xa9")).text == "café"


def test_no_cookie_is_kept_and_no_redirect_followed():
    seen = []

    def play(connection):
        seen.append(connection)
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n"
        )

    with service(play) as url, BoundedClient(60, is_encrypted=False) as client:
        answer = client.get(url)
        assert (answer.status_code, len(seen), list(client.cookies.jar)) == (302, 1, [])
        assert answer.next_request is not None


@given(st.binary(max_size=300))
def test_whatever_bytes_come_back_the_call_ends_as_it_says(data):
    try:
        get(lambda c: c.sendall(data), timeout_s=5)
    except BrokenOffError:
        return
