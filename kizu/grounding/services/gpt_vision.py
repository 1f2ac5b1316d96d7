"""A GPT vision model asked for boxes in strict JSON: good at names, coarse at places."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import openai
from pydantic import Field

from kizu.azure_signin import (
    Credential,
    SignInError,
    http_client,
    key_or_entra,
    redirect_of,
)
from kizu.grounding.detections import Detections, from_rows
from kizu.grounding.errors import GroundingUnavailable, ImageFailure
from kizu.grounding.replies import MOST_REGIONS, Pixels, Reply, read_reply
from kizu.grounding.services.encode import encoded, shrink
from kizu.grounding.services.endpoints import ENDPOINT_SETTING, service_endpoint
from kizu.grounding.settings import GroundingSettings
from kizu.imaging.arrays import RgbImage

NAME = "gpt-vision"
SCOPE = "https://ai.azure.com/.default"
KEY_VARIABLE = "AZURE_OPENAI_API_KEY"
EXAMPLE = "https://NAME.openai.azure.com"
CONFIDENCE = 0.5  # the model's own word for its certainty is no probability, so none is asked for
GRID = 1000
MAX_SIDE_PX = 2048
MAX_BYTES = 20_000_000
TIMEOUT_S = 120.0
MAX_RETRIES = 3
CORNERS = ("x0", "y0", "x1", "y1")
PROMPT_VERSION = 1
INSTRUCTIONS = (
    "You inspect product photos. Report every region of the photo that shows one of the listed "
    f"defects, and nothing else. Coordinates are integers from 0 to {GRID}: x grows from the left "
    "edge to the right, y from the top edge to the bottom; (x0, y0) is the region's upper left "
    "corner, (x1, y1) its lower right. Draw each box tightly. If no defect is visible, report none."
)


class Message(Reply):
    """What the model said, or that it will not."""

    content: str | None = None
    refusal: str | None = None


class Choice(Reply):
    """One answer, and why it ended."""

    message: Message
    finish_reason: str | None = None


class Completion(Reply):
    """A chat completion."""

    choices: list[Choice] = Field(min_length=1)


class Region(Reply):
    """A region as `answer_schema` asks for it; corners in thousandths of the photo's sides."""

    phrase: str
    x0: Pixels
    y0: Pixels
    x1: Pixels
    y1: Pixels

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """x0, y0, x1 and y1."""
        return self.x0, self.y0, self.x1, self.y1


class Answer(Reply):
    """All regions of a photo."""

    regions: list[Region] = Field(max_length=MOST_REGIONS)


