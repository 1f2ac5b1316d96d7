"""Shows a dataset version as pictures and a page."""
