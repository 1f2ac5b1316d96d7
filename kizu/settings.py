"""What all settings of kizu have in common."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of all settings: immutable, and an unknown name is an error instead of a silent typo."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Record(BaseModel):
    """Base of what kizu writes as JSON and reads again: immutable and exact."""

    model_config = ConfigDict(extra="forbid", frozen=True)
