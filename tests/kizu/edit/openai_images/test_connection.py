import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.edit.editor import StopEditingError
from kizu.edit.flux import FluxSettings
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.connection import Connection, with_target

AZURE = {"AZURE_OPENAI_ENDPOINT": "https://plates.example/", "AZURE_OPENAI_API_KEY": "s3cr3t-k3y"}
FOUNDRY = {"AZURE_AI_ENDPOINT": "https://plates.example", "AZURE_AI_API_KEY": "s3cr3t-k3y"}


def address_of(settings, **environment):
    """Where a call would go: the client's base address and its query."""
    client = Connection.from_environment(settings, environment=environment).client(timeout_s=1)
    return str(client.base_url), dict(client.default_query)


def gpt_image(**fields):
    return GptImageSettings.model_validate({"name": "gpt-image", **fields})


@pytest.mark.parametrize(
    ("url_style", "version", "base", "query"),
    [
        ("auto", "", "https://plates.example/openai/v1/", {}),
        ("auto", "preview", "https://plates.example/openai/v1/", {"api-version": "preview"}),
        ("auto", "2025-04-01-preview", "https://plates.example/openai/", "2025-04-01-preview"),
        ("v1", "2025-04-01-preview", "https://plates.example/openai/v1/", {}),
    ],
)
def test_the_address_follows_the_api_version_and_the_url_style(url_style, version, base, query):
    settings = gpt_image(url_style=url_style)
    wanted = query if isinstance(query, dict) else {"api-version": query}
    assert address_of(settings, **AZURE, OPENAI_API_VERSION=version) == (base, wanted)


def test_a_v1_address_is_taken_as_it_is():
    v1 = {**AZURE, "AZURE_OPENAI_ENDPOINT": "https://plates.example/openai/v1/"}
    assert address_of(gpt_image(), **v1)[0] == "https://plates.example/openai/v1/"


def test_openai_has_an_address_where_none_is_set():
    settings = gpt_image(provider="openai")
    assert address_of(settings, OPENAI_API_KEY="s3cr3t-k3y")[0] == "https://api.openai.com/v1/"


def test_flux_takes_its_api_version_from_its_settings():
    environment = {**FOUNDRY, "OPENAI_API_VERSION": "another"}
    assert address_of(FluxSettings(name="flux"), **environment) == (
        "https://plates.example/openai/",
        {"api-version": "preview"},
    )


def test_urls_with_a_deployment_need_a_version():
    with pytest.raises(StopEditingError, match="OPENAI_API_VERSION is not set, which deployment-s"):
        Connection.from_environment(gpt_image(url_style="deployment"), environment=AZURE)


def test_the_key_is_shown_by_nothing_and_taken_out_of_what_a_service_repeats():
    connection = Connection.from_environment(gpt_image(), environment=AZURE)
    assert "s3cr3t" not in repr(connection)
    assert connection.scrub("wrong key s3cr3t-k3y") == "wrong key [key]"


HOSTS = ("openai.azure.com", "services.ai.azure.com", "cognitiveservices.azure.com")
VERSION = "2025-04-01-preview"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("operation", ["/images/edits", "/images/generations", "/", ""])
@pytest.mark.parametrize("told", ["", VERSION])
def test_the_portals_target_uri_says_deployment_and_version(host, operation, told):
    uri = f"https://plates.{host}/openai/deployments/my-2{operation}?api-version={VERSION}"
    environment = {**AZURE, "AZURE_OPENAI_ENDPOINT": uri, "OPENAI_API_VERSION": told}
    assert with_target(gpt_image(), environment).deployment_name == "my-2"
    for settings in (gpt_image(), gpt_image(deployment="my-2")):
        assert address_of(settings, **environment) == (
            f"https://plates.{host}/openai/",
            {"api-version": VERSION},
        )


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("rest", "query"),
    [
        ("/openai/v1/images/edits", {}),
        ("/openai/v1/images/generations/", {}),
        ("/openai/v1/images/edits?api-version=preview", {"api-version": "preview"}),
    ],
)
def test_a_target_uri_of_v1_needs_no_more(host, rest, query):
    environment = {**AZURE, "AZURE_OPENAI_ENDPOINT": f"https://plates.{host}{rest}"}
    assert address_of(gpt_image(), **environment) == (f"https://plates.{host}/openai/v1/", query)
    assert with_target(gpt_image(), environment).deployment_name == "gpt-image-1.5"


