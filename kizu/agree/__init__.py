"""Compares two independent annotations of one image and gives a verdict with its reason."""
