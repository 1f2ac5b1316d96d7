import io
import json
import sys

import numpy as np
import pytest
from loopback import managed_identity
from PIL import Image

from kizu.azure_signin import Credential
from kizu.grounding import (
    AnnotationFailure,
    GroundingSettings,
    GroundingUnavailable,
    annotator_version,
    load_annotator,
)
from kizu.grounding.replies import read_reply
from kizu.grounding.services.azure_vision import NAME, Analysis, AzureVision, matching_regions

REPLY = {
    "modelVersion": "2023-10-01",
    "metadata": {"width": 200, "height": 100},
    "denseCaptionsResult": {
        "values": [
            {
                "text": "a scratched metal plate",
                "confidence": 0.9,
                "boundingBox": {"x": 0, "y": 0, "w": 200, "h": 100},
            },
            {
                "text": "a scratch on a metal surface",
                "confidence": 0.8,
                "boundingBox": {"x": 20, "y": 30, "w": 60, "h": 10},
            },
        ]
    },
    "objectsResult": {
        "values": [
            {
                "boundingBox": {"x": 150, "y": 5, "w": 10, "h": 20},
                "tags": [{"name": "chip", "confidence": 0.6}],
            }
        ]
    },
}


def analysis(reply):
    return read_reply(Analysis, json.dumps(reply), NAME)


def photo():
    return np.random.default_rng(0).integers(0, 255, (100, 200, 3), dtype=np.uint8)


@pytest.fixture
def service(loopback, monkeypatch):
    monkeypatch.setenv("AZURE_VISION_KEY", "secret-key")
    annotator = load_annotator("azure-vision", GroundingSettings(endpoint=loopback.url))
    yield annotator
    annotator.system.detector.client.close()


def test_regions_that_say_the_phrase_come_back_as_corner_boxes(service, loopback):
    loopback.replies = [(200, REPLY)]
    (result,) = service.annotate([photo()], [["a scratch", "a chip"]])
    assert result.xyxy.tolist() == [[20, 30, 80, 40], [150, 5, 160, 25]]
    assert result.phrase == ("a scratch", "a chip")
    assert result.confidence.tolist() == pytest.approx([0.8, 0.6])


def test_the_request_is_the_services_own_with_key_and_lossless_photo(service, loopback):
    loopback.replies = [(200, {})]
    service.annotate([photo()], [["a scratch"]])
    (request,) = loopback.requests
    assert request.path == (
        "/computervision/imageanalysis:analyze"
        "?api-version=2023-10-01&features=denseCaptions%2Cobjects"
    )
    assert request.headers["Ocp-Apim-Subscription-Key"] == "secret-key"
    assert request.headers["Content-Type"] == "application/octet-stream"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(request.body))), photo())


def test_an_entra_token_goes_as_bearer_instead_of_the_key(service, loopback):
    loopback.replies = [(200, REPLY)]
    detector = service.system.detector
    signed_in = AzureVision(
        detector.client, detector.endpoint, Credential(token=lambda: "t0ken"), GroundingSettings()
    )
    assert len(signed_in.detect(photo(), ["a chip"])) == 1
    (request,) = loopback.requests
    assert request.headers["Authorization"] == "Bearer t0ken"
    assert "Ocp-Apim-Subscription-Key" not in request.headers


def test_a_busy_service_is_asked_again(service, loopback):
    loopback.replies = [(429, {"error": "busy"}), (503, {}), (200, REPLY)]
    loopback.reply_headers = {"Retry-After": "0"}
    (result,) = service.annotate([photo()], [["a chip"]])
    assert len(result) == 1
    assert len(loopback.requests) == 3


def test_a_photo_the_service_rejects_fails_alone(service, loopback):
    loopback.replies = [(400, {"error": {"message": "InvalidImage"}}), (200, REPLY)]
    first, second = service.annotate([photo(), photo()], [["a chip"], ["a chip"]])
    assert isinstance(first, AnnotationFailure)
    assert "answered 400" in first.reason
    assert len(second) == 1


def test_a_refused_key_ends_the_run_with_the_way_out(service, loopback):
    loopback.replies = [(401, {"error": {"message": "Access denied"}})]
    with pytest.raises(
        GroundingUnavailable, match=r"401.*check grounding\.endpoint and AZURE_VISION"
    ):
        service.annotate([photo()], [["a chip"]])


def test_a_photo_below_the_services_least_size_fails_without_a_request(service, loopback):
    (result,) = service.annotate([np.zeros((40, 90, 3), np.uint8)], [["a chip"]])
    assert "90x40 px; the service needs at least 50 px" in result.reason
    assert loopback.requests == []


def test_confidence_falls_with_the_share_of_words_that_were_said():
    ((_, confidence, phrase), *_) = matching_regions(analysis(REPLY), ["a deep scratch"])
    assert confidence == pytest.approx(0.45)
    assert phrase == "a deep scratch"


@pytest.mark.parametrize("reply", [{}, {"denseCaptionsResult": None, "objectsResult": None}])
def test_a_reply_without_features_has_no_regions(reply):
    assert matching_regions(analysis(reply), ["a chip"]) == []


