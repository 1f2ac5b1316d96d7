"""What a person should know of a spec before money is spent."""

from datetime import date

from kizu.edit.azure.families import retirement_warning
from kizu.edit.azure.words import flag_words
from kizu.edit.settings import AzureSettings, ReplaySettings
from kizu.ground import GroundSettings
from kizu.ground.names import DEMO_NOTICE, uses_demo_weights
from kizu.spec import DatasetSpec, DefectSpec


def spec_warnings(spec: DatasetSpec, today: date) -> list[str]:
    """Return one sentence per thing that may go wrong or cost more than expected.

    Args:
        spec: The dataset.
        today: Decides which models are retired.
    """
    editor = spec.editor.of if isinstance(spec.editor, ReplaySettings) else spec.editor
    warnings = [_demo_warning(spec.ground)]
    if not isinstance(editor, AzureSettings):
        return [warning for warning in warnings if warning]
    warnings += [retirement_warning(editor.model, today), _price_warning(editor)]
    warnings += [line for i, defect in enumerate(spec.defects) for line in _word_lines(i, defect)]
    return [warning for warning in warnings if warning]


def _demo_warning(ground: GroundSettings) -> str | None:
    return f"{ground.annotator}: {DEMO_NOTICE}" if uses_demo_weights(ground.annotator) else None


def _price_warning(editor: AzureSettings) -> str | None:
    if editor.price_is_known:
        return None
    return (
        f"the price of {editor.model} is not known ({editor.facts.price_source}): costs are "
        "shown as unknown until you give editor.prices"
    )


def _word_lines(index: int, defect: DefectSpec) -> list[str]:
    text = " ".join((defect.prompt, *defect.wordings, defect.placement))
    return [
        f"defects.{index}: content filters may refuse {found.word!r}; say {found.instead!r} instead"
        for found in flag_words(text)
    ]
