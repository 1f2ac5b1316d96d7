"""A spec names the endpoint; the machine's key goes to Azure, to itself, or where it allows."""

import pytest

from kizu.azure_signin import SignInError
from kizu.grounding import GroundingSettings, GroundingUnavailable, load_annotator
from kizu.grounding.services.endpoints import service_endpoint

EXAMPLE = "https://NAME.openai.azure.com"


def endpoint(address, allowed=""):
    environment = {"KIZU_GROUNDING_ENDPOINTS": allowed}
    return service_endpoint(GroundingSettings(endpoint=address), EXAMPLE, environment)


@pytest.mark.parametrize(
    "address",
    [
        "https://ours.openai.azure.com",
        "https://ours.cognitiveservices.azure.com",
        "https://ours.services.ai.azure.com",
        "https://japaneast.api.cognitive.microsoft.com",
        "http://127.0.0.1:8075",
    ],
)
def test_azures_own_resources_and_this_machine_get_the_key(address):
    assert endpoint(address + "/") == address


@pytest.mark.parametrize(
    "address",
    [
        "https://attacker.example",
        "https://openai.azure.com.attacker.example",
        "https://attacker-openai.azure.com",
        "https://attacker.example/x.openai.azure.com",
        "https://gateway.azure-api.net",
        "https://attacker.example\\.openai.azure.com",
    ],
)
def test_no_spec_alone_sends_the_key_elsewhere(address):
    with pytest.raises(SignInError):
        endpoint(address)


def test_the_machine_can_allow_a_gateway():
    gateway = "https://gateway.azure-api.net/ai"
    assert endpoint(gateway, f"https://other.example, {gateway}/") == gateway
    with pytest.raises(SignInError, match="set KIZU_GROUNDING_ENDPOINTS=https://gateway"):
        endpoint("https://gateway.azure-api.net/other", gateway)


@pytest.mark.parametrize(
    ("name", "key"), [("azure-vision", "AZURE_VISION_KEY"), ("gpt-vision", "AZURE_OPENAI_API_KEY")]
)
def test_every_service_asks_before_it_is_made(monkeypatch, name, key):
    monkeypatch.setenv(key, "secret")
    settings = GroundingSettings(endpoint="https://attacker.example", deployment="eyes")
    with pytest.raises(GroundingUnavailable, match="no address of Azure's AI services"):
        load_annotator(name, settings)
