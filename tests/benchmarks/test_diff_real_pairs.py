"""Real pairs are judged on the photo's own grid, whatever size the model returned."""

import cv2
import numpy as np
import pytest

from kizu.imaging.codecs import encode_mask, encode_png


@pytest.fixture(scope="module")
def real_pairs(diff_benchmark):  # noqa: ARG001 - puts the module on the path
    import real_pairs

    return real_pairs


@pytest.fixture
def folder(tmp_path, make_photo):
    """A square photo of which a model saw the middle, twice as large, and blackened a part."""
    photo = make_photo(1, side_px=240)
    answer = cv2.resize(photo[60:180], (480, 240), interpolation=cv2.INTER_CUBIC)
    answer[80:160, 200:280] = 0
    unchanged = np.zeros((240, 480), bool)
    unchanged[:, :150] = True
    pair = tmp_path / "pairs" / "square"
    pair.mkdir(parents=True)
    (pair / "before.png").write_bytes(encode_png(photo))
    (pair / "after.png").write_bytes(encode_png(answer))
    (pair / "unchanged_mask.png").write_bytes(encode_mask(unchanged))
    return pair.parent


def test_crop_and_scale_are_undone(real_pairs, folder):
    pair = real_pairs.load_pair(folder / "square")
    assert pair.window == (0, 60, 240, 120)
    assert pair.edited.shape == pair.normal.shape == (240, 240, 3)
    assert pair.edited[120, 120].max() == 0
    assert np.array_equal(pair.edited[:60], pair.normal[:60])
    assert pair.unchanged[61:179, :70].all()
    assert not pair.unchanged[:60].any()
    assert pair.truth is None


def test_the_table_has_a_dash_where_nobody_drew_a_truth(
    real_pairs, folder, tmp_path, capsys, monkeypatch
):
    overlays = tmp_path / "overlays"
    monkeypatch.setattr("sys.argv", ["real_pairs.py", str(folder), "--overlays", str(overlays)])
    real_pairs.main()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("| square | changed | - | - | 0.00 % |")
    assert (overlays / "square.png").exists()


def test_the_truth_is_judged_where_there_is_one(real_pairs, folder, tmp_path, monkeypatch):
    truth = np.zeros((240, 480), bool)
    truth[80:160, 200:280] = True
    (tmp_path / "square.png").write_bytes(encode_mask(truth))
    monkeypatch.setattr(real_pairs, "TRUTH", tmp_path)
    pair = real_pairs.load_pair(folder / "square")
    result = real_pairs.diff_window(pair.normal, pair.edited, pair.window)
    iou = float(real_pairs.row(pair, result, 0.0).split("|")[3])
    assert iou > 0.8
