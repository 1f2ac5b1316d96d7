"""Holds numerical libraries to one thread; they read this when they are imported.

Tiny models run fastest so, and several test processes would fight for the cores.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
