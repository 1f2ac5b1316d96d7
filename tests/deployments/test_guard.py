"""Which requests pass, by what browsers say of them."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from deployments.guard import KEPT_TO_ITSELF, POLICY_VIOLATION, Door, OriginGuard, door_of_prefect

OWN = "http://127.0.0.1:4200"
EVENTS = "ws://127.0.0.1:4200/api/events"
DOOR = door_of_prefect(OWN, f"{OWN}/api")
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

ELSEWHERE = [
    {"Origin": "http://evil.example"},
    {"Origin": "https://127.0.0.1:4200.evil.example"},
    {"Origin": "http://127.0.0.1:4201"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://localhost:4200"},
    {"Origin": "file://127.0.0.1:4200"},
    {"Origin": "http://[127.0.0.1:4200"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
]


def client(door=DOOR, base_url=OWN):
    async def said(_):
        return PlainTextResponse("in")

    async def talk(websocket):
        await websocket.accept()
        await websocket.send_text("in")
        await websocket.close()

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    inside = [Route("/things", said, methods=methods), WebSocketRoute("/events", talk)]
    app = Starlette(routes=[Mount("/api", routes=inside), Route("/{page:path}", said)])
    return TestClient(OriginGuard(app, door), base_url=base_url, follow_redirects=False)


def close_code(here, headers):
    """The code with which a websocket is refused."""
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        here.websocket_connect(EVENTS, headers=headers),
    ):
        pass
    return refused.value.code


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_origin_asks_for_nothing(method, headers):
    assert client().request(method, "/api/things", headers=headers).status_code == 403


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_another_origin_opens_no_websocket(headers):
    assert close_code(client(), headers) == POLICY_VIOLATION


@pytest.mark.parametrize("headers", [{}, {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}])
def test_the_own_page_and_what_is_no_browser_ask_for_everything(headers):
    assert client().post("/api/things", headers=headers).text == "in"
    assert client().get("/api/things", headers=headers).text == "in"
    with client().websocket_connect(EVENTS, headers=headers) as websocket:
        assert websocket.receive_text() == "in"


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:4200", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("", "[", "kizu.lan@evil.example:1", "0x7f.1", "127.1", "2130706433"),
    ],
)
def test_a_name_that_could_be_led_here_is_not_answered(host):
    here = client(door_of_prefect("http://kizu.lan:4200", None))
    for path in ("/", "/api/things"):
        assert here.get(path, headers={"Host": host}).status_code == 421
    assert close_code(here, {"Host": host}) == POLICY_VIOLATION


@pytest.mark.parametrize(
    "host",
    [
        *("kizu.lan:4200", "KIZU.lan", "server:4200", "localhost:9000", "127.0.0.1", "[::1]:4200"),
        *("192.0.2.7:4200", "[2001:db8::1]:4200"),
    ],
)
def test_its_names_and_all_addresses_of_numbers_are_answered_at_any_port(host):
    here = client(door_of_prefect("http://kizu.lan:4200", "http://server:4200/api"))
    assert here.get("/api/things", headers={"Host": host}).text == "in"


def test_a_link_opens_pages_and_nothing_below_the_api():
    assert client().get("/v2/runs", headers=LINK).text == "in"
    assert client().get("/apis", headers=LINK).text == "in"
    for path in ("/api/things", "/api", "/api/"):
        assert client().get(path, headers=LINK).status_code == 403
    for kind in ("iframe", "frame", "embed", "object", "empty", "script", "image"):
        other = {**LINK, "Sec-Fetch-Dest": kind}
        assert client().get("/v2/runs", headers=other).status_code == 403


@pytest.mark.parametrize(
    ("page", "kind", "status"),
    [
        ("http://127.0.0.1:4200/", "image", 200),
        ("http://127.0.0.1:4200/v2/artifacts", "image", 200),
        ("http://localhost:4200/", "image", 403),
        ("http://evil.example/", "image", 403),
        ("http://evil.example/127.0.0.1:4200/", "image", 403),
        ("http://127.0.0.1:4200@evil.example/", "image", 403),
        ("", "image", 403),
        ("http://127.0.0.1:4200/", "script", 403),
        ("http://127.0.0.1:4200/", "iframe", 403),
        ("http://127.0.0.1:4200/", "empty", 403),
    ],
)
def test_pictures_may_be_shown_by_pages_of_the_same_name_alone(page, kind, status):
    headers = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": kind, "Referer": page}
    assert client(Door(shows_pictures=True)).get("/a.png", headers=headers).status_code == status
    assert client(Door()).get("/a.png", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("page", "policy"),
    [(f"{OWN}/", "cross-origin"), ("http://evil.example/", "same-origin"), ("", "same-origin")],
)
def test_a_browser_that_does_not_say_where_from_shows_pictures_by_the_policy(page, policy):
    answer = client(Door(shows_pictures=True)).get("/a.png", headers={"Referer": page})
    assert answer.headers["cross-origin-resource-policy"] == policy


def test_every_answer_keeps_to_itself_also_a_refusal():
    for headers in ({}, {"Origin": "null"}, {"Host": "evil.example"}):
        answer = client().get("/api/things", headers=headers)
        assert KEPT_TO_ITSELF.items() <= dict(_titled(answer.headers)).items()
        assert not [name for name in answer.headers if name.startswith("access-control")]


def _titled(headers):
    names = {name.lower(): name for name in KEPT_TO_ITSELF}
    return [(names.get(name, name), value) for name, value in headers.items()]


@pytest.mark.parametrize("host", ["localhost:4200", "[::1]:4200", "LOCALHOST:4200"])
def test_a_browser_that_names_this_machine_otherwise_is_sent_to_its_address(host):
    headers = {"Host": host, "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
    answer = client().get("/v2/a%20b?x=%2F", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{OWN}/v2/a%20b?x=%2F")


@pytest.mark.parametrize(
    ("own", "host"),
    [
        (OWN, "127.0.0.1:4200"),
        (OWN, "localhost:9999"),  # a tunnel's port
        (OWN, "192.0.2.7:4200"),
        ("http://kizu.lan:4200", "localhost:4200"),
    ],
)
def test_who_names_it_right_or_comes_through_a_tunnel_stays(own, host):
    headers = {"Host": host, "Sec-Fetch-Dest": "document"}
    assert client(door_of_prefect(own, None)).get("/v2/runs", headers=headers).text == "in"


@given(path=st.text(st.characters(codec="latin-1", categories=["L", "P", "S"])), query=st.text())
def test_nobody_is_ever_sent_to_another_machine(path, query):
    seen = []

    async def send(message):
        seen.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/{path}",
        "raw_path": f"/{path}".encode("latin-1"),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost:4200"), (b"sec-fetch-dest", b"document")],
    }
    asyncio.run(OriginGuard(None, DOOR)(scope, None, send))
    headers = dict(seen[0]["headers"])
    assert headers[b"location"].startswith(f"{OWN}/".encode())
