import os
import urllib.request

import httpx
import pytest

from deployments.file_server import serving_files
from deployments.proxies import bypass_proxy
from kizu.loopback import free_port

VARIABLES = ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy")


@pytest.fixture(autouse=True)
def proxy(monkeypatch):
    """A proxy that does not answer; what the tests set is undone."""
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("HTTP_PROXY", os.environ["http_proxy"])
    monkeypatch.setattr(urllib.request, "_opener", None)  # it keeps the proxy of its first use


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_servers_of_this_machine_are_reached_past_the_proxy(store, host):
    with serving_files(store, "127.0.0.1", 0) as port:
        url = f"http://{host}:{port}/"
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)
        bypass_proxy()
        assert httpx.get(url).status_code == httpx.codes.OK
        with urllib.request.urlopen(url) as answer:
            assert answer.status == httpx.codes.OK


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_what_the_user_excepts_stays_excepted_and_nothing_is_listed_twice(monkeypatch, variable):
    monkeypatch.setenv(variable, "intern.example, localhost")
    bypass_proxy("kizu.example")
    bypass_proxy("kizu.example")
    expected = "intern.example,localhost,127.0.0.1,::1,kizu.example"
    assert [os.environ[name] for name in ("NO_PROXY", "no_proxy")] == [expected] * 2


def test_other_servers_are_still_reached_through_the_proxy():
    bypass_proxy()
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://example.invalid/")
    assert urllib.request.getproxies()["http"] == os.environ["http_proxy"]
    assert not urllib.request.proxy_bypass("example.invalid")
