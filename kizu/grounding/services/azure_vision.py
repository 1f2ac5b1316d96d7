"""Azure AI Vision Image Analysis 4.0: dense captions and objects, matched to the phrases.

The service takes no text: it names what it sees, and we keep what says the phrase's words. It
retires on 2028-09-25; calls fail after that day.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx2
from pydantic import Field

from kizu.azure_signin import (
    AZURE_SCOPE,
    Credential,
    SignInError,
    http_client,
    key_or_entra,
    redirect_of,
)
from kizu.grounding.detections import Detections, from_rows
from kizu.grounding.errors import GroundingUnavailable, ImageFailure
from kizu.grounding.replies import (
    MOST_REGIONS,
    Confidence,
    Pixels,
    Reply,
    SidePixels,
    Text,
    read_reply,
)
from kizu.grounding.services.encode import encoded, shrink
from kizu.grounding.services.endpoints import ENDPOINT_SETTING, service_endpoint
from kizu.grounding.services.word_match import phrase_coverage
from kizu.grounding.settings import GroundingSettings
from kizu.imaging.arrays import RgbImage
from kizu.pauses import asked_pause_s

NAME = "azure-vision"
API_VERSION = "2023-10-01"
KEY_VARIABLE = "AZURE_VISION_KEY"
EXAMPLE = "https://NAME.cognitiveservices.azure.com"
BOX_THRESHOLD = 0.25
MAX_BYTES = 20_000_000
SIDE_RANGE_PX = (50, 16_000)
TIMEOUT_S = 60.0
ATTEMPTS = 4
LONGEST_WAIT_S = 30.0
MOST_SHOWN = 200  # characters of the service's words
Row = tuple[tuple[float, float, float, float], float, str]


class Box(Reply):
    """A box; its left upper corner, width and height in pixels."""

    x: Pixels
    y: Pixels
    w: SidePixels
    h: SidePixels


class Caption(Reply):
    """A region in a sentence."""

    text: Text
    confidence: Confidence
    box: Box = Field(alias="boundingBox")


class Tag(Reply):
    """What an object is."""

    name: Text
    confidence: Confidence


class FoundObject(Reply):
    """A region with what it is."""

    box: Box = Field(alias="boundingBox")
    tags: list[Tag] = Field(max_length=MOST_REGIONS)


class Captions(Reply):
    """All captions of an image."""

    values: list[Caption] = Field(max_length=MOST_REGIONS)


class Objects(Reply):
    """All objects of an image."""

    values: list[FoundObject] = Field(max_length=MOST_REGIONS)


class Analysis(Reply):
    """What the service says of an image."""

    captions: Captions | None = Field(None, alias="denseCaptionsResult")
    objects: Objects | None = Field(None, alias="objectsResult")


@dataclass(frozen=True, eq=False)
class AzureVision:
    """A detector of what the service happens to name."""

    client: httpx2.Client
    endpoint: str
    credential: Credential
    settings: GroundingSettings

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the service's regions that say a phrase's words; see `Detector.detect`."""
        if min(image.shape[:2]) < SIDE_RANGE_PX[0]:
            raise ImageFailure(
                f"{NAME}: the image is {image.shape[1]}x{image.shape[0]} px; the service needs at "
                f"least {SIDE_RANGE_PX[0]} px a side"
            )
        small = shrink(image, SIDE_RANGE_PX[1])
        scale = image.shape[1] / small.shape[1]
        body, _ = encoded(small, MAX_BYTES)
        rows = matching_regions(read_reply(Analysis, self._analyze(body), NAME), phrases)
        scaled = [([side * scale for side in xyxy], score, name) for xyxy, score, name in rows]
        return from_rows(
            [row for row in scaled if row[1] >= self.settings.threshold_of(row[2], BOX_THRESHOLD)]
        )

    def _analyze(self, body: bytes) -> bytes:
        for attempt in range(ATTEMPTS):
            response = self._post(body)
            if not _is_transient(response) or attempt == ATTEMPTS - 1:
                break
            time.sleep(_wait_s(response, attempt))
        return _checked(response, self.credential)

    def _post(self, body: bytes) -> httpx2.Response:
        parameters = {"api-version": API_VERSION, "features": "denseCaptions,objects"}
        try:
            return self.client.post(
                f"{self.endpoint}/computervision/imageanalysis:analyze",
                params=parameters,
                headers={"Content-Type": "application/octet-stream"} | self._auth_headers(),
                content=body,
            )
        except SignInError as problem:
            raise GroundingUnavailable(f"{NAME}: {problem}") from problem
        except httpx2.HTTPError as error:
            raise GroundingUnavailable(
                f"{NAME}: {self.endpoint!r} does not answer ({type(error).__name__}); check "
                "grounding.endpoint and the network"
            ) from error

    def _auth_headers(self) -> dict[str, str]:
        if self.credential.token is not None:
            return {"Authorization": f"Bearer {self.credential.token()}"}
        return {"Ocp-Apim-Subscription-Key": self.credential.key}


