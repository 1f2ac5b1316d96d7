"""Exports read back by the tools themselves, each where it is installed, without kizu.

``answer.py`` runs one of the other files in the tool's own environment. Each of these has ``read``,
which yields of every image that the tool finds in an export its name without ending, its mask, and
its class where the tool tells one.
"""
