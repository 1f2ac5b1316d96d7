"""What a person should know of a spec before money is spent."""

from datetime import date

from kizu.edit.content_filter import flag_words
from kizu.edit.gpt_image.models import retirement_warning
from kizu.edit.settings import AzureSettings
from kizu.spec import DatasetSpec, DefectSpec


def spec_warnings(spec: DatasetSpec, today: date) -> list[str]:
    """Return one sentence per thing that may go wrong or cost more than expected.

    Args:
        spec: The dataset.
        today: Decides which models are retired.
    """
    editor = spec.maker
    warnings = [spec.grounding.notice]
    if isinstance(editor, AzureSettings):
        warnings += [retirement_warning(editor.model, today), _price_warning(editor)]
        if isinstance(spec.editor, AzureSettings):
            from kizu.edit.gpt_image.connection import (  # noqa: PLC0415 - openai takes a second
                connection_problem,
            )

            warnings.append(connection_problem(spec.editor))
        for number, defect in enumerate(spec.defects):
            warnings += _word_lines(number, defect)
    return [warning for warning in warnings if warning]


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
