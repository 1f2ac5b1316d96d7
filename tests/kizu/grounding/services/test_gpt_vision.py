import base64
import io
import json

import numpy as np
import openai
import pytest
from PIL import Image

from kizu.azure_signin import Credential
from kizu.grounding import (
    GroundingSettings,
    GroundingUnavailable,
    annotator_version,
    load_annotator,
)
from kizu.grounding.errors import ImageFailure
from kizu.grounding.services.gpt_vision import GptVision, answer_schema, reported_boxes


def photo():
    return np.random.default_rng(0).integers(0, 255, (100, 400, 3), dtype=np.uint8)


def completion(regions, finish_reason="stop", refusal=None):
    content = None if refusal else json.dumps({"regions": regions})
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt",
        "choices": [choice],
    }


def region(phrase, x0, y0, x1, y1):
    return {"phrase": phrase, "x0": x0, "y0": y0, "x1": x1, "y1": y1}


@pytest.fixture
def service(loopback, monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "secret-key")
    settings = GroundingSettings(endpoint=loopback.url, deployment="eyes")
    annotator = load_annotator("gpt-vision", settings)
    yield annotator
    annotator.system.detector.client.close()


def test_reported_thousandths_become_pixels_of_a_wide_image(service, loopback):
    loopback.replies = [(200, completion([region("a chip", 500, 100, 750, 300)]))]
    (result,) = service.annotate([photo()], [["a chip", "a dent"]])
    assert result.xyxy.tolist() == [[200, 10, 300, 30]]
    assert result.phrase == ("a chip",)
    assert result.confidence.tolist() == [0.5]


def test_the_request_holds_the_photo_the_phrases_and_a_strict_schema(service, loopback):
    loopback.replies = [(200, completion([]))]
    service.annotate([photo()], [["a chip", "欠け"]])
    (request,) = loopback.requests
    body = json.loads(request.body)
    assert request.path == "/openai/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer secret-key"
    assert body["model"] == "eyes"
    assert body["response_format"]["json_schema"]["strict"] is True
    text, image = body["messages"][1]["content"]
    assert text["text"] == 'Defects: ["a chip", "欠け"]'
    file = base64.b64decode(image["image_url"]["url"].removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))), photo())


def test_a_token_source_is_asked_for_each_bearer(loopback):
    loopback.replies = [(200, completion([]))] * 2
    tokens = iter(["first", "second"])
    with openai.OpenAI(
        base_url=f"{loopback.url}/openai/v1/", api_key=lambda: next(tokens)
    ) as client:
        detector = GptVision(client, "eyes", Credential(key="secret-key"))
        detector.detect(photo(), ["a chip"])
        detector.detect(photo(), ["a chip"])
    bearers = [request.headers["Authorization"] for request in loopback.requests]
    assert bearers == ["Bearer first", "Bearer second"]


def test_a_refusal_fails_its_image_with_the_models_words(service, loopback):
    loopback.replies = [(200, completion([], refusal="I cannot look at this"))]
    (result,) = service.annotate([photo()], [["a chip"]])
    assert result.reason == "gpt-vision: the model refused: I cannot look at this"


def test_an_answer_cut_short_fails_its_image(service, loopback):
    loopback.replies = [(200, completion([], finish_reason="length"))]
    (result,) = service.annotate([photo()], [["a chip"]])
    assert result.reason == "gpt-vision: the answer ended early (length)"


def test_a_rejected_photo_fails_alone(service, loopback):
    error = {"error": {"message": "content_filter", "code": "content_filter"}}
    loopback.replies = [(400, error), (200, completion([region("a chip", 0, 0, 100, 100)]))]
    first, second = service.annotate([photo()] * 2, [["a chip"]] * 2)
    assert "answered 400" in first.reason
    assert len(second) == 1


