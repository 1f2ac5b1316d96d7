import httpx
import pytest

from kizu.publish.layout import latest_path
from kizu.report.server import serving_files


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
