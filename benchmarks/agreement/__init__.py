"""The agreement benchmark: good and bad edits with their truth, simulated annotators, the verdict.

Scenes, defects and drifts are those of the difference benchmark, whose scripts know each other by
bare names; so its folder is made importable here.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "diff"))
