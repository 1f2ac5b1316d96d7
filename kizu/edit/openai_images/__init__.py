"""Edits by a service that speaks OpenAI's ``images/edits``: paid, so bought once and counted."""
