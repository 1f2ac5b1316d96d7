"""Attacks on kizu with input nobody would send in good faith, and a table of what came of them.

Each module is one front; ``python -m benchmarks.attack.FRONT`` runs it and ends with status 1 if
anything got through. What is promised stands in ``docs/reliability.md``.
"""
