"""Brings the edited picture onto the normal one: place, then colour."""
