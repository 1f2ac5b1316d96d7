import os
import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest

from deployments.file_server import serving_files
from deployments.served_path import served_path
from kizu.publish.layout import latest_path
from kizu.store import Store


@pytest.fixture
def served(store):
    store.write("reports/皿/abc/index.html", "<p>傷".encode())
    store.write("edits/ab/secret.png", b"not for the web")
    store.write("datasets/皿/abc/manifest.json", b"{}")
    store.write_json(latest_path("皿"), {"version": "abc"})
    with serving_files(store, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_report_is_served_as_a_page(served):
    answer = httpx.get(f"{served}/reports/皿/abc/index.html")
    assert (answer.headers["Content-Type"], answer.text) == ("text/html; charset=utf-8", "<p>傷")


def test_the_front_page_links_the_latest_reports(served):
    page = httpx.get(f"{served}/reports/").text
    assert 'href="/reports/%E7%9A%BF/abc/index.html">皿</a> abc' in page


@pytest.mark.parametrize(
    "path",
    [
        "edits/ab/secret.png",
        "reports/%2e%2e/edits/ab/secret.png",
        "reports/none.html",
        "reports/皿",
    ],
)
def test_nothing_else_is_served(served, path):
    assert httpx.get(f"{served}/{path}").status_code == httpx.codes.NOT_FOUND


def ask(served, target):
    """Status and text for a target that is sent as it is, as no browser would send it."""
    connection = HTTPConnection(urlsplit(served).netloc, timeout=30)
    connection.putrequest("GET", target, skip_host=True)
    connection.putheader("Host", urlsplit(served).netloc)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize(
    "target",
    [
        "/reports/../edits/ab/secret.png",
        "/reports/%2e%2e/edits/ab/secret.png",
        "/reports/.%2E/edits/ab/secret.png",
        "/reports/%2e%2e%2fedits%2fab%2fsecret.png",
        "/reports/..\\edits\\ab\\secret.png",
        "/reports/..%5cedits%5cab%5csecret.png",
        "/reports/%5C%5Cserver%5Cshare",
        "/reports\\..\\edits\\ab\\secret.png",
        "/reports/..%20/edits/ab/secret.png",
        "/reports/.../edits/ab/secret.png",
        "/reports/%252e%252e/edits/ab/secret.png",
        "/reports/%c0%ae%c0%ae/edits/ab/secret.png",
        "/C:/reports/%E7%9A%BF/abc/index.html",
        "/reports/C:/Windows/win.ini",
        "/reports/c%3a/Windows/win.ini",
        "/c%3a%5cWindows%5cwin.ini",
        "/reports/index.html%00.png",
        "/reports/a%0d%0aX:%20y",
        "http://[/reports/x",
        "*",
        "/edits/ab/secret.png",
        "/reportsX/index.html",
    ],
)
def test_a_target_that_could_lead_elsewhere_is_not_there(served, target):
    status, text = ask(served, target)
    assert status == httpx.codes.NOT_FOUND
    assert "not for the web" not in text


@pytest.mark.parametrize("target", ["/", "/reports", "/reports/", "//reports/./", "/?x=1"])
def test_the_front_page_has_several_names(target):
    assert served_path(target) == ""


def test_a_file_with_unusual_letters_in_its_name_is_served():
    assert served_path("/reports/%E7%9A%BF/v1/a%20b..c:d.png") == "reports/皿/v1/a b..c:d.png"


def test_the_front_page_lists_no_file_of_a_dataset(served, monkeypatch):
    monkeypatch.setattr(Store, "list", lambda *_: pytest.fail("every file was listed"))
    assert "abc" in httpx.get(f"{served}/reports/").text


def test_a_damaged_pointer_hides_its_own_dataset_alone(served, store):
    store.write(latest_path("mugs"), b"{")
    store.write(latest_path("bowls"), b"[]")
    answer = httpx.get(f"{served}/reports/")
    assert (answer.status_code, answer.text.count("<li>")) == (httpx.codes.OK, 1)


def test_a_file_that_cannot_be_read_is_an_error_of_that_page_alone(served, monkeypatch, capfd):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "read", refuse)
        answer = httpx.get(f"{served}/reports/皿/abc/index.html")
    assert answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert "the file cannot be read" in answer.text
    assert httpx.get(f"{served}/reports/皿/abc/index.html").status_code == httpx.codes.OK
    assert "Traceback" not in capfd.readouterr().err


def test_a_browser_that_goes_away_leaves_no_stack_trace(served, store, capfd):
    store.write("reports/皿/abc/large.bin", bytes(20_000_000))
    host, port = urlsplit(served).netloc.split(":")
    with socket.create_connection((host, int(port))) as browser:
        ask_for = b"GET /reports/%E7%9A%BF/abc/large.bin HTTP/1.0\r\nHost: localhost\r\n\r\n"
        browser.sendall(ask_for)
        browser.recv(1000)
    assert httpx.get(f"{served}/reports/").status_code == httpx.codes.OK
    assert "Traceback" not in capfd.readouterr().err


def test_links_are_followed_within_what_is_served_and_nowhere_else(tmp_path):
    root, outside = tmp_path / "store", tmp_path / "outside"
    (outside / "deeper").mkdir(parents=True)
    (outside / "secret.png").write_bytes(b"of this machine")
    (tmp_path / "disk" / "plates").mkdir(parents=True)
    (tmp_path / "disk" / "plates" / "page.html").write_text("a report")
    (root / "datasets" / "plates").mkdir(parents=True)
    (root / "datasets" / "plates" / "file.png").symlink_to(outside / "secret.png")
    (root / "datasets" / "mugs").symlink_to(outside)
    (root / "datasets" / "plates" / "up.png").symlink_to("../../../outside/secret.png")
    (root / "reports").symlink_to(tmp_path / "disk")
    (root / "reports" / "latest.html").symlink_to("plates/page.html")
    os.mkfifo(root / "datasets" / "plates" / "pipe.png")
    refused = ["plates/file.png", "plates/up.png", "plates/pipe.png", "mugs/secret.png"]
    with serving_files(Store(str(root)), "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}"
        for path in refused:
            assert httpx.get(f"{url}/datasets/{path}").status_code == httpx.codes.NOT_FOUND
        for path in ("plates/page.html", "latest.html"):
            assert httpx.get(f"{url}/reports/{path}").text == "a report"
