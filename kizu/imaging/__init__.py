"""Pixels, masks, boxes and their geometry: what every stage works with."""