def test_an_unknown_deployment_ends_the_run_with_the_way_out(service, loopback):
    loopback.replies = [(404, {"error": {"message": "no such deployment"}})]
    with pytest.raises(
        GroundingUnavailable, match=r"check grounding\.endpoint, grounding\.deployment"
    ):
        service.annotate([photo()], [["a chip"]])


def test_a_redirect_ends_the_run_and_nothing_is_sent_on(service, loopback):
    loopback.replies = [(307, {})]
    loopback.reply_headers = {"Location": f"{loopback.other_url}/elsewhere"}
    with pytest.raises(
        GroundingUnavailable, match=r"redirects to http://localhost.*set grounding\.e"
    ):
        service.annotate([photo()], [["a chip"]])
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("endpoint", [None, "name.openai.azure.com", "http://example.com"])
def test_an_endpoint_that_is_missing_or_unencrypted_is_refused(endpoint):
    settings = GroundingSettings(endpoint=endpoint, deployment="eyes")
    with pytest.raises(GroundingUnavailable, match=r"^gpt-vision: grounding\.endpoint is "):
        load_annotator("gpt-vision", settings)


def test_an_entra_id_without_tokens_ends_the_run_with_the_way_out(loopback, monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    settings = GroundingSettings(endpoint=loopback.url, deployment="eyes")
    annotator = load_annotator("gpt-vision", settings)
    with pytest.raises(GroundingUnavailable, match=r"AZURE_OPENAI_API_KEY is not.*run az login"):
        annotator.annotate([photo()], [["a chip"]])
    assert loopback.requests == []


def test_corners_are_clamped_and_sorted():
    content = json.dumps({"regions": [region("a", 1200, 900, -5, 100)]})
    assert reported_boxes(content, ["a"], (100, 200)) == [((0, 10, 200, 90), 0.5, "a")]


def test_regions_of_other_phrases_are_dropped():
    content = json.dumps({"regions": [region("b", 0, 0, 500, 500)]})
    assert reported_boxes(content, ["a"], (100, 200)) == []


@pytest.mark.parametrize(
    "reply",
    [b"<html>", b"[" * 100_000, [], {"choices": []}, {"choices": None}, {"choices": [{}]},
     {"choices": [{"message": "text"}]}, {"choices": [{"message": {"content": [1]}}]}],
)  # fmt: skip
def test_a_completion_of_another_shape_fails_its_image_alone(service, loopback, reply):
    loopback.replies = [(200, reply), (200, completion([region("a chip", 0, 0, 500, 500)]))]
    broken, whole = service.annotate([photo()] * 2, [["a chip"]] * 2)
    assert broken.reason.startswith("gpt-vision: the answer is not what was asked for (")
    assert len(whole) == 1


@pytest.mark.parametrize("odd", ["x0", "7", None, [], float("inf"), 1e9, True])
def test_a_corner_that_is_no_number_is_named(service, loopback, odd):
    loopback.replies = [(200, completion([region("a chip", odd, 0, 500, 500)]))]
    [failure] = service.annotate([photo()], [["a chip"]])
    assert "(regions.0.x0: " in failure.reason


@pytest.mark.parametrize("content", ["", "[]", '{"regions": [{}]}', '{"regions": [7]}'])
def test_an_answer_of_another_shape_is_a_failure_of_the_image(content):
    with pytest.raises(ImageFailure, match="not what was asked"):
        reported_boxes(content, ["a"], (100, 200))


def test_the_schema_allows_only_the_callers_phrases():
    schema = answer_schema(["a chip"])
    item = schema["properties"]["regions"]["items"]
    assert item["properties"]["phrase"]["enum"] == ["a chip"]
    assert item["required"] == ["phrase", "x0", "y0", "x1", "y1"]
    assert item["additionalProperties"] is False


def test_a_missing_deployment_is_named(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "secret-key")
    with pytest.raises(GroundingUnavailable, match=r"set grounding\.deployment"):
        annotator_version(GroundingSettings(annotator="gpt-vision", endpoint="https://x"))
