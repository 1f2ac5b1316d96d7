"""A published sample as a picture to look at."""

from typing import TYPE_CHECKING

from kizu.imaging.slices import square_around
from kizu.publish.montage import CONTEXT, LEAST_CLOSE_PX
from kizu.viz.side_by_side import fitted, side_by_side, with_label

if TYPE_CHECKING:
    from PIL import Image

    from kizu.publish.dataset import Sample


def sample_figure(sample: "Sample") -> "Image.Image":
    """Return the photo, the image, its label's outline and the defect close by, side by side.

    Raises:
        DatasetError: A file of the sample is missing, or is not the one that was published.
    """
    image, label = sample.image(), sample.label()
    views = [("image", fitted(image))]
    if not sample.is_normal:
        normal = sample.normal()
        views = [("normal", fitted(normal)), *views] if normal is not None else views
        views.append(("label", with_label(fitted(image), label)))
        if label.any():
            close = square_around(label, CONTEXT, LEAST_CLOSE_PX)
            views.append(("close by", with_label(fitted(image[close]), label[close])))
    row = sample.row
    share = f", {label.mean():.2%} of the image" if label.any() else ""
    said = [f"{row['sample_id']}: {row['defect_type']}, {row['verdict']}, {row['split']}{share}"]
    return side_by_side(views, said)
