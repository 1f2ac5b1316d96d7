"""What a person reads when something is not set up; and the key, which nobody ever reads."""

import json
import logging
import re
import traceback

import pytest
from loopback import managed_identity, scripted_service

from kizu.billing.spending import spending_rows, to_csv
from kizu.edit.editor import EditError, StopEditingError
from kizu.edit.gpt_image.models import Family
from kizu.edit.registry import load_editor
from kizu.emulator.settings import KEY


def sentence_of(shop):
    with pytest.raises(StopEditingError) as stopped:
        shop.buy()
    sentence = str(stopped.value)
    assert "\n" not in sentence
    return sentence


def test_no_endpoint(start_emulator, open_shop, monkeypatch):
    start_emulator()
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
    assert "AZURE_OPENAI_ENDPOINT is not set; set it to" in sentence_of(open_shop())


def test_no_key(start_emulator, open_shop, monkeypatch):
    emulator = start_emulator()
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    shop = open_shop()
    assert "AZURE_OPENAI_API_KEY is not set; set it where the workers run" in sentence_of(shop)
    assert emulator.tally.calls == 0
    assert list(shop.ledger.entries()) == []


def test_a_wrong_key(start_emulator, open_shop, monkeypatch):
    start_emulator()
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a-key-of-another-resource")
    sentence = sentence_of(open_shop())
    assert "does not accept the key or token; check AZURE_OPENAI_API_KEY" in sentence


def test_an_endpoint_that_is_no_address(start_emulator, open_shop, monkeypatch):
    start_emulator()
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "my-resource")
    assert "'my-resource', which is no address; it looks like https://" in sentence_of(open_shop())


