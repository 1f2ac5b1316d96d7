"""Detectors and segmenters that run here: one file per model family."""
