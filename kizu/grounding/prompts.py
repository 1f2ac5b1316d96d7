"""Grounding prompts: phrases laid out in token rows that remember whose tokens are whose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLS_ID, SEP_ID, DOT_ID = 101, 102, 1012  # fixed in the models' own code (BERT's vocabulary)
MAX_TOKENS = 256


@dataclass(frozen=True)
class PromptChunk:
    """One prompt `[CLS] phrase . phrase . [SEP]`.

    Attributes:
        token_ids: The prompt's BERT token ids.
        phrases: The phrases in it, as the caller wrote them.
        spans: For each phrase the half-open range of its own tokens.
    """

    token_ids: tuple[int, ...]
    phrases: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def normal_phrase(phrase: str) -> str:
    """Return the phrase as these models were trained to read it.

    A full stop or question mark would end the phrase, so they become spaces.

    >>> normal_phrase(" Chipped edge. ")
    'chipped edge'
    """
    return " ".join(phrase.lower().replace(".", " ").replace("?", " ").split())


def prompt_chunks(
    phrases: Sequence[str], phrase_token_ids: Sequence[Sequence[int]], max_tokens: int = MAX_TOKENS
) -> Iterator[PromptChunk]:
    """Yield prompts of at most `max_tokens` tokens that together hold every phrase once.

    A phrase too long for a prompt of its own is cut.

    >>> [chunk.spans for chunk in prompt_chunks(["a", "b"], [[7, 8], [9]], 8)]
    [((1, 3), (4, 5))]
    >>> [chunk.phrases for chunk in prompt_chunks(["a", "b"], [[7, 8], [9]], 6)]
    [('a',), ('b',)]
    """
    room = max_tokens - 1  # [SEP] comes last
    row, names, spans = [CLS_ID], list[str](), list[tuple[int, int]]()
    for phrase, ids in zip(phrases, phrase_token_ids, strict=True):
        own = list(ids)[: room - 2]  # [CLS] and the full stop
        if names and len(row) + len(own) + 1 > room:
            yield PromptChunk((*row, SEP_ID), tuple(names), tuple(spans))
            row, names, spans = [CLS_ID], [], []
        spans.append((len(row), len(row) + len(own)))
        names.append(phrase)
        row += [*own, DOT_ID]
    if names:
        yield PromptChunk((*row, SEP_ID), tuple(names), tuple(spans))


def phrase_scores(
    token_scores: NDArray[np.float32], spans: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how well each box matches each phrase, from that phrase's own tokens alone.

    Args:
        token_scores: (Q, T), probability that query box q is what token t speaks of.
        spans: P half-open token ranges.

    Returns:
        Two (Q, P) arrays: the best token's score, and the mean over the phrase's tokens.
    """
    best = [token_scores[:, start:stop].max(axis=1) for start, stop in spans]
    mean = [token_scores[:, start:stop].mean(axis=1) for start, stop in spans]
    return np.stack(best, axis=1), np.stack(mean, axis=1)
