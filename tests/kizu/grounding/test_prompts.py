import numpy as np
import pytest

from kizu.grounding.prompts import normal_phrase, phrase_scores, prompt_chunks


def test_chunks_hold_every_phrase_once_and_stay_within_the_limit():
    phrases = [f"phrase {i}" for i in range(100)]
    chunks = list(prompt_chunks(phrases, [[500 + i] * 7 for i in range(100)]))
    assert [phrase for chunk in chunks for phrase in chunk.phrases] == phrases
    assert max(len(chunk.token_ids) for chunk in chunks) <= 256
    assert len(chunks) > 1


def test_spans_point_at_the_phrases_own_tokens():
    (chunk,) = prompt_chunks(["a", "b"], [[7, 8], [9]])
    assert chunk.token_ids == (101, 7, 8, 1012, 9, 1012, 102)
    assert [chunk.token_ids[start:stop] for start, stop in chunk.spans] == [(7, 8), (9,)]


def test_a_phrase_longer_than_a_prompt_is_cut_to_fit():
    (chunk,) = prompt_chunks(["a"], [range(1000, 2000)])
    assert len(chunk.token_ids) == 256


def test_no_phrases_make_no_prompt():
    assert list(prompt_chunks([], [])) == []


def test_full_stops_inside_a_phrase_do_not_split_it():
    assert normal_phrase("No. 3 seal?") == "no 3 seal"


def test_phrase_scores_ignore_tokens_of_other_phrases():
    token_scores = np.array([[0.9, 0.1, 0.3, 0.9, 0.8]], np.float32)
    best, mean = phrase_scores(token_scores, [(1, 3), (4, 5)])
    assert best.tolist() == [[pytest.approx(0.3), pytest.approx(0.8)]]
    assert mean.tolist() == [[pytest.approx(0.2), pytest.approx(0.8)]]
