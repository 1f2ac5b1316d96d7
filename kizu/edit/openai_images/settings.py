"""Editors behind ``images/edits`` as plug-ins."""

from collections.abc import Sequence
from datetime import date

from kizu.edit.editor import SecretSource
from kizu.edit.openai_images.deployment import DeploymentSettings, Size
from kizu.edit.openai_images.emulation import Service, find_service
from kizu.edit.paid import PaidEditor
from kizu.imaging.geometry import FixedSizes, SizeRule


class ImageServiceSettings(DeploymentSettings):
    """Base of the settings of editors that ask a deployment by ``images/edits``."""

    def service(self) -> Service:
        """Find out who answers where the environment points to."""
        return find_service(self.address)

    def is_emulated(self) -> bool:
        """Tell whether that is the emulator."""
        return self.service().emulated

    def problem(self) -> str:
        """Say whether endpoint, version or key is missing here."""
        from kizu.edit.openai_images.connection import (  # noqa: PLC0415 - openai takes a second
            connection_problem,
        )

        return connection_problem(self) or ""

    def endpoint(self) -> str:
        """Return the endpoint that the environment names."""
        from kizu.edit.openai_images.connection import (  # noqa: PLC0415 - openai takes a second
            known_endpoint,
        )

        return known_endpoint(self)

    def warnings(self, defects: Sequence[str], today: date) -> list[str]:
        """Say what keeps edits from being bought here, and which words may be refused."""
        problem = self.problem()
        return [*([problem] if problem else []), *super().warnings(defects, today)]

    def make(self, secrets: SecretSource | None = None) -> PaidEditor:
        """Return the editor; endpoint and key are read at its first call."""
        from kizu.edit.openai_images.editor import (  # noqa: PLC0415 - openai takes a second
            ImageServiceEditor,
        )

        return ImageServiceEditor(self, secrets)


def check_size(model: str, rule: SizeRule, size: Size | None) -> None:
    """Raise ValueError if a model does not take a size, with those it takes."""
    if size and not accepts(rule, size):
        raise ValueError(f"{model} does not take size {size[0]}x{size[1]}; {_allowed(rule)}")


def accepts(rule: SizeRule, size: Size) -> bool:
    """Tell whether a rule accepts a size.

    Example:
        >>> accepts(FixedSizes(((1024, 1024),)), (1000, 1000))
        False
    """
    if isinstance(rule, FixedSizes):
        return size in rule.sizes
    long, short = max(size), min(size)
    return (
        not any(edge % rule.multiple_px for edge in size)
        and long <= min(rule.max_edge_px, rule.max_aspect * short)
        and rule.min_pixels <= long * short <= rule.max_pixels
    )


def _allowed(rule: SizeRule) -> str:
    if isinstance(rule, FixedSizes):
        return "choose " + ", ".join(f"{width}x{height}" for width, height in rule.sizes)
    return (
        f"edges must be multiples of {rule.multiple_px}, up to {rule.max_edge_px}, at most "
        f"{rule.max_aspect:g}:1, {rule.min_pixels:,} to {rule.max_pixels:,} pixels in all"
    )
