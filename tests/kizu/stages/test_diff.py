from kizu.diff.storage import open_composite, open_diff_mask
from kizu.edit.editor import Edit
from kizu.edit.storage import save_edit
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.stages import DIFF, EDIT

SIZES = FreeSizes(16, min_pixels=0, max_pixels=10**8, max_edge_px=10**4, max_aspect=9)


def test_a_change_is_found_and_composited(through, inputs):
    through(EDIT, DIFF)
    for sample in inputs():
        folder = DIFF.folder(sample)
        assert DIFF.result(sample).composited
        assert open_diff_mask(folder).any()
        assert open_composite(folder, sample.normal).image.shape == sample.normal.shape


def test_a_picture_without_a_change_has_no_composite(through, inputs, store):
    sample = inputs()[0]
    same = Edit(encode_png(sample.normal), model="by hand", cost_usd=0.0)
    save_edit(store, sample.sample.request, same, Geometry.fit((96, 96), SIZES))
    through(DIFF)
    compared = inputs()[0]
    found = DIFF.result(compared)
    assert (found.status, found.composited) == ("unchanged", False)
    assert not open_diff_mask(DIFF.folder(compared)).any()
