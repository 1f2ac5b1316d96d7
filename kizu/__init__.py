"""kizu: normal product photos and a sentence per defect in, a labelled dataset out.

The public names stand in ``__init__.pyi``. Each is imported when it is first used (SPEC 1 of
Scientific Python): torch, pandas and SciPy take seconds, and nobody needs all of them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
