"""``kizu serve`` where other machines can reach it: whoever is not signed in gets nothing."""

import json
import re

import httpx
import pytest
from served import Served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def open_to_others(tmp_path_factory):
    """The server on all addresses; its sign-in is found in what it says."""
    options = ("--host", "0.0.0.0", "--address", "127.0.0.1")  # noqa: S104 - what is tested
    one = Served(tmp_path_factory.mktemp("open"), *options)
    one.start()
    user, password = re.search(r"Sign-in: (\S+):(\S+)", one.said()).groups()
    one.auth = (user, password)
    yield one
    assert one.stop() == 0


def test_who_is_not_signed_in_reads_writes_and_hears_nothing(open_to_others):
    api, guess = open_to_others.api, ("kizu", "guess")
    for path in ("block_documents/filter", "flow_runs/filter", "variables/", "deployments/"):
        for auth in (None, guess):
            answer = httpx.post(f"{api}/{path}", json={"include_secrets": True}, auth=auth)
            assert answer.status_code == 401, path
    for token in (None, ":".join(guess)):
        assert not _hears_events(open_to_others, token)
    assert _hears_events(open_to_others, ":".join(open_to_others.auth))
    reports = f"http://127.0.0.1:{open_to_others.files_port}/reports/"
    assert httpx.get(reports).status_code == 401
    assert httpx.get(reports, auth=open_to_others.auth).status_code == 200


def _hears_events(served, token: str | None) -> bool:
    url = f"{served.api.replace('http', 'ws')}/events/out"
    with connect(url, subprotocols=["prefect"], proxy=None) as websocket:
        websocket.send(json.dumps({"type": "auth", "token": token}))
        try:
            return "auth_success" in websocket.recv(30)
        except ConnectionClosed:
            return False


def test_a_command_that_is_not_signed_in_says_how(open_to_others, monkeypatch):
    monkeypatch.setitem(open_to_others.env, "PREFECT_API_AUTH_STRING", "kizu:guess")
    told = open_to_others.kizu("retry")
    assert told.returncode == 2
    assert "asks for a sign-in; set PREFECT_API_AUTH_STRING" in " ".join(told.stderr.split())


def test_a_person_signs_in_starts_a_build_and_sees_its_pictures(open_to_others, page, spec):
    # the worker, the flow and the commands sign in by themselves
    run_id = open_to_others.run({"spec": spec.model_dump(mode="json")})
    assert open_to_others.end_of(run_id)["type"] == "COMPLETED"
    told = open_to_others.kizu("retry", run_id)
    assert "is Completed, not failed" in told.stderr

    user, password = open_to_others.auth
    files = f"127.0.0.1:{open_to_others.files_port}"
    page.goto(f"http://{user}:{password}@{files}/reports/")
    page.get_by_role("link", name=spec.name).wait_for()
    page.goto(f"{open_to_others.url}/deployments")
    page.get_by_placeholder("admin:pass").fill(f"{user}:{password}")
    page.get_by_role("button", name="Login").click()
    page.get_by_text("on-demand").first.wait_for()
    chosen = {"artifacts": {"key": {"any_": [f"contact-sheet-{spec.name}"]}}}
    [sheet] = open_to_others.post("artifacts/latest/filter", chosen)
    page.goto(f"{open_to_others.url}/v2/artifacts/artifact/{sheet['latest_id']}")
    picture = page.locator(f"img[src='{sheet['data']}']").first
    picture.wait_for()
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert picture.evaluate("image => image.naturalWidth") > 100
