"""Measures what competing names and the normal image change in the demo's verdicts, and the cost.

    python -m benchmarks.grounding.rival_verdicts --photos 8

The demo's edits are judged twice: as they were asked for, and with every defect called by the name
of the next one, so that each edit shows another kind than the annotator is asked for. The
demonstration weights were trained on this painter; the figures say what the rules do, not how good
they are with real weights.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

from benchmarks.grounding.demo_edits import demo_fields, label_edits
from kizu.agree.verdict import Agreement, Verdict
from kizu.spec import DatasetSpec
from kizu.stages import GROUNDING, VERDICT
from kizu.store import Store

SWITCHES: Final = {
    "neither": {"rivals": False, "on_normal": False},
    "rivals": {"rivals": True, "on_normal": False},
    "on normal": {"rivals": False, "on_normal": True},
    "both": {"rivals": True, "on_normal": True},
}
"""In this order, for what one looks for is found again by the next: each row's time is its own."""


def main() -> None:
    """Print verdicts and seconds of grounding, per choice."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--annotator", default="demo-grounding-dino+demo-sam")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fields = demo_fields(Path(folder), options.photos)
        store = Store(str(Path(folder) / "store"))
        for name, defects in (("as asked", fields["defects"]), ("misnamed", misnamed(fields))):
            before: list[Agreement] = []
            for switch, settings in SWITCHES.items():
                grounding = {"annotator": options.annotator, "device": "cpu", **settings}
                spec = DatasetSpec.parse({**fields, "defects": defects, "grounding": grounding})
                found, seconds = judged(store, spec)
                before = before or found
                reasons = Counter(each.reason.value for each in found)
                accepted = sum(each.verdict is Verdict.ACCEPT for each in found)
                changed = sum(a.reason != b.reason for a, b in zip(before, found, strict=True))
                print(
                    f"{name}, {switch}: {accepted}/{len(found)} accepted, {changed} other reasons, "
                    f"{seconds:.1f} s more of grounding; {dict(reasons.most_common())}",
                    flush=True,
                )


def misnamed(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the defects, each with the phrases of the next."""
    defects = fields["defects"]
    following = [*defects[1:], defects[0]]
    return [
        {**defect, "phrases": other["phrases"]}
        for defect, other in zip(defects, following, strict=True)
    ]


def judged(store: Store, spec: DatasetSpec) -> tuple[list[Agreement], float]:
    """Return the verdicts of all edits, and the seconds that annotators took."""
    seconds: dict[str, float] = {}
    samples = label_edits(store, spec, seconds.__setitem__)
    return [VERDICT.result(each) for each in samples if each.has_picture], seconds[GROUNDING.name]


if __name__ == "__main__":
    main()
