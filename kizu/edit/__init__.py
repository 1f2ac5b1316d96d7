"""Edits normal images: what to ask for, who paints it, what it costs."""