def matching_regions(reply: Analysis, phrases: Sequence[str]) -> list[Row]:
    """Return `(xyxy px, confidence, phrase)` of the regions that say a phrase's words.

    The confidence is the service's own, times the share of the phrase's words that it said.

    Args:
        reply: What the service answered.
        phrases: What to look for; each region goes to the phrase it says most of.
    """
    rows: list[Row] = []
    for box, text, confidence in _regions(reply):
        coverage, phrase = max((phrase_coverage(p, text), p) for p in phrases)
        if coverage > 0:
            xyxy = (box.x, box.y, box.x + box.w, box.y + box.h)
            rows.append((xyxy, confidence * coverage, phrase))
    return rows


def identity(weights: str | None, settings: GroundingSettings) -> str:
    """Return the service's API version."""
    del weights, settings
    return f"{NAME} {API_VERSION}"


def load(weights: str | None, settings: GroundingSettings) -> AzureVision:
    """Return the detector; nothing is sent yet.

    Raises:
        GroundingUnavailable: If the credentials are missing, or the endpoint is missing or not one
            that they may be sent to.
    """
    del weights
    try:
        endpoint = service_endpoint(settings, EXAMPLE)
        credential = key_or_entra(KEY_VARIABLE, AZURE_SCOPE)
    except SignInError as problem:
        raise GroundingUnavailable(f"{NAME}: {problem}") from problem
    return AzureVision(http_client(endpoint, TIMEOUT_S), endpoint, credential, settings)


def _regions(reply: Analysis) -> Iterator[tuple[Box, str, float]]:
    for caption in reply.captions.values if reply.captions else ():
        yield caption.box, caption.text, caption.confidence
    for found in reply.objects.values if reply.objects else ():
        for tag in found.tags:
            yield found.box, tag.name, tag.confidence


def _is_transient(response: httpx2.Response) -> bool:
    return response.status_code == httpx2.codes.TOO_MANY_REQUESTS or response.is_server_error


def _wait_s(response: httpx2.Response, attempt: int) -> float:
    asked_s = asked_pause_s(response.headers, response.text[:MOST_SHOWN])
    return min(asked_s or 2.0**attempt, LONGEST_WAIT_S)


def _checked(response: httpx2.Response, credential: Credential) -> bytes:
    if response.is_success:
        return response.content
    if elsewhere := redirect_of(response, ENDPOINT_SETTING):
        raise GroundingUnavailable(f"{NAME}: {elsewhere}")
    said = credential.scrub(response.text[:MOST_SHOWN]).strip()
    if response.status_code in {401, 403, 404}:
        raise GroundingUnavailable(
            f"{NAME}: the service refused us ({response.status_code}: {said}); check "
            f"grounding.endpoint and {KEY_VARIABLE}"
        )
    raise ImageFailure(f"{NAME}: the service answered {response.status_code}: {said}")