@pytest.mark.parametrize("provider", ["azure", "openai"])
def test_an_unencrypted_endpoint_is_never_called(start_emulator, open_shop, monkeypatch, provider):
    start_emulator()
    name = {"azure": "AZURE_OPENAI_ENDPOINT", "openai": "OPENAI_BASE_URL"}[provider]
    monkeypatch.setenv(name, "http://gateway.internal:8080/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    shop = open_shop(provider=provider)
    sentence = sentence_of(shop)
    assert f"{name} is 'http://gateway.internal:8080' and credentials must not" in sentence
    assert "use https" in sentence
    assert list(shop.ledger.entries()) == []


def test_the_set_up_is_checked_without_a_call(start_emulator, open_shop, monkeypatch):
    emulator = start_emulator()
    open_shop().editor.check()
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://example.com")
    with pytest.raises(StopEditingError, match="AZURE_OPENAI_ENDPOINT is 'http://ex"):
        open_shop().editor.check()
    assert emulator.tally.calls == 0


@pytest.mark.parametrize("url_style", ["deployment", "v1"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(start_emulator, open_shop, monkeypatch, url_style, status):
    start_emulator()
    with scripted_service() as service:
        service.replies = [(404, {}), (status, {})]  # the first one asks who answers
        service.reply_headers = {"Location": f"{service.other_url}/openai/v1/images/edits?key=s3"}
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", service.url)
        shop = open_shop(url_style=url_style)
        sentence = sentence_of(shop)
        shop.editor.close()
    assert f"redirects to {service.other_url}, and credentials are not sent on" in sentence
    assert "set AZURE_OPENAI_ENDPOINT to the address of the service" in sentence
    assert len(service.requests) == 2
    assert [end.status for end in shop.ends()] == ["rejected"]


def test_a_proxy_does_not_see_what_goes_to_this_machine(start_emulator, open_shop, monkeypatch):
    start_emulator()
    with scripted_service() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert open_shop().buy().status == "edited"
    assert proxy.requests == []


def test_an_endpoint_where_nobody_answers(start_emulator, open_shop, monkeypatch):
    start_emulator()
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9")
    sentence = sentence_of(open_shop(max_attempts=2))
    assert "127.0.0.1:9 cannot be reached" in sentence
    assert "check the network and AZURE_OPENAI_ENDPOINT" in sentence


def test_an_endpoint_of_something_else(start_emulator, open_shop, monkeypatch):
    emulator = start_emulator()
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{emulator.endpoint}/elsewhere")
    sentence = sentence_of(open_shop())
    assert "there is no deployment 'gpt-image-1.5' at this address" in sentence
    assert "check editor.deployment, the endpoint and OPENAI_API_VERSION" in sentence


def test_a_wrong_deployment(start_emulator, open_shop):
    start_emulator(deployments={"painter-dep": Family.GPT_IMAGE_1_5})
    sentence = sentence_of(open_shop(deployment="typo"))
    assert "there is no deployment 'typo'" in sentence
    assert open_shop(deployment="painter-dep").buy().status == "edited"


def test_a_deployment_of_another_model(start_emulator, open_shop):
    emulator = start_emulator(deployments={"dep": Family.GPT_IMAGE_2})
    sentence = sentence_of(open_shop(deployment="dep", model="gpt-image-1.5"))
    assert "deployment 'dep' does not take this input_fidelity" in sentence
    assert "name the model behind it in editor.model (now gpt-image-1.5)" in sentence
    assert emulator.tally.billed == 0


def test_a_retired_model(start_emulator, open_shop):
    start_emulator(retired=frozenset({"gpt-image-1"}))
    sentence = sentence_of(open_shop(model="gpt-image-1"))
    assert "the model of deployment 'gpt-image-1' is retired" in sentence
    assert "deploy a newer one and name the model behind it in editor.model" in sentence


def test_a_missing_api_version(start_emulator, open_shop, monkeypatch):
    start_emulator()
    monkeypatch.delenv("OPENAI_API_VERSION")
    sentence = sentence_of(open_shop(url_style="deployment"))
    assert "OPENAI_API_VERSION is not set" in sentence
    assert open_shop().buy().status == "edited"  # v1 needs none


def test_a_secret_block_that_is_missing(start_emulator, open_shop):
    start_emulator()
    block = {"secret_block": "azure-key"}
    shop = open_shop(**block)
    assert "'azure-key' is looked up by a flow's worker only" in sentence_of(shop)

    def none_there(block):
        raise ValueError(block)

    shop.editor = load_editor("gpt-image", shop.settings, none_there)
    assert "there is no Prefect Secret block 'azure-key'" in sentence_of(shop)
    shop.editor = load_editor("gpt-image", shop.settings, {"azure-key": KEY}.__getitem__)
    assert shop.buy().status == "edited"


def test_entra_without_its_package_names_it(start_emulator, open_shop, monkeypatch):
    start_emulator()
    monkeypatch.setitem(__import__("sys").modules, "azure.identity", None)
    assert "pip install 'kizu[azure]'" in sentence_of(open_shop(auth="entra"))


@pytest.mark.parametrize("url_style", ["deployment", "v1"])
def test_entra_tokens_are_sent_as_bearer(start_emulator, open_shop, monkeypatch, url_style):
    start_emulator()
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    with managed_identity(monkeypatch, token=KEY) as identity:
        assert open_shop(auth="entra", url_style=url_style).buy().status == "edited"
    (request,) = identity.requests
    assert "resource=https://cognitiveservices.azure.com" in request.path


def test_entra_without_a_token_stops_before_the_service_is_called(
    start_emulator, open_shop, monkeypatch
):
    emulator = start_emulator()
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    shop = open_shop(auth="entra")
    sentence = sentence_of(shop)
    assert "editor.auth is entra, and Entra ID gives no token" in sentence
    assert "run az login" in sentence
    assert emulator.tally.calls == 0
    assert [end.status for end in shop.ends()] == ["rejected"]


def test_openai_itself_is_a_provider_by_its_base_url(start_emulator, open_shop, monkeypatch):
    emulator = start_emulator()
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{emulator.endpoint}/v1")
    assert "OPENAI_API_KEY is not set" in sentence_of(open_shop(provider="openai"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert open_shop(provider="openai").buy().status == "edited"


@pytest.mark.parametrize("echo", ["accepted", "refused by name"])
def test_the_key_is_in_no_log_result_ledger_report_or_exception(
    start_emulator, open_shop, monkeypatch, caplog, capsys, echo
):
    """The service may even repeat the key in its error, as OpenAI's does in part."""
    secret = "s3cr3t-" + "0f" * 16
    caplog.set_level(logging.DEBUG)
    start_emulator(key=secret if echo == "accepted" else "another")
    monkeypatch.setattr("kizu.emulator.server.DENIED", f"invalid key {secret}")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", secret)
    shop = open_shop()
    told = [repr(shop.settings), repr(vars(shop)), repr(vars(shop.editor))]
    if echo == "accepted":
        told.append(repr(shop.buy()))
    else:
        with pytest.raises(EditError, match=r"invalid key \[key\]") as stopped:
            shop.buy()
        told.append("".join(traceback.format_exception(stopped.value)))
    told += [caplog.text, *capsys.readouterr(), to_csv(spending_rows(shop.ledger, "plates"))]
    told.append(json.dumps(shop.ledger.totals().to_json()))
    files = [shop.store.read(path).decode("latin-1") for path in shop.store.list("")]
    assert files
    for text in [*told, *files]:
        assert not re.search(re.escape(secret), text)
