"""Scenes, defects and drifts of the difference benchmark."""

import numpy as np
import pytest

LONG_SIDE_PX = 192


@pytest.fixture(scope="module")
def pairs(diff_benchmark):  # noqa: ARG001 - puts the module on the path
    import pairs

    return pairs


@pytest.fixture(scope="module")
def defects(diff_benchmark):  # noqa: ARG001 - puts the module on the path
    import defects

    return defects


@pytest.fixture(scope="module")
def nuts_and_coins(pairs):
    return list(pairs.make_pairs(3, LONG_SIDE_PX, ["coins", "nuts"]))


def test_every_scene_has_the_asked_size_and_detail(pairs):
    for name in pairs.SCENES:
        scene = pairs.load_scene(name, LONG_SIDE_PX)
        assert scene.image.dtype == np.uint8
        assert scene.image.shape[2] == 3
        assert max(scene.image.shape) == LONG_SIDE_PX
        assert scene.image.std() > 3
        for mask in (*scene.parts, *scene.prints):
            assert mask.shape == scene.image.shape[:2]
            assert mask.any()


def test_no_scene_is_used_twice(pairs):
    assert len(pairs.SCENES) == len(set(pairs.SCENES))


def test_every_kind_of_defect_comes_up_about_equally_often(pairs):
    drawn = [kind for kinds in pairs.kinds_by_scene(3).values() for kind in kinds]
    counts = [drawn.count(kind) for kind in (*pairs.DefectKind, *pairs.OwnKind)]
    assert len(drawn) == pairs.DEFECTS_PER_SCENE * len(pairs.SCENES)
    assert min(counts) >= 3
    assert max(counts) - min(counts) <= 3


def test_the_same_defects_come_back_under_every_drift(pairs, nuts_and_coins):
    kinds = {
        drift: [(p.scene, p.kind) for p in nuts_and_coins if p.drift == drift]
        for drift in pairs.PRESERVING
    }
    assert len({tuple(found) for found in kinds.values()}) == 1
    assert len(kinds["none"]) == 2 * (pairs.DEFECTS_PER_SCENE + 1)


def test_without_drift_all_that_differs_visibly_is_truth(nuts_and_coins, defects):
    for pair in nuts_and_coins:
        if pair.drift == "none":
            nothing = np.zeros_like(pair.truth)
            assert not (
                defects.visible_change(pair.normal, pair.edited, nothing) & ~pair.truth
            ).any()


def test_pairs_without_a_kind_have_an_empty_truth_and_the_others_do_not(nuts_and_coins):
    for pair in nuts_and_coins:
        assert pair.truth.any() == (pair.kind is not None)
        assert pair.truth.mean() < 0.5


def test_equal_seeds_give_equal_pictures(pairs, defects):
    scene = pairs.load_scene("label", LONG_SIDE_PX)
    for kind in defects.kinds_for(scene):
        first, again = (defects.draw(scene, kind, 5) for _ in range(2))
        assert np.array_equal(first.image, again.image)
        assert np.array_equal(first.truth, again.truth)
        assert first.truth.any()


def test_a_moved_part_is_true_at_its_old_and_its_new_place(pairs, defects):
    scene = pairs.load_scene("nuts", LONG_SIDE_PX)
    truth = defects.draw(scene, defects.OwnKind.MISPLACED, 1).truth
    covered = max((part & truth).sum() / part.sum() for part in scene.parts)
    assert covered > 0.6
    assert truth.sum() > 1.1 * max(part.sum() for part in scene.parts)


def test_a_scene_without_parts_loses_none(pairs, defects):
    kinds = defects.kinds_for(pairs.load_scene("gravel", LONG_SIDE_PX))
    assert defects.OwnKind.REMOVED not in kinds
    assert defects.OwnKind.FIBRE in kinds


def test_the_truth_moves_with_a_warped_picture(pairs):
    import drifts

    truth = np.zeros((160, 200), bool)
    truth[60:100, 80:130] = True
    image = np.where(truth[..., None], np.uint8(230), np.uint8(40)).repeat(3, 2)
    moved = drifts.warped(pairs.Painting(image, truth), 3)
    bright = moved.image[..., 0] > 135
    assert (bright & moved.truth).sum() > 0.97 * (bright | moved.truth).sum()
    assert not np.array_equal(moved.truth, truth)


def test_what_is_called_another_picture_differs_visibly(diff_benchmark):  # noqa: ARG001 - puts the module on the path
    import redraws

    changes = {name: (normal, other) for name, normal, other in redraws.redraws_of("brick", 96)}
    assert set(changes) == {"another picture", *redraws.CHANGES} - {"hue turned by 120 degrees"}
    for normal, other in changes.values():
        assert other.shape == normal.shape
        assert other.dtype == np.uint8
        assert np.abs(other.astype(float) - normal).mean() > 7
