"""Writes a dataset version: images, masks and Parquet manifests."""
