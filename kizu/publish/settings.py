"""How a dataset version is written."""

from pydantic import Field

from kizu.settings import Settings


class PublishSettings(Settings):
    """Splits, and what the published images show."""

    test_fraction: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Test share",
        description="Share of the edited photos that go to the test split, normal and defective "
        "together, so that no photo is in train and test. Photos without edits go to train.",
    )
    composite: bool = Field(
        True,  # noqa: FBT003 - a pydantic default
        title="Composite onto the normal image",
        description="Publish the normal image with only the changed region pasted in, so that "
        "every pixel outside the mask is the original one.",
    )
