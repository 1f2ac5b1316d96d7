import numpy as np
import torch

from benchmarks.demo_weights.assignment import assign, generalized_iou, pairwise_iou
from benchmarks.demo_weights.batches import augmented
from benchmarks.demo_weights.card import PHRASES, Truth, average_precision
from benchmarks.demo_weights.scenes import Scenes, scene
from kizu.grounding.detections import from_rows
from kizu.imaging.boxes import box_of

TRUTH = torch.tensor([[0.1, 0.1, 0.3, 0.3]])
NEAR = [0.1, 0.1, 0.3, 0.32]
FAR = [0.6, 0.6, 0.8, 0.8]


def test_the_place_that_fits_best_is_asked_for_the_highest_score():
    boxes = torch.tensor([FAR, NEAR, [0.1, 0.1, 0.3, 0.4]])

    answer = assign(torch.full((3, 1), 0.5), boxes, TRUTH, torch.ones(3, 1, dtype=torch.bool), 2)

    assert answer.target[0] == 0
    assert answer.target[1] > answer.target[2] > 0
    assert torch.isclose(answer.target[1], pairwise_iou(boxes[1:2], TRUTH)[0, 0])


def test_a_place_that_may_not_answer_is_asked_for_nothing():
    allowed = torch.zeros(1, 1, dtype=torch.bool)

    answer = assign(torch.ones(1, 1), torch.tensor([NEAR]), TRUTH, allowed, 2)

    assert answer.target.tolist() == [0]


def test_generalized_iou_is_one_for_equal_boxes_and_negative_for_distant_ones():
    equal, distant = generalized_iou(
        torch.tensor([NEAR, FAR]), torch.tensor([NEAR, TRUTH[0].tolist()])
    )

    assert equal == 1
    assert distant < 0


def test_a_scene_is_the_same_for_the_same_seed():
    first, again = scene(3, held_out=True), scene(3, held_out=True)

    assert all((left == right).all() for left, right in zip(first, again, strict=True))


def test_the_boxes_of_a_view_contain_their_defects_just():
    image, instance, word = scene(4, held_out=False)
    pool = Scenes(image[None], instance[None], word[None])

    view = augmented(pool, 0, 200, np.random.default_rng(1))

    assert len(view.boxes)
    for box, number in zip(view.boxes, view.number, strict=True):
        assert np.abs(box - np.array(box_of(view.instance == number))).max() <= 2


def test_average_precision_counts_a_false_box_before_the_right_one():
    boxes = np.array([[10, 10, 30, 30]], np.float32)
    truth = Truth(boxes, np.zeros(1, np.int8), np.zeros((1, 1, 1), bool))
    found = from_rows([((60, 60, 80, 80), 0.9, PHRASES[0]), ((10, 10, 30, 31), 0.5, PHRASES[0])])

    assert average_precision([found], [truth], word=0) == 0.5
    assert average_precision([found], [truth], word=1) == 0.0
