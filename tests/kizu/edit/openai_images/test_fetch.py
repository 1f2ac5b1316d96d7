import pytest
from loopback import scripted_service

from kizu.edit.openai_images.fetch import fetch_picture


def fetched(url, endpoint="https://plates.example"):
    return fetch_picture(url, endpoint, 60.0, 1_000)


@pytest.mark.parametrize("place", ["{home}/a.png", "/a.png", "a.png"])
def test_a_picture_of_the_services_own_host_is_fetched_without_a_key(place):
    with scripted_service() as service:
        service.replies = [(200, "a picture")]
        assert fetched(place.format(home=service.url), service.url) == b'"a picture"'
        headers = {name.lower() for name in service.requests[0].headers}
    assert not headers & {"authorization", "api-key", "cookie"}


@pytest.mark.parametrize(
    "url",
    ["http://plates.example/x?sig=s3cr3t", "http://127.0.0.1/x", "file:///etc/passwd", "ftp://h/x"],
)
def test_nothing_is_fetched_but_over_https_or_from_the_service(url):
    with pytest.raises(ValueError, match="not over https") as refused:
        fetched(url)
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://[::1", "//", "https://\u2028", "http://h:port/"])
def test_what_is_no_address_is_said_so(url):
    with pytest.raises(ValueError, match="its picture"):
        fetched(url)


def test_redirects_errors_and_too_much_are_no_picture():
    with scripted_service() as service:
        service.replies = [(302, {}), (404, {}), (200, "x" * 2_000)]
        service.reply_headers = {"Location": service.other_url}
        for says in ("302", "404", "too large"):
            with pytest.raises(ValueError, match=says):
                fetched("/a.png", service.url)
        assert len(service.requests) == 3