def test_missing_credentials_name_both_ways(monkeypatch):
    monkeypatch.delenv("AZURE_VISION_KEY", raising=False)
    monkeypatch.setitem(sys.modules, "azure.identity", None)  # as if it were not installed
    settings = GroundingSettings(endpoint="https://name.cognitiveservices.azure.com")
    with pytest.raises(GroundingUnavailable, match=r"AZURE_VISION_KEY is not set.*kizu.azure"):
        load_annotator("azure-vision", settings)


def test_without_a_key_entra_id_gives_the_tokens(loopback, monkeypatch):
    monkeypatch.delenv("AZURE_VISION_KEY", raising=False)
    loopback.replies = [(200, REPLY)]
    annotator = load_annotator("azure-vision", GroundingSettings(endpoint=loopback.url))
    with managed_identity(monkeypatch), annotator.system.detector.client:
        (result,) = annotator.annotate([photo()], [["a chip"]])
    assert len(result) == 1
    assert loopback.requests[0].headers["Authorization"] == "Bearer t0ken"


def test_an_entra_id_without_tokens_ends_the_run_with_the_way_out(loopback, monkeypatch):
    monkeypatch.delenv("AZURE_VISION_KEY", raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    annotator = load_annotator("azure-vision", GroundingSettings(endpoint=loopback.url))
    with pytest.raises(GroundingUnavailable, match=r"AZURE_VISION_KEY is not set.*run az login"):
        annotator.annotate([photo()], [["a chip"]])
    assert loopback.requests == []


@pytest.mark.parametrize("endpoint", [None, "name", "http://example.com"])
def test_an_endpoint_that_is_missing_or_unencrypted_is_refused(endpoint):
    with pytest.raises(GroundingUnavailable, match=r"^azure-vision: grounding\.endpoint is "):
        load_annotator("azure-vision", GroundingSettings(endpoint=endpoint))


def test_a_redirect_ends_the_run_and_nothing_is_sent_on(service, loopback):
    loopback.replies = [(307, {})]
    loopback.reply_headers = {"Location": f"{loopback.other_url}/elsewhere"}
    with pytest.raises(
        GroundingUnavailable, match=r"redirects to http://localhost.*set grounding\.e"
    ):
        service.annotate([photo()], [["a chip"]])
    assert len(loopback.requests) == 1


def test_the_version_names_the_api_and_no_secret(monkeypatch):
    monkeypatch.setenv("AZURE_VISION_KEY", "secret-key")
    version = annotator_version(GroundingSettings(annotator="azure-vision"))
    assert "azure-vision 2023-10-01" in version
    assert "secret" not in version


@pytest.mark.parametrize(
    "reply",
    [
        b"<html>Sign in</html>",
        b"[" * 100_000,
        [],
        {"denseCaptionsResult": []},
        {"objectsResult": {"values": None}},
        {"denseCaptionsResult": {"values": [None]}},
        {"denseCaptionsResult": {"values": [{"text": 3, "confidence": 1, "boundingBox": {}}]}},
        {"objectsResult": {"values": [{"boundingBox": [1, 2, 3, 4], "tags": []}]}},
        {
            "objectsResult": {
                "values": [{"boundingBox": {"x": 1, "y": 1, "w": -5, "h": 3}, "tags": []}]
            }
        },
        {
            "objectsResult": {
                "values": [{"boundingBox": {"x": "1", "y": 1, "w": 5, "h": 3}, "tags": []}]
            }
        },
        {"objectsResult": {"values": [REPLY["objectsResult"]["values"][0]] * 1001}},
    ],
)
def test_an_answer_of_another_shape_fails_its_image_alone_in_one_sentence(service, loopback, reply):
    loopback.replies = [(200, reply), (200, REPLY)]
    broken, whole = service.annotate([photo()] * 2, [["a chip"]] * 2)
    assert broken.reason.startswith("azure-vision: the answer is not what was asked for (")
    assert "\n" not in broken.reason
    assert len(whole) == 1


@pytest.mark.parametrize("confidence", [7, -1, "high", None, float("nan"), True])
def test_a_confidence_that_is_none_is_named(service, loopback, confidence):
    tag = {"name": "chip", "confidence": confidence}
    found = {"boundingBox": {"x": 1, "y": 1, "w": 5, "h": 5}, "tags": [tag]}
    loopback.replies = [(200, {"objectsResult": {"values": [found]}})]
    [failure] = service.annotate([photo()], [["a chip"]])
    assert "objectsResult.values.0.tags.0.confidence" in failure.reason


def test_boxes_outside_the_photo_are_cut_or_left_out(service, loopback):
    tags = [{"name": "chip", "confidence": 0.9}]
    boxes = [{"x": 190, "y": 90, "w": 500, "h": 500}, {"x": 900, "y": 900, "w": 5, "h": 5}]
    values = [{"boundingBox": box, "tags": tags} for box in boxes]
    loopback.replies = [(200, {"objectsResult": {"values": values}})]
    [found] = service.annotate([photo()], [["a chip"]])
    assert found.xyxy.tolist() == [[190, 90, 200, 100]]
