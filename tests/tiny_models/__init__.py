"""Tiny checkpoints with random weights, written once per test session."""
