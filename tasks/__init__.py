"""Prefect tasks: read references, call one kizu function, write references."""
