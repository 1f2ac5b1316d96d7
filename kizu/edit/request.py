"""The edit request: what one edit is made from, and so its identity."""

from pydantic import JsonValue

from kizu.settings import Record
from kizu.store.keys import content_key


class EditRequest(Record):
    """Normal image x defect x variant, with everything that shapes the edited picture.

    Two equal requests are one edit, bought once. What does not shape the picture (grounding
    phrases, expected area, thresholds) is not part of it, so changing that buys nothing.

    Attributes:
        normal_sha256: The normal image.
        ask: What is asked of the editor: prompt, region and what else it takes.
        editor: The editor with the settings and the version that shape its pictures.
        variant: Number of this edit among those that ask for the same.
        seed: The spec's seed.
    """

    normal_sha256: str
    ask: dict[str, JsonValue]
    editor: dict[str, JsonValue]
    variant: int
    seed: int

    @property
    def key(self) -> str:
        """The request's key, 64 hexadecimal digits."""
        return content_key("edit", **self.model_dump(mode="json"))

    @property
    def emulated(self) -> bool:
        """True if the emulator is to make it: such an edit never stands for a real one."""
        return self.editor.get("emulated") is True

    @property
    def draw(self) -> int:
        """A seed for random numbers, fixed by the request, in [0, 2**63)."""
        return int(self.key[:16], 16) >> 1
