"""What people decide on samples, kept for ever, and the random draws that prove a bound."""

from kizu.review.decisions import (
    Decision,
    DecisionDamagedError,
    Drawn,
    decision_folder,
    find_decision,
    latest_decision,
    record_decision,
    stored_decisions,
)
from kizu.review.draws import (
    Draw,
    draw_samples,
    draws_in_force,
    find_draws,
    open_draws,
    short_key,
)

__all__ = [
    "Decision",
    "DecisionDamagedError",
    "Draw",
    "Drawn",
    "decision_folder",
    "draw_samples",
    "draws_in_force",
    "find_decision",
    "find_draws",
    "latest_decision",
    "open_draws",
    "record_decision",
    "short_key",
    "stored_decisions",
]
