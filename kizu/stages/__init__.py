"""The stages every sample goes through: one file per stage, and the table of them.

Each output has a key made from what it is made from, so the keys of a sample's outputs are known
once its edit is there, and then what is missing is a question of which files exist, on any machine
that sees the store.
"""

from collections.abc import Sequence
from typing import Final

from kizu.stages.base import Stage, StageRun, run_stage
from kizu.stages.diff import DIFF
from kizu.stages.edit import EDIT
from kizu.stages.fuse import FUSE
from kizu.stages.grounding import GROUNDING
from kizu.stages.verdict import VERDICT

STAGES: Final[tuple[Stage, ...]] = (EDIT, DIFF, GROUNDING, FUSE, VERDICT)
"""In an order in which every stage follows those it reads."""

LAST_STAGES: Final = tuple(
    stage for stage in STAGES if not any(stage in other.after for other in STAGES)
)
"""Those that no other stage reads: where their outputs are there, a sample is done, and their keys
stand for everything it was made from."""

ANNOTATION_STAGES: Final = tuple(stage for stage in STAGES if stage is not EDIT)
"""What can be made anew of the edits there are; nothing of it costs an edit."""


def stages_of(annotators: Sequence[str], *, stored_only: bool = False) -> tuple[Stage, ...]:
    """Return the stages that the samples of a build go through, in their order.

    Args:
        annotators: Versions of those that look at them; without any there is nothing to annotate.
        stored_only: Whether the edits are those that the store holds.

    Example:
        >>> [stage.name for stage in stages_of(())]
        ['edit', 'diff', 'fuse', 'verdict']
    """
    stages = ANNOTATION_STAGES if stored_only else STAGES
    return tuple(stage for stage in stages if annotators or stage is not GROUNDING)


__all__ = [
    "ANNOTATION_STAGES",
    "DIFF",
    "EDIT",
    "FUSE",
    "GROUNDING",
    "LAST_STAGES",
    "STAGES",
    "VERDICT",
    "Stage",
    "StageRun",
    "run_stage",
    "stages_of",
]
