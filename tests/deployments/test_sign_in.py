"""Who has to sign in, with what, and where that is kept."""

import stat

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deployments.file_server import serving_files
from deployments.sign_in import (
    PUBLISHED_ON,
    SERVER_VARIABLE,
    SignInError,
    kept_sign_in,
    require_sign_in,
    sign_in_for,
)
from kizu.cli import app

OPEN = ["0.0.0.0", "192.0.2.7", "kizu.lan", "::"]  # noqa: S104 - described, not bound to
LOOPBACKS = ["127.0.0.1", "localhost", "::1", "127.0.0.2"]


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch):
    monkeypatch.delenv(SERVER_VARIABLE, raising=False)
    monkeypatch.delenv(PUBLISHED_ON, raising=False)


@pytest.mark.parametrize("host", OPEN)
def test_who_can_be_reached_wants_a_sign_in_that_is_told_once_and_kept(tmp_path, host):
    said, home = [], tmp_path / "home"
    made = sign_in_for(host, home, said.append)
    user, password = made.split(":")
    assert (user, len(password)) == ("kizu", 32)
    assert made in said[0]
    assert stat.S_IMODE((home / "sign-in").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert sign_in_for(host, home, said.append) == made
    assert password not in said[1]
    assert str(home / "sign-in") in said[1]


def test_two_homes_have_two_passwords(tmp_path):
    one, other = (sign_in_for("0.0.0.0", tmp_path / name, print) for name in "ab")  # noqa: S104
    assert one != other


@pytest.mark.parametrize("host", LOOPBACKS)
def test_on_this_machine_nobody_signs_in_unless_that_is_wanted(tmp_path, host):
    assert sign_in_for(host, tmp_path, pytest.fail) == ""
    made = sign_in_for(host, tmp_path, lambda _: None, always=True)
    assert kept_sign_in(tmp_path) == made


@pytest.mark.parametrize("host", [OPEN[0], LOOPBACKS[0]])
def test_a_sign_in_of_the_environment_goes_first(tmp_path, monkeypatch, host):
    monkeypatch.setenv(SERVER_VARIABLE, "aiko:secret:with:colons")
    assert sign_in_for(host, tmp_path, pytest.fail) == "aiko:secret:with:colons"
    assert not (tmp_path / "sign-in").exists()


@pytest.mark.parametrize("text", ["", ":", "kizu", "kizu:", ":pass", "kizu:pass word", "皿:傷"])
def test_what_is_no_sign_in_is_named_and_keeps_everybody_out(tmp_path, monkeypatch, text):
    (tmp_path / "sign-in").write_text(text, encoding="utf-8")
    with pytest.raises(SignInError, match=r"sign-in holds no sign-in: write user:password"):
        sign_in_for("192.0.2.7", tmp_path, print)
    if text:
        monkeypatch.setenv(SERVER_VARIABLE, text)
        with pytest.raises(SignInError, match=SERVER_VARIABLE):
            sign_in_for("192.0.2.7", tmp_path, print)


def test_a_container_that_is_published_to_others_wants_a_sign_in(monkeypatch):
    require_sign_in("0.0.0.0", "kizu:pass")  # noqa: S104
    with pytest.raises(SignInError, match=r"0\.0\.0\.0 can be reached .*PREFECT_API_AUTH_STRING"):
        require_sign_in("0.0.0.0", "")  # noqa: S104
    monkeypatch.setenv(PUBLISHED_ON, "127.0.0.1")
    require_sign_in("0.0.0.0", "")  # noqa: S104
    monkeypatch.setenv(PUBLISHED_ON, "192.0.2.7")
    with pytest.raises(SignInError, match="192"):
        require_sign_in("0.0.0.0", "")  # noqa: S104


@pytest.fixture
def reports(store):
    store.write("reports/plates/abc/index.html", b"<p>")
    with serving_files(store, "127.0.0.1", 0, sign_in="kizu:p:ss") as port:
        yield f"http://127.0.0.1:{port}/reports/plates/abc/index.html"


def test_reports_are_for_those_who_signed_in(reports):
    refused = httpx.get(reports)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert httpx.get(reports, auth=("kizu", "p:ss")).text == "<p>"


@pytest.mark.parametrize(
    "header",
    [
        *("Basic", "Basic !!", "Basic a2l6dQ==", "Bearer a2l6dTpwOnNz", "Basic a2l6dTpwOnN"),
        *("Basic a2l6dTpwOnNz a2l6dTpwOnNz", "a2l6dTpwOnNz"),
    ],
)
def test_anything_else_is_no_sign_in(reports, header):
    assert httpx.get(reports, headers={"Authorization": header}).status_code == 401


@given(password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_every_sign_in_that_is_taken_from_a_home_can_be_sent(tmp_path_factory, password):
    home = tmp_path_factory.mktemp("home")
    (home / "sign-in").write_text(f"kizu:{password}\n", encoding="utf-8")
    sent = httpx.BasicAuth("kizu", password)._auth_header
    assert kept_sign_in(home) == f"kizu:{password}"
    assert sent.isascii()


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], False),
        (["--host", "localhost"], False),
        (["--address", "localhost"], False),
        (["--sign-in"], True),
        (["--address", "kizu.example"], True),
        (["--address", "192.0.2.7"], True),
        (["--host", "0.0.0.0"], True),  # noqa: S104 - described, not bound to
    ],
)
def test_who_is_reached_by_a_name_of_others_wants_a_sign_in(tmp_path, monkeypatch, words, asked):
    given = []
    monkeypatch.setattr("deployments.serve.serve", lambda settings, _: given.append(settings))
    home = ["--home", str(tmp_path / "home"), "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(app, ["serve", *home, *words])
    assert result.exit_code == 0, result.output
    assert bool(given[0].sign_in) is asked
