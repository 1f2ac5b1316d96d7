"""The normal images of a dataset, as pictures are looked up among them."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Final

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import PLAIN, Decoding, decode_png
from kizu.intake import read_normal
from kizu.matching import ImageFeatures, NormalIndex, describe_image
from kizu.progress import advance
from kizu.sources import NormalImage
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.checked import naming
from kizu.store.keys import content_key
from kizu.versions import MATCHING_VERSION

DESCRIBE: Final = "describe"
"""What progress is reported as."""

_OPEN_NORMALS: Final = 8  # decoded at a time; about the candidates of one picture


class NormalImages:
    """The normal images in the store, and what they are recognised by."""

    def __init__(
        self,
        images: Sequence[NormalImage],
        store: Store,
        source: str,
        decoding: Decoding = PLAIN,
    ) -> None:
        """Point at the images; nothing is read.

        Args:
            images: The images.
            store: The store.
            source: Where their photos are, should one of them have to be taken in anew.
            decoding: How they are read then.
        """
        self._store = store
        self._source = source
        self._decoding = decoding
        self._images = {image.sha256: image for image in images}
        self.open = lru_cache(maxsize=_OPEN_NORMALS)(self._open)

    @property
    def images(self) -> tuple[NormalImage, ...]:
        """The images."""
        return tuple(self._images.values())

    def __getitem__(self, sha256: str) -> NormalImage:
        """Return an image by the SHA-256 of its file."""
        return self._images[sha256]

    @cached_property
    def digest(self) -> str:
        """Stands for all images in keys."""
        return content_key("normals", images=sorted(self._images))

    @cached_property
    def index(self) -> NormalIndex:
        """All images by what they are recognised by."""
        return NormalIndex(
            ((sha256, self.features(sha256)) for sha256 in self._images), self.features
        )

    def describe(self) -> None:
        """Make the features of all images that have none yet."""
        for sha256 in self._images:
            self.features(sha256)
            advance(DESCRIBE)

    def features(self, sha256: str) -> ImageFeatures:
        """Return what an image is recognised by; it is made once and kept in the store."""
        image = self._images[sha256]
        key = content_key("features", version=MATCHING_VERSION, pixels=image.pixels_sha256)
        path = f"{keyed('features', key)}.npz"
        try:
            with naming(path):
                return ImageFeatures.from_bytes(self._store.read_checked(path))
        except (FileNotFoundError, DamagedFileError):
            features = describe_image(self._open(sha256))
            self._store.write_checked(path, features.to_bytes())
            return features

    def _open(self, sha256: str) -> RgbImage:
        """Return an image's pixels, (H, W, 3) uint8."""
        image = self._images[sha256]
        return decode_png(read_normal(self._store, image, self._source, self._decoding))
