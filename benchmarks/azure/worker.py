"""One worker: buys all edits of a plan through the library, as a flow's edit tasks do.

Usage: worker.py STORE EDITS THREADS SETTINGS_JSON [BUDGET_JSON]
"""

import json
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from kizu.billing.admission import CallGate
from kizu.billing.budget import BudgetSpec
from kizu.billing.ledger import Ledger
from kizu.cancellation import Cancellation, CancelToken
from kizu.edit.editor import EditError
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import RgbImage
from kizu.stages.obtain import obtain_edit
from kizu.store import Store


def photo() -> RgbImage:
    """A textured plate, 640 x 640 px."""
    noise = np.random.default_rng(0).integers(90, 160, (60, 60, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (640, 640), interpolation=cv2.INTER_CUBIC), np.uint8)


def request(number: int) -> EditRequest:
    """The edit of a number."""
    ask = {"prompt": f"a deep hole, number {number}", "region": None, "area": None, "draw": 0.5}
    editor = {"name": "azure", "emulated": True}
    return EditRequest(normal_sha256="ab" * 32, ask=ask, editor=editor, variant=number, seed=0)


def main() -> None:
    """Buy, and print how many edits are there, how many failed, and why it stopped."""
    store, edits, threads = Store(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    editor = GptImageSettings.model_validate_json(sys.argv[4]).make()
    budget = BudgetSpec.model_validate_json(sys.argv[5] if len(sys.argv) > 5 else "{}")
    assert editor.is_paid  # noqa: S101 - for the type checker
    cancel = CancelToken(store, uuid.uuid4().hex)
    gate = CallGate(Ledger(store), "benchmark", budget, editor.limits, cancel)
    plate = photo()

    def buy(number: int) -> str:
        try:
            return obtain_edit(store, editor, request(number), plate, None, gate).status
        except EditError as error:
            if "budget" in str(error):
                cancel.cancel(Cancellation(sentence=str(error)))
            return str(error)

    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(buy, range(edits)))
    failures = [outcome for outcome in outcomes if outcome not in ("edited", "refused")]
    print(json.dumps({"edited": outcomes.count("edited"), "failures": failures}))


if __name__ == "__main__":
    main()
