"""How a picture lies on its normal image: resized, cropped, padded, turned."""

from dataclasses import dataclass

from kizu.imaging.arrays import RgbImage
from kizu.imaging.geometry import Geometry
from kizu.matching.features import ImageFeatures


@dataclass(frozen=True)
class Match:
    """A picture found on a normal image.

    Attributes:
        geometry: The way from the normal to the picture.
        score: How much of the picture's detail is the normal's, 0 to 1.
    """

    geometry: Geometry
    score: float


def find_geometry(
    normal: RgbImage,
    picture: RgbImage,
    normal_features: ImageFeatures | None = None,
    picture_features: ImageFeatures | None = None,
) -> Match | None:
    """Find how a picture lies on its normal image.

    Args:
        normal: (H, W, 3) uint8 RGB.
        picture: (H, W, 3) uint8 RGB, of any size.
        normal_features: What the normal is recognised by, where it is known already.
        picture_features: The same of the picture.

    Returns:
        The simplest geometry that explains the picture; None where it does not show the normal.
    """
    raise NotImplementedError
