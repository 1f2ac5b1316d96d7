"""Where credentials may go, and where they come from."""

import sys

import pytest
from loopback import managed_identity, scripted_service

from kizu.azure_signin import (
    AZURE_SCOPE,
    Credential,
    SignInError,
    checked_endpoint,
    checked_key,
    entra,
    http_client,
    key_or_entra,
)


def problem_with(value):
    with pytest.raises(SignInError) as refused:
        checked_endpoint(value, "AN_ENDPOINT", "https://NAME.openai.azure.com")
    sentence = str(refused.value)
    assert sentence.startswith("AN_ENDPOINT is ")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    "value",
    [
        "https://name.openai.azure.com",
        "HTTPS://Name.OpenAI.azure.com",
        "https://10.0.0.7:8443/openai/v1",
        "http://localhost:8075",
        "HTTP://LOCALHOST:8075",
        "http://127.0.0.1:8075",
        "http://127.8.9.10",
        "http://[::1]:8075",
        "http://[0:0:0:0:0:0:0:1]",
    ],
)
def test_credentials_go_over_https_or_to_this_machine(value):
    assert checked_endpoint(f" {value}/ ", "AN_ENDPOINT", "https://NAME") == value


@pytest.mark.parametrize(
    "host",
    [
        "name.openai.azure.com",
        "localhost.evil.com",
        "127.0.0.1.nip.io",
        "evil.com:80",
        "emulator:8075",
        "0.0.0.0:8075",
        "10.0.0.7",
        "128.0.0.1",
        "[::2]",
        "[::ffff:10.0.0.7]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "localhost.",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_credentials_do_not_go_over_plain_http_to_others(scheme, host):
    sentence = problem_with(f"{scheme}://{host}/openai/v1")
    assert "credentials must not travel unencrypted; use https" in sentence


@pytest.mark.parametrize(
    "value",
    [
        "my-resource",
        "name.openai.azure.com",
        "localhost:8075",
        "//name.openai.azure.com",
        "https:name.openai.azure.com",
        "https:///openai/v1",
        "https://",
        "ftp://name.openai.azure.com",
        "http://[::1",
        "http://localhost:port",
        "http://localhost\t.evil.com",
        "http://ｌocalhost",  # noqa: RUF001 - a letter that looks like another is the case
    ],
)
def test_what_is_no_address_is_shown_with_one_that_is(value):
    assert f"{value!r}, which is no address; it looks like https://NAME" in problem_with(value)


def test_a_missing_endpoint_is_named_with_an_example():
    assert problem_with(" ") == (
        "AN_ENDPOINT is not set; set it to your resource's address, for example "
        "https://NAME.openai.azure.com"
    )


@pytest.mark.parametrize(
    "value",
    [
        "https://s3cr3t@name.openai.azure.com",
        "http://me:s3cr3t@localhost:8075",
        "http://localhost\\@evil.com/s3cr3t",
        "https://me:s3cr3t/s3cr3t@name.openai.azure.com",
        "https://me:12/s3cr3t@name.openai.azure.com",
        "me:s3cr3t@name",
        "https://name.openai.azure.com/openai?key=s3cr3t",
        "https://name.openai.azure.com/#s3cr3t",
        "http://evil.com/s3cr3t",
        "http://evil.com#s3cr3t@localhost",
        "name?key=s3cr3t",
        "s3cr3t-0f0f0f0f0f0f0f0f0f0f0f0f0f",  # the key in the endpoint's place
    ],
)
def test_an_endpoint_that_holds_more_than_an_address_is_refused_without_repeating_it(value):
    assert "s3cr3t" not in problem_with(value)


def test_user_info_is_refused_with_the_way_out():
    sentence = problem_with("https://me:s3cr3t@name.openai.azure.com/openai")
    assert "'https://name.openai.azure.com' with a user name or password before it" in sentence
    assert "take them out" in sentence


def test_a_query_is_refused_with_the_way_out():
    sentence = problem_with("https://name.openai.azure.com/openai?api-version=preview")
    assert "'https://name.openai.azure.com' with a query or fragment; cut it off" in sentence


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_no_credentials_along(status):
    with scripted_service() as service, http_client(service.url, 5) as client:
        service.replies = [(status, {})]
        service.reply_headers = {"Location": f"{service.other_url}/elsewhere"}
        reply = client.post(service.url, headers={"api-key": "s3cr3t"}, content=b"a photo")
    assert reply.status_code == status
    assert len(service.requests) == 1


def test_a_key_goes_before_entra_id():
    environment = {"A_KEY": " s3cr3t-k3y "}
    assert key_or_entra("A_KEY", AZURE_SCOPE, environment) == Credential(key="s3cr3t-k3y")


def test_without_a_key_entra_id_is_asked_for_a_token_of_the_scope(monkeypatch):
    with managed_identity(monkeypatch) as identity:
        credential = key_or_entra("A_KEY", "https://ai.azure.com/.default", {})
        assert identity.requests == []
        assert credential.token() == "t0ken"
    assert "resource=https://ai.azure.com" in identity.requests[0].path


def test_a_missing_azure_identity_gives_one_sentence_whoever_asks(monkeypatch):
    monkeypatch.setitem(sys.modules, "azure.identity", None)  # as if it were not installed
    sentence = (
        ", and signing in with Entra ID needs the package azure-identity; run: "
        "pip install 'kizu[azure]'"
    )
    with pytest.raises(SignInError) as without_key:
        key_or_entra("A_KEY", AZURE_SCOPE, {})
    assert str(without_key.value) == f"A_KEY is not set{sentence}"
    with pytest.raises(SignInError) as by_choice:
        entra(AZURE_SCOPE, "editor.auth is entra")
    assert str(by_choice.value) == f"editor.auth is entra{sentence}"


def test_an_entra_id_that_gives_no_token_says_so_in_one_sentence(monkeypatch):
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with pytest.raises(
        SignInError, match=r"^A_KEY is not set, and .* no token .*run az login"
    ) as no:
        key_or_entra("A_KEY", AZURE_SCOPE, {}).token()
    assert "\n" not in str(no.value)


def test_a_credential_is_never_shown():
    assert "s3cr3t" not in repr(Credential(key="s3cr3t"))


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("“s3cr3t-k3y”", r"a character that no key has \(U\+201C\)"),
        ("s3cr3t\nk3y", r"a character that no key has \(U\+000A\)"),
        ("s3cr3t-kéy", r"U\+00E9"),
        ("'s3cr3t-k3y'", "in quotes"),
        ('"s3cr3t-k3y"', "in quotes"),
        ("k", "has 1 characters, fewer than the 8"),
        ("s3cr3t", "has 6 characters"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key, says):
    with pytest.raises(SignInError, match=rf"^A_KEY .*{says}") as refused:
        key_or_entra("A_KEY", AZURE_SCOPE, {"A_KEY": key})
    assert "s3cr3t" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_white_space_around_a_key_is_no_part_of_it():
    assert checked_key("\ts3cr3t k3y\r\n", "A_KEY") == "s3cr3t k3y"


def test_key_and_tokens_are_taken_out_of_sentences():
    said = Credential(key="s3cr3t/k3y").scrub("s3cr3t/k3y s3cr3t%2Fk3y Bearer eyJhbGciOiJI.e30.x-_")
    assert said == "[key] [key] Bearer [token]"
