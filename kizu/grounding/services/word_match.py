"""How much of a phrase another text says."""

import re

WORD = re.compile(r"[^\W_]+")
FILLERS = frozenset(
    {"a", "an", "the", "of", "on", "in", "at", "with", "and", "or", "some", "its", "is", "to"}
)
LEAST_STEM = 4


def phrase_coverage(phrase: str, text: str) -> float:
    """Return the share of the phrase's words that the text has, in any form of the word.

    Two words match when the shorter one, of four letters or more, begins the longer one, so that
    `scratch` is found in `scratched`; shorter words must be equal.

    >>> phrase_coverage("a deep scratch", "a scratched metal plate")
    0.5
    """
    wanted = content_words(phrase)
    said = content_words(text)
    if not wanted:
        return 0.0
    return sum(any(_same(word, other) for other in said) for word in wanted) / len(wanted)


def content_words(text: str) -> list[str]:
    """Return the text's distinct words without fillers, in lower case and order.

    >>> content_words("A chip on the edge")
    ['chip', 'edge']
    """
    words = dict.fromkeys(word.lower() for word in WORD.findall(text))
    return [word for word in words if word not in FILLERS]


def _same(left: str, right: str) -> bool:
    shorter, longer = sorted((left, right), key=len)
    return left == right or (len(shorter) >= LEAST_STEM and longer.startswith(shorter))
