import cv2
import numpy as np

from kizu.diff.segment.small_components import drop_specks, peak_of, with_faint_pieces


def disc_mask(radius=20, side=120):
    return cv2.circle(np.zeros((side, side), np.uint8), (60, 60), radius, 1, -1) > 0


def test_weak_specks_are_dropped_beside_a_strong_region():
    mask = disc_mask()
    mask[5:7, 5:7] = True
    evidence_ratio = np.where(disc_mask(), 10, 1.1).astype(np.float32)
    kept = drop_specks(mask, evidence_ratio, min_area_px=1)
    assert kept[60, 60]
    assert not kept[5, 5]


def test_a_small_piece_stays_by_the_strength_of_its_peak():
    mask, evidence_ratio = np.zeros((120, 120), bool), np.zeros((120, 120), np.float32)
    mask[60:63, 60:63] = True
    for peak, stays in ((1.1, False), (2.5, True)):
        evidence_ratio[mask] = 0.5
        evidence_ratio[60:62, 60:62] = peak
        assert drop_specks(mask, evidence_ratio, min_area_px=4).any() == stays
        assert not drop_specks(mask, evidence_ratio, min_area_px=10).any()


def test_a_faint_piece_is_kept_beside_a_change_that_is_not_much_stronger():
    certain, piece = disc_mask(10), np.zeros((120, 120), bool)
    piece[42:45, 30:70] = True
    evidence_ratio = np.where(certain, 2, np.where(piece, 0.8, 0)).astype(np.float32)
    assert np.array_equal(
        with_faint_pieces(certain, certain | piece, evidence_ratio), certain | piece
    )


def test_a_faint_piece_is_dropped_beside_a_much_stronger_change():
    certain, piece = disc_mask(10), np.zeros((120, 120), bool)
    piece[42:45, 30:70] = True
    evidence_ratio = np.where(certain, 9, np.where(piece, 0.8, 0)).astype(np.float32)
    assert np.array_equal(with_faint_pieces(certain, certain | piece, evidence_ratio), certain)


def test_a_faint_piece_far_from_anything_certain_is_dropped():
    certain, piece = disc_mask(10), np.zeros((120, 120), bool)
    piece[10:14, 20:60] = True
    evidence_ratio = np.where(certain, 2, np.where(piece, 0.8, 0)).astype(np.float32)
    assert np.array_equal(with_faint_pieces(certain, certain | piece, evidence_ratio), certain)


def test_a_single_pixel_is_no_peak():
    evidence_ratio = np.zeros((20, 20), np.float32)
    evidence_ratio[10, 10] = 6
    assert peak_of(evidence_ratio > 0, evidence_ratio) < 1.1
    evidence_ratio[:] = 6
    assert abs(peak_of(evidence_ratio > 0, evidence_ratio) - 6) < 1e-4
