"""The editor that makes nothing: what the store does not hold is missing."""

from typing import NoReturn

from kizu.arrays import Mask, RgbImage
from kizu.edit.editor import EditError, Editor
from kizu.edit.request import EditRequest
from kizu.geometry import Fit, SizeRule


class ReplayEditor:
    """Stands in for an editor; every request that reaches it is one the store does not hold."""

    def __init__(self, replayed: Editor) -> None:
        """Stand in for an editor."""
        self._replayed = replayed

    @property
    def sizes(self) -> SizeRule:
        """The sizes of the editor it stands in for."""
        return self._replayed.sizes

    @property
    def fit(self) -> Fit:
        """The fit of the editor it stands in for."""
        return self._replayed.fit

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> NoReturn:  # noqa: ARG002 - the Protocol's
        """Fail: the edit was to be in the store.

        Raises:
            EditError: Always.
        """
        raise EditError(
            f"edit {request.key[:12]} is not in the store and replay makes none; "
            "name the editor itself to have it made"
        )
