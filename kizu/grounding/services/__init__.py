"""Detectors that a service runs: pictures are sent, boxes come back."""