@dataclass(frozen=True, eq=False)
class GptVision:
    """A detector whose boxes are coarse and whose confidence is always 0.5."""

    client: openai.OpenAI
    deployment: str
    credential: Credential

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the regions the model reports; see `Detector.detect`."""
        height, width = image.shape[:2]
        content = self._ask(request_messages(image, phrases), answer_schema(phrases))
        return from_rows(reported_boxes(content, phrases, (height, width)))

    def _ask(self, messages: list[Any], schema: dict[str, object]) -> str:
        try:
            answer = self.client.chat.completions.with_raw_response.create(
                model=self.deployment,
                messages=messages,
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "regions", "strict": True, "schema": schema},
                },
            )
        except SignInError as problem:
            raise GroundingUnavailable(f"{NAME}: {problem}") from problem
        except (
            openai.AuthenticationError,
            openai.PermissionDeniedError,
            openai.NotFoundError,
            openai.APIConnectionError,
        ) as error:
            said = self.credential.scrub(f"{type(error).__name__}: {error}")
            raise GroundingUnavailable(
                f"{NAME}: the service is out of reach ({said}); check "
                f"grounding.endpoint, grounding.deployment and {KEY_VARIABLE}"
            ) from error
        except openai.APIStatusError as error:
            if elsewhere := redirect_of(error.response, ENDPOINT_SETTING):
                raise GroundingUnavailable(f"{NAME}: {elsewhere}") from error
            said = self.credential.scrub(str(error))
            raise ImageFailure(
                f"{NAME}: the service answered {error.status_code}: {said}"
            ) from error
        return _content(read_reply(Completion, answer.content, NAME).choices[0])


def request_messages(image: RgbImage, phrases: Sequence[str]) -> list[Any]:
    """Return the chat messages: instructions, then the phrases and the photo."""
    file, media_type = encoded(shrink(image, MAX_SIDE_PX), MAX_BYTES)
    url = f"data:{media_type};base64,{base64.b64encode(file).decode()}"
    listed = "Defects: " + json.dumps(list(phrases), ensure_ascii=False)
    return [
        {"role": "system", "content": INSTRUCTIONS},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": listed},
                {"type": "image_url", "image_url": {"url": url, "detail": "high"}},
            ],
        },
    ]


def answer_schema(phrases: Sequence[str]) -> dict[str, object]:
    """Return the strict JSON schema: a list of regions, each of a listed phrase."""
    properties: dict[str, object] = {"phrase": {"type": "string", "enum": list(phrases)}}
    properties |= {corner: {"type": "integer"} for corner in CORNERS}
    region = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"regions": {"type": "array", "items": region}},
        "required": ["regions"],
        "additionalProperties": False,
    }


def reported_boxes(
    content: str, phrases: Sequence[str], shape: tuple[int, int]
) -> list[tuple[tuple[float, float, float, float], float, str]]:
    """Return `(xyxy px, confidence, phrase)` of an answer, corners clamped and sorted.

    Args:
        content: JSON after `answer_schema`.
        phrases: Regions of other phrases are dropped.
        shape: The image's (H, W) in pixels.

    Raises:
        ImageFailure: If the answer is not the JSON that was asked for.
    """
    height, width = shape
    rows = []
    for region in read_reply(Answer, content, NAME).regions:
        x0, y0, x1, y1 = (min(max(side, 0), GRID) / GRID for side in region.corners)
        box = (
            min(x0, x1) * width,
            min(y0, y1) * height,
            max(x0, x1) * width,
            max(y0, y1) * height,
        )
        if region.phrase in phrases:
            rows.append((box, CONFIDENCE, region.phrase))
    return rows


def identity(weights: str | None, settings: GroundingSettings) -> str:
    """Return the deployment and our prompt's version.

    Raises:
        GroundingUnavailable: If no deployment is named.
    """
    del weights
    if not settings.deployment:
        raise GroundingUnavailable(
            f"{NAME}: no deployment named; set grounding.deployment to that of your vision model"
        )
    return f"{NAME} {settings.deployment} prompt {PROMPT_VERSION}"


def load(weights: str | None, settings: GroundingSettings) -> GptVision:
    """Return the detector; nothing is sent yet.

    Raises:
        GroundingUnavailable: If deployment or credentials are missing, or the endpoint is missing
            or not one that they may be sent to.
    """
    identity(weights, settings)
    try:
        endpoint = service_endpoint(settings, EXAMPLE)
        credential = key_or_entra(KEY_VARIABLE, SCOPE)
    except SignInError as problem:
        raise GroundingUnavailable(f"{NAME}: {problem}") from problem
    client = openai.OpenAI(
        base_url=f"{endpoint}/openai/v1/",
        api_key=credential.token or credential.key,
        max_retries=MAX_RETRIES,
        timeout=TIMEOUT_S,
        http_client=http_client(endpoint, TIMEOUT_S),
    )
    return GptVision(client, settings.deployment or "", credential)


def _content(choice: Choice) -> str:
    if choice.message.refusal:
        raise ImageFailure(f"{NAME}: the model refused: {choice.message.refusal}")
    if choice.finish_reason != "stop" or not choice.message.content:
        raise ImageFailure(f"{NAME}: the answer ended early ({choice.finish_reason})")
    return choice.message.content
