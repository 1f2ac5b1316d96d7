"""One kind of defect: what is made, where, how large, and what it is called."""

from typing import Final, Self

from pydantic import Field, model_validator

from kizu.agree.settings import AreaRange
from kizu.edit.regions import SpecRegion
from kizu.edit.request import Severity
from kizu.settings import Settings
from kizu.spec.texts import FolderName, Phrases, Words, WordsOrNone

GOOD = "good"
"""The defect type of images without defects, as in MVTec AD."""

MOST_PHRASES: Final = 100
"""Phrases of one defect; each is looked for in every edit."""

MOST_WORDINGS: Final = 1000
"""Wordings of one defect: as many as it may have variants."""


class DefectSpec(Settings):
    """One kind of defect to make."""

    defect_type: FolderName = Field(
        title="Defect type",
        description="Short name of the class ('crack'); names folders and classes of the dataset.",
    )
    prompt: WordsOrNone = Field(
        "",
        title="Edit prompt",
        description="What the editor adds, in your words: 'a thin crack across the glaze'. Empty "
        "only for the editors 'folder', which makes nothing, and 'transplant'.",
    )
    phrases: Phrases = Field(
        (),
        max_length=MOST_PHRASES,
        title="Grounding phrases",
        description="What the annotator looks for, in English for most models. "
        "Empty: the defect type.",
    )
    wordings: tuple[Words, ...] = Field(
        (),
        max_length=MOST_WORDINGS,
        title="Other wordings",
        description="Other ways to say the edit prompt; variants take turns.",
    )
    placement: str = Field(
        "",
        title="Placement",
        description="Where, in your words: 'on the rim, near the handle'. Not for the painter.",
    )
    severity: Severity | None = Field(
        None,
        title="Severity",
        description="How bad it is: how large within the expected area, how deep, how strong.",
    )
    region: SpecRegion | None = Field(
        None, title="Region", description="Where the defect may be. Empty: the editor chooses."
    )
    area: AreaRange | None = Field(
        None,
        title="Expected area",
        description="The painter and transplants keep to it. A change of another size goes to "
        "review.",
    )
    variants: int = Field(
        1, ge=1, le=MOST_WORDINGS, title="Variants", description="Different edits of each photo."
    )

    @model_validator(mode="after")
    def _not_good(self) -> Self:
        if self.defect_type.casefold() == GOOD:
            raise ValueError(f"defect_type {GOOD!r} means 'no defect'; choose another name")
        return self

    def wording(self, variant: int) -> str:
        """Return the edit prompt of a variant; the defect type where there is none."""
        wordings = (self.prompt or self.plain_type, *self.wordings)
        return wordings[variant % len(wordings)]

    @property
    def plain_type(self) -> str:
        """The defect type as words."""
        return self.defect_type.replace("_", " ").replace("-", " ")

    @property
    def grounding_phrases(self) -> tuple[str, ...]:
        """The phrases, or the defect type where none are given."""
        return self.phrases or (self.plain_type,)

    @property
    def expected_area(self) -> AreaRange:
        """The expected area, or the widest plausible one where none is given."""
        return self.area or AreaRange()
