from collections.abc import Mapping

import numpy as np
from matching_pictures import clean_part, noisy, part, with_scratch

from kizu.imaging.geometry import Geometry
from kizu.matching import (
    ContentMatch,
    MatchReason,
    NormalIndex,
    describe_image,
    match_by_content,
)

SIZE = (240, 200)


def matched(
    normals: Mapping[str, np.ndarray], pictures: Mapping[str, np.ndarray]
) -> dict[str, ContentMatch]:
    features = {key: describe_image(image) for key, image in normals.items()}
    index = NormalIndex(features.items(), features.__getitem__)
    seen = {key: describe_image(image) for key, image in pictures.items()}
    return match_by_content(seen, index, pictures.__getitem__, normals.__getitem__)


def test_every_picture_finds_its_normal_whatever_was_done_to_it():
    normals = {f"n{seed}": part(seed) for seed in range(12)}
    edited = [with_scratch(normal) for normal in normals.values()]
    cropped = Geometry(SIZE, (30, 20, 190, 160), (190, 160), (0, 0), (190, 160))
    turned = Geometry(SIZE, (0, 0, *SIZE), (300, 210), (0, 0), (210, 300), 1)
    padded = Geometry(SIZE, (0, 0, *SIZE), SIZE, (40, 0), (320, 200))
    geometries = {"n3": cropped, "n5": turned, "n7": padded}
    pictures = {key: geometry.apply(edited[int(key[1:])]) for key, geometry in geometries.items()}
    found = matched(normals, pictures)
    for key, geometry in geometries.items():
        assert found[key].normal == key
        assert found[key].geometry == geometry
        assert found[key].reason is MatchReason.MATCHED
        assert found[key].rivals == ()


def test_a_picture_of_another_product_matches_nothing():
    normals = {f"n{seed}": part(seed) for seed in range(6)}
    found = matched(normals, {"foreign": with_scratch(part(99))})["foreign"]
    assert found.normal is None
    assert found.geometry is None
    assert found.reason is MatchReason.NO_MATCH


def test_among_shots_of_one_part_the_right_one_is_found():
    clean = clean_part(7, 320, 280)
    normals = {f"n{seed}": noisy(clean, seed) for seed in range(5)}
    found = matched(normals, {"picture": with_scratch(normals["n3"])})["picture"]
    assert found.normal == "n3"


def test_equal_normals_are_named_as_rivals():
    normals = {"first": part(1), "second": part(1), "other": part(2)}
    found = matched(normals, {"picture": with_scratch(part(1))})["picture"]
    assert found.normal is None
    assert found.reason is MatchReason.AMBIGUOUS
    assert sorted(found.rivals) == ["first", "second"]


def test_without_normals_nothing_matches():
    assert matched({}, {"picture": part(1)})["picture"].reason is MatchReason.NO_MATCH
    assert matched({"n": part(1)}, {}) == {}
