"""An answer that comes as a stream of events: partial pictures while the edit is made, then it.

The stream is stored as it came. Its partial pictures are never edits.
"""

from typing import Any, Final

from kizu.edit.openai_images.said import events_in

_PARTIAL: Final = "partial"


def streaming_options(partial_images: int) -> dict[str, Any]:
    """Return the arguments of ``images.edit`` that ask for a stream; none for no partial picture.

    They go into the body and not to the client, which would take the stream apart.
    """
    if not partial_images:
        return {}
    return {"extra_body": {"stream": True, "partial_images": partial_images}}


def ended_early(content: bytes) -> bool:
    r"""Tell whether a body is a stream that ends before its edit, with nothing said of why.

    Example:
        >>> ended_early(b'data: {"type": "image_edit.partial_image", "b64_json": "iVBO"}\n\n')
        True
        >>> ended_early(b'data: {"type": "error", "message": "refused"}\n\n')
        False
    """
    events = [event for event in events_in(content) if isinstance(event, dict)]
    kinds = [str(event.get("type", "")) for event in events]
    return bool(kinds) and all(_PARTIAL in kind for kind in kinds)
