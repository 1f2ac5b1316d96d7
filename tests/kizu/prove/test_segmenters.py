import sys

import numpy as np
import pytest
from real_parts import pictures, surface, with_spot

from kizu.prove import feature_model, unet
from kizu.prove.one_class import NoOneClassModelError, NormalPixels, load_one_class
from kizu.prove.pictures import reduced
from kizu.prove.segmenters import SEGMENTERS, UnknownSegmenterError, load_segmenter


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    monkeypatch.setattr(unet, "BATCHES", 30)
    monkeypatch.setattr(unet, "CROPS", 4)


def taught(model, seed=0):
    rng = np.random.default_rng(0)
    made = pictures({"spot": with_spot}, 8)
    return model.fit([model.sample(*reduced(*each.read()), rng) for each in made], seed)


@pytest.mark.parametrize("name", SEGMENTERS)
def test_a_segmenter_finds_what_it_was_taught(name):
    model = load_segmenter(name)
    image, mask = reduced(*with_spot(surface(99), np.random.default_rng(3)))
    scores = taught(model)(model.prepare(image))
    assert scores.shape == mask.shape
    assert scores[mask].mean() > np.percentile(scores[~mask], 95)


@pytest.mark.parametrize("name", SEGMENTERS)
def test_equal_seeds_give_equal_scores(name, monkeypatch):
    monkeypatch.setattr(unet, "BATCHES", 3)
    monkeypatch.setattr(feature_model, "_STEPS", 30)
    model = load_segmenter(name)
    prepared = model.prepare(reduced(surface(99), np.zeros((96, 96), bool))[0])
    first, second, other = (taught(model, seed)(prepared) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_what_is_far_from_the_normal_is_found_without_a_defect():
    model = NormalPixels()
    normals = [reduced(*each.read())[0] for each in pictures({}, 8)]
    image, mask = reduced(*with_spot(surface(99), np.random.default_rng(3)))
    scores = model.fit(normals)(model.prepare(image))
    assert scores[mask].mean() > np.percentile(scores[~mask], 95)


def test_a_segmenter_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(UnknownSegmenterError, match="features, unet"):
        load_segmenter("resnet")


def test_a_one_class_model_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(NoOneClassModelError, match="features, padim"):
        load_one_class("glass")


def test_padim_without_anomalib_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "anomalib", None)
    with pytest.raises(NoOneClassModelError, match="pip install anomalib"):
        load_one_class("padim")
