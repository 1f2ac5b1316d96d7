"""Edits by gpt-image models on Azure OpenAI or OpenAI."""
