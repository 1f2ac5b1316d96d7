"""How bad a defect is."""

from enum import StrEnum


class Severity(StrEnum):
    """How much a defect catches the eye."""

    SLIGHT = "slight"
    MODERATE = "moderate"
    SEVERE = "severe"
