import cv2
import numpy as np

from kizu.diff.filters import gaussian
from kizu.diff.segment.outline import close, fill_holes, refine
from kizu.imaging.masks import mask_iou


def blurred(mask, strength=30.0):
    residual = np.repeat(mask[..., None].astype(np.float32) * strength, 3, 2)
    return gaussian(residual, 1.2)


def refined(mask, residual):
    grey = np.full(residual.shape, (50, 0, 0), np.float32)
    return refine(mask, residual, grey)


def disc_mask(radius=20, side=120):
    return cv2.circle(np.zeros((side, side), np.uint8), (60, 60), radius, 1, -1) > 0


def test_a_mask_grown_too_wide_returns_to_the_edge():
    truth = disc_mask()
    assert mask_iou(refined(disc_mask(24), blurred(truth)), truth) > 0.93


def test_a_line_keeps_its_width():
    truth = np.zeros((80, 160), np.uint8)
    cv2.line(truth, (20, 40), (140, 44), 1, 3)
    wide = cv2.dilate(truth, np.ones((5, 5), np.uint8)) > 0
    assert mask_iou(refined(wide, blurred(truth > 0)), truth > 0) > 0.6


def test_loops_of_lines_stay_open():
    ring = cv2.circle(np.zeros((120, 120), np.uint8), (60, 60), 30, 1, 2) > 0
    assert not refined(ring, blurred(ring))[60, 60]


def test_small_holes_are_filled_and_large_ones_are_not():
    part = disc_mask()
    part[60, 60] = False
    assert fill_holes(part, 5.0)[60, 60]
    part[50:70, 50:70] = False
    assert not fill_holes(part, 2.0)[60, 60]


def test_closing_joins_pieces_nearer_than_they_are_thick():
    part = np.zeros((60, 120), bool)
    part[20:40, 20:50] = part[20:40, 58:90] = True
    assert close(part, 8.0)[30, 54]


def test_a_weak_rim_beside_a_sharp_edge_belongs_to_the_region():
    rim = disc_mask(25)
    residual = blurred(disc_mask(), 60.0) + blurred(rim, 9.0)
    assert mask_iou(refined(rim, residual), rim) > 0.93


def test_a_rim_too_weak_to_be_seen_is_left_out():
    residual = blurred(disc_mask(), 60.0) + blurred(disc_mask(25), 1.0)
    assert mask_iou(refined(disc_mask(25), residual), disc_mask()) > 0.88


def test_a_soft_edge_is_cut_near_half_of_its_level():
    residual = gaussian(blurred(disc_mask(24), 60.0), 6.0)
    assert mask_iou(refined(disc_mask(38), residual), disc_mask(24)) > 0.8


def test_the_slopes_of_a_dent_belong_to_it():
    rows, columns = np.mgrid[:120, :120] - 60.0
    depth = 40 * np.exp(-(rows**2 + columns**2) / 16**2)
    light = np.where(columns < 0, -depth, depth).astype(np.float32)
    residual = np.dstack([light, 0 * light, 0 * light])
    assert mask_iou(refined(depth > 12, residual), depth > 8) > 0.93


def test_the_faint_end_of_a_line_is_followed():
    line = np.zeros((60, 160), np.uint8)
    cv2.line(line, (20, 30), (140, 30), 1, 3)
    fading = line * np.linspace(40.0, 8.0, 160, dtype=np.float32)
    residual = gaussian(np.repeat(fading[..., None], 3, 2), 0.8)
    found = refined((line > 0) & (np.arange(160) < 136), residual)
    assert found[30, 140]


def test_a_stain_over_dark_and_light_ground_ends_where_it_covers_half():
    surface = np.full((120, 120, 3), (70, 0, 0), np.float32)
    surface[:, 60:, 0] = 12
    coverage = gaussian(disc_mask(28).astype(np.float32), 5.0)
    residual = -0.4 * coverage[..., None] * surface
    assert mask_iou(refine(disc_mask(40), residual, surface), coverage > 0.5) > 0.93


def test_a_line_does_not_grow_into_busy_ground_beside_it():
    line = np.zeros((80, 200), np.uint8)
    cv2.line(line, (20, 40), (180, 40), 1, 3)
    activity = np.random.default_rng(0).normal(0, 5, (80, 200, 3)).astype(np.float32)
    activity[:, :120] = 0
    residual = gaussian(activity, 0.8) + gaussian(np.float32(30) * np.dstack([line] * 3), 0.8)
    assert not refined(line > 0, residual)[:30].any()


def test_a_gap_where_a_line_is_faint_is_closed():
    line = np.zeros((60, 160), np.float32)
    cv2.line(line, (20, 30), (140, 30), 1.0, 3)
    line[:, 78:82] *= 0.2
    found = refined(line > 0.5, gaussian(np.dstack([40 * line] * 3), 0.8))
    assert found[30, 70:90].all()


def marks():
    """Three lines of six marks of 8 x 6 px, 5 px apart, and the sign of every other one."""
    part, sign = np.zeros((80, 120), bool), np.ones((80, 120), np.float32)
    for row, column in np.ndindex(3, 6):
        here = np.s_[24 + 11 * row : 30 + 11 * row, 20 + 13 * column : 28 + 13 * column]
        part[here], sign[here] = True, (-1) ** (row + column)
    return part, sign


def test_marks_of_one_colour_stay_apart():
    print_, _ = marks()
    assert mask_iou(refined(print_, blurred(print_, 8.0)), print_) > 0.7


def test_where_light_and_dark_interleave_the_gaps_belong_to_the_change():
    dent, sign = marks()
    found = refined(dent, blurred(dent * sign, 8.0))
    assert found[24:52, 20:93].mean() > 0.95
