"""Finds where an edited image really differs from its normal image."""
