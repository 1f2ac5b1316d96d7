import pytest

from kizu.edit.editor import StopEditingError
from kizu.edit.flux import FluxSettings
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.connection import Connection

AZURE = {"AZURE_OPENAI_ENDPOINT": "https://plates.example/", "AZURE_OPENAI_API_KEY": "s3cr3t"}
FOUNDRY = {"AZURE_AI_ENDPOINT": "https://plates.example", "AZURE_AI_API_KEY": "s3cr3t"}


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
    assert address_of(settings, OPENAI_API_KEY="s3cr3t")[0] == "https://api.openai.com/v1/"


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
    assert connection.scrub("wrong key s3cr3t") == "wrong key [key]"
