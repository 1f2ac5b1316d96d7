"""Edits by gpt-image models on Azure OpenAI or OpenAI: paid, so bought once and counted."""
