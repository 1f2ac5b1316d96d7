"""The editor that makes nothing: what the store does not hold is missing."""

from typing import Literal, NoReturn

from kizu.edit.editor import CropPlanner, EditError
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.geometry import Geometry


class ReplayEditor:
    """Stands in for an editor; every request that reaches it is one the store does not hold."""

    def __init__(self, replayed: CropPlanner) -> None:
        """Stand in for an editor."""
        self._replayed = replayed

    @property
    def is_paid(self) -> Literal[False]:
        """False: it makes nothing."""
        return False

    def plan_crop(
        self, request: EditRequest, source: tuple[int, int], guide: Mask | None
    ) -> Geometry:
        """Plan as the editor it stands in for does."""
        return self._replayed.plan_crop(request, source, guide)

    def most_usd(self, request: EditRequest, size: tuple[int, int]) -> float:  # noqa: ARG002 - the Protocol's
        """Return 0: it makes nothing."""
        return 0.0

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> NoReturn:  # noqa: ARG002 - the Protocol's
        """Fail: the edit was to be in the store.

        Raises:
            EditError: Always.
        """
        raise EditError(
            f"edit {request.key[:12]} is not in the store and replay makes none; "
            "name the editor itself to have it made"
        )
