"""How a dataset version is written."""

from typing import Annotated, Literal

from pydantic import Field

from kizu.settings import Operational, Settings
from kizu.spec.texts import WordsOrNone

Negative = Literal["unchanged", "wrong"]


class PublishSettings(Settings):
    """Splits, and what the published images show."""

    test_fraction: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Test fraction",
        description="Fraction of the edited photos that go to the test split, normal and defective "
        "together, so that no photo is in train and test. Photos without edits go to train.",
    )
    folds: int | None = Field(
        None,
        ge=2,
        title="Folds",
        description="Draw every group of photos into one of so many folds, for cross-validation: "
        "the column 'fold' of the table. It is independent of the test split.",
    )
    composite: bool = Field(
        True,  # noqa: FBT003 - a pydantic default
        title="Composite onto the normal image",
        description="Publish the normal image with only the changed region pasted in, so that "
        "every pixel that was not touched is the original one.",
    )
    negatives: tuple[Negative, ...] = Field(
        (),
        title="Rejected edits as negatives",
        description="Give rejected edits the split 'negatives' instead of 'reject'. 'unchanged': "
        "the model redrew the photo and nothing visible changed, a hard normal image; 'wrong': a "
        "person rejected what changed. Both keep the verdict 'reject' and are in no export by "
        "default.",
    )
    license: WordsOrNone = Field(
        "",
        title="Licence",
        description="Under which licence the dataset may be used, as Hugging Face names it "
        "('cc-by-4.0', 'other'); goes into its card. Empty: the card says that none is stated.",
    )
    wait_for_review: Annotated[bool, Operational()] = Field(
        False,  # noqa: FBT003 - a pydantic default
        title="Wait for review",
        description="A run from a deployment is suspended while samples wait for review. Judge "
        "them, then resume it: it publishes the decisions.",
    )
    latest: Annotated[Literal["complete", "always"], Operational()] = Field(
        "complete",
        title="Latest version",
        description="'complete': a version becomes the latest one only if nothing is missing. "
        "'always': also after failures, but never an empty one.",
    )
    take_over: Annotated[bool, Operational()] = Field(
        False,  # noqa: FBT003 - a pydantic default
        title="Take the name over",
        description="Publish under a name that the store has of another dataset: of other photos, "
        "or of another category. Its versions stay.",
    )
