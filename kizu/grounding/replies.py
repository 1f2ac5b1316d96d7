"""What services and worker processes may answer, as types; one sentence for everything else."""

from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kizu.grounding.errors import ImageFailure

MOST_REGIONS: Final = 1000
"""Regions of one answer; the services describe some tens of an image at most."""

FARTHEST_PX: Final = 1e6
"""Farthest from an image's origin that a corner may be; no service takes images so large."""

_LONGEST_TEXT: Final = 10_000  # letters of one caption; each is compared with every phrase


class Reply(BaseModel):
    """Base of replies: exact types, finite numbers; what is not read may be anything."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


Pixels = Annotated[float, Field(ge=-FARTHEST_PX, le=FARTHEST_PX)]
SidePixels = Annotated[float, Field(ge=0, le=FARTHEST_PX)]
Side = Annotated[float, Field(allow_inf_nan=True)]
"""A number as a model computed it; what is not finite is left out later."""
Confidence = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(max_length=_LONGEST_TEXT)]

R = TypeVar("R", bound=Reply)


def read_reply(kind: type[R], data: bytes | str, service: str) -> R:
    """Return a reply that is what was asked for.

    Args:
        kind: Its type.
        data: JSON, as it was received.
        service: Who answered; named in the error.

    Raises:
        ImageFailure: It is something else; the sentence says where.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise ImageFailure(f"{service}: {_unexpected(error.errors()[0])}") from error


def _unexpected(problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    place = ".".join(str(part) for part in problem["loc"])
    said = str(problem["msg"]).removeprefix("Value error, ")
    return (
        f"the answer is not what was asked for ({place + ': ' if place else ''}{said}); check that "
        "the service is the one the annotator is for, and build again"
    )