def test_openais_own_url_of_edits_is_taken_too():
    settings = gpt_image(provider="openai")
    environment = {"OPENAI_BASE_URL": "https://api.openai.com/v1/images/edits"}
    assert (
        address_of(settings, OPENAI_API_KEY="s3cr3t-k3y", **environment)[0]
        == "https://api.openai.com/v1/"
    )


def test_flux_takes_deployment_and_version_from_its_target_uri():
    uri = "https://plates.services.ai.azure.com/openai/deployments/flux/images/edits?api-version=v9"
    environment = {**FOUNDRY, "AZURE_AI_ENDPOINT": uri}
    flux = FluxSettings(name="flux")
    assert with_target(flux, environment).deployment_name == "flux"
    assert address_of(flux, **environment)[1] == {"api-version": "v9"}
    with pytest.raises(StopEditingError, match=r"the API version 'v9' and editor\.api_version"):
        address_of(FluxSettings(name="flux", api_version="v8"), **environment)


TARGET = "https://plates.openai.azure.com/openai/deployments/my-2/images/edits"


@pytest.mark.parametrize(
    ("fields", "uri", "version", "says"),
    [
        (
            {"deployment": "other"},
            f"{TARGET}?api-version={VERSION}",
            "",
            "names the deployment 'my-2' and editor.deployment says 'other'; let them agree",
        ),
        (
            {},
            f"{TARGET}?api-version={VERSION}",
            "2024-02-01",
            f"names the API version '{VERSION}' and OPENAI_API_VERSION says '2024-02-01'",
        ),
        ({}, TARGET, "", "OPENAI_API_VERSION is not set"),
        (
            {},
            TARGET.replace("images/edits", "chat/completions") + f"?api-version={VERSION}",
            "",
            "AZURE_OPENAI_ENDPOINT is the Target URI of chat/completions, which answers with no",
        ),
        ({}, TARGET.replace("my-2", "my%202"), VERSION, "names a deployment that is none"),
        ({}, f"{TARGET}?code=s3cr3t", VERSION, "with a query or fragment"),
        ({}, f"{TARGET}?api-version={VERSION}#x", "", "with a query or fragment"),
        ({}, TARGET.replace("https", "http"), VERSION, "must not travel unencrypted"),
        ({}, TARGET.replace("plates", "me:s3cr3t@plates"), VERSION, "user name or password"),
        (
            {"url_style": "deployment"},
            "https://plates.openai.azure.com/openai/v1/images/edits",
            VERSION,
            "is for v1 URLs and editor.url_style says deployment",
        ),
    ],
)
def test_an_endpoint_that_contradicts_the_settings_is_one_sentence(fields, uri, version, says):
    environment = {**AZURE, "AZURE_OPENAI_ENDPOINT": uri, "OPENAI_API_VERSION": version}
    with pytest.raises(StopEditingError) as stopped:
        address_of(gpt_image(**fields), **environment)
    assert says in str(stopped.value)
    assert "\n" not in str(stopped.value)
    assert "s3cr3t" not in str(stopped.value)


@given(st.text(max_size=200))
def test_no_endpoint_whatever_it_is_fails_in_another_way(text):
    environment = {**AZURE, "AZURE_OPENAI_ENDPOINT": text}
    with_target(gpt_image(), environment)
    with contextlib.suppress(StopEditingError):
        Connection.from_environment(gpt_image(), environment=environment)
