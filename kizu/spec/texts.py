"""Texts a user writes: tidied, and refused where they cannot be used."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator

MOST_NAME_BYTES: Final = 120
"""Length of a name in UTF-8: file systems take 255, and file names hold more than this name."""

_FORBIDDEN_IN_NAMES: Final = frozenset('/\\:*?"<>|')
_RESERVED_NAMES: Final = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)
"""Names of devices on Windows, where no folder can have them."""

_FULL_STOP: Final = re.compile(r"[。\uff61]|\uff0e(?!\d)|\.(?=\s|$)")
"""A full stop, also those of Japanese; not the point of a number."""

_ABBREVIATED: Final = re.compile(
    r"\b(?:[^\W\d](?:\.[^\W\d])+|approx|ca|cf|diam?|dr|est|etc|excl|fig|in|incl|max|min|mr|no|nos"
    r"|nom|nr|pos|pt|ref|resp|sec|sq|st|temp|typ|vs)$",
    re.IGNORECASE,
)
"""Words whose point ends no phrase, as they stand before measures and names: "approx. 3 mm"."""

_ARTICLE: Final = re.compile(r"(a|an|the)\s", re.IGNORECASE)


def _tidy(text: str) -> str:
    tidy = _trim(text)
    if not tidy:
        raise ValueError("is empty; write at least one word")
    return tidy


def _trim(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _folder_name(text: str) -> str:
    name = _tidy(text)
    bad = sorted(_FORBIDDEN_IN_NAMES & set(name))
    if bad or name.startswith(".") or not name.isprintable():
        what = f"contains {' '.join(bad)}" if bad else "starts with a dot or cannot be printed"
        raise ValueError(f"{what}; it names a folder, use letters, digits, - and _")
    if name.endswith(".") or name.split(".")[0].strip().casefold() in _RESERVED_NAMES:
        what = "ends with a dot" if name.endswith(".") else "is the name of a device"
        raise ValueError(f"{what}, which no folder on Windows can be called; choose another name")
    if (length := len(name.encode())) > MOST_NAME_BYTES:
        raise ValueError(
            f"is {length} bytes long as UTF-8; it names files, use {MOST_NAME_BYTES} at most"
        )
    return name


def split_caption(text: str) -> list[str]:
    """Return the phrases of a caption as Grounding DINO takes it; a phrase alone stays as it is.

    Example:
        >>> split_caption("a scratch. a hole.")
        ['a scratch', 'a hole']
        >>> split_caption("傷。穴。")
        ['傷', '穴']
        >>> split_caption("a crack of approx. 3 mm.")
        ['a crack of approx. 3 mm.']
    """
    parts = list(_between_full_stops(text.strip()))
    phrases = [part for part in parts if part]
    is_caption = (
        not parts[-1]  # it ends with a full stop
        or re.search("[。\uff61]", text)
        or re.search(r"\s\.\s", text)
        or all(_ARTICLE.match(phrase) for phrase in phrases)
    )
    return phrases if len(phrases) > 1 and is_caption else [text]


def _between_full_stops(text: str) -> Iterator[str]:
    """Yield what stands before, between and after the full stops, which may be nothing."""
    start = 0
    for stop in _FULL_STOP.finditer(text):
        is_last = stop.end() == len(text)
        if is_last or stop[0] != "." or not _ABBREVIATED.search(text, start, stop.start()):
            yield text[start : stop.start()].strip()
            start = stop.end()
    yield text[start:].strip()


def caption_remarks(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence per caption among the phrases of a dataset's defects.

    Args:
        fields: The dataset as it was read.
    """
    defects = fields.get("defects")
    for row, defect in enumerate(defects if isinstance(defects, list | tuple) else [defects]):
        given = defect.get("phrases") if isinstance(defect, Mapping) else None
        for text in given if isinstance(given, list | tuple) else [given]:
            phrases = split_caption(text) if isinstance(text, str) else ()
            if len(phrases) > 1:
                told = ", ".join(map(repr, phrases))
                yield (
                    f"defects.{row}.phrases: {str(text)!r} is taken for the phrases {told}; write "
                    "them as a list to be rid of this remark"
                )


def _split_captions(given: Any) -> Any:  # noqa: ANN401 - unchecked input
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list | tuple):
        return given
    return [
        phrase
        for text in texts
        for phrase in (split_caption(text) if isinstance(text, str) else [text])
    ]


def name_after(source: str) -> str:
    """Return a dataset's name after a folder, pattern or URL.

    Example:
        >>> name_after("photos/line 2/*.jpg")
        'line-2'
    """
    parts = [part for part in re.split(r"[/\\]+", source) if part and not set(part) & set("*?[")]
    name = re.sub(r"[^\w.-]+", "-", parts[-1]).strip("-.") if parts else ""
    return name or "dataset"


Words = Annotated[str, AfterValidator(_tidy)]
WordsOrNone = Annotated[str, AfterValidator(_trim)]
"""Words that may be missing; empty then, because forms show that as one plain field."""
Phrases = Annotated[tuple[Words, ...], BeforeValidator(_split_captions)]
"""Phrases; a caption with several of them is as many phrases."""
FolderName = Annotated[str, AfterValidator(_folder_name)]
