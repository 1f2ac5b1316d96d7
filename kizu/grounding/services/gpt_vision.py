"""A GPT vision model asked for boxes in strict JSON: good at names, coarse at places."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import openai

from kizu.azure_signin import (
    SignInError,
    checked_endpoint,
    http_client,
    key_or_entra,
    redirect_of,
)
from kizu.grounding.detections import Detections, from_rows
from kizu.grounding.errors import GroundingUnavailable, ImageFailure
from kizu.grounding.services.encode import encoded, shrink
from kizu.grounding.settings import GroundingSettings
from kizu.imaging.arrays import RgbImage

NAME = "gpt-vision"
SCOPE = "https://ai.azure.com/.default"
KEY_VARIABLE = "AZURE_OPENAI_API_KEY"
ENDPOINT_SETTING = "grounding.endpoint"
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


@dataclass(frozen=True, eq=False)
class GptVision:
    """A detector whose boxes are coarse and whose confidence is always 0.5."""

    client: openai.OpenAI
    deployment: str

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return the regions the model reports; see `Detector.detect`."""
        height, width = image.shape[:2]
        content = self._ask(request_messages(image, phrases), answer_schema(phrases))
        return from_rows(reported_boxes(content, phrases, (height, width)))

    def _ask(self, messages: list[Any], schema: dict[str, object]) -> str:
        try:
            completion = self.client.chat.completions.create(
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
            raise GroundingUnavailable(
                f"{NAME}: the service is out of reach ({type(error).__name__}: {error}); check "
                f"grounding.endpoint, grounding.deployment and {KEY_VARIABLE}"
            ) from error
        except openai.APIStatusError as error:
            if elsewhere := redirect_of(error.response, ENDPOINT_SETTING):
                raise GroundingUnavailable(f"{NAME}: {elsewhere}") from error
            raise ImageFailure(
                f"{NAME}: the service answered {error.status_code}: {error}"
            ) from error
        return _content(completion.choices[0])


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
    try:
        for region in json.loads(content)["regions"]:
            x0, y0, x1, y1 = (min(max(region[corner], 0), GRID) / GRID for corner in CORNERS)
            box = (
                min(x0, x1) * width,
                min(y0, y1) * height,
                max(x0, x1) * width,
                max(y0, y1) * height,
            )
            if region["phrase"] in phrases:
                rows.append((box, CONFIDENCE, region["phrase"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ImageFailure(f"{NAME}: the model's answer is not what was asked: {error}") from error
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
        endpoint = checked_endpoint(settings.endpoint or "", ENDPOINT_SETTING, EXAMPLE)
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
    return GptVision(client, settings.deployment or "")


def _content(choice: Any) -> str:  # noqa: ANN401 - the client's model of a choice
    if choice.message.refusal:
        raise ImageFailure(f"{NAME}: the model refused: {choice.message.refusal}")
    if choice.finish_reason != "stop" or not choice.message.content:
        raise ImageFailure(f"{NAME}: the answer ended early ({choice.finish_reason})")
    content: str = choice.message.content
    return content
