"""Prefect flows: they compose tasks and read like the sentence that describes them."""
