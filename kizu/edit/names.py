"""The editors' names."""

from enum import StrEnum


class EditorName(StrEnum):
    """The editors a spec can name."""

    PAINTER = "painter"
    AZURE = "azure"
    REPLAY = "replay"
