"""Finds what the text says: boxes and masks for phrases."""
