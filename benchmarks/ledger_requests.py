"""How often reading the ledger asks an object store, before and after its lines are folded.

    PYTHONPATH=. python benchmarks/ledger_requests.py --calls 1100

The calls are written as purchases write them, all with an end, to moto's S3 on this machine, whose
log shows every HTTP request.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from republish import moto
from store_requests import Requests
from tqdm import tqdm

from kizu.billing.ledger import Ledger
from kizu.billing.totals import CallFinished, CallStarted, CallStatus
from kizu.store import Store


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, moto(Path(folder)) as (url, log):
        write_calls(Ledger(Store(url)), options.calls)
        requests = Requests(log)
        requests.lap()

        def tell(what: str, work: Callable[[Ledger], object]) -> None:
            work(Ledger(Store(url)))
            print(f"{what}: {requests.lap().total()} requests")

        tell("sums, as a worker that begins reads them", Ledger.totals)
        tell("all lines, nothing folded", lambda ledger: list(ledger.entries()))
        tell("folding", Ledger.fold)
        tell("folding once more, with nothing to fold", Ledger.fold)
        tell("all lines, folded", lambda ledger: list(ledger.entries()))


def write_calls(ledger: Ledger, calls: int) -> None:
    """Write calls that are over."""
    for number in tqdm(range(1, calls + 1), desc="calls"):
        call = CallStarted(
            key=f"{number:064x}",
            dataset="mugs",
            model="gpt-image-1.5",
            deployment="one",
            reserved_usd=0.05,
            at=float(number),
        )
        ledger.append(number, call)
        end = CallFinished(status=CallStatus.BOUGHT, cost_usd=0.04, at=number + 0.5)
        ledger.end(number, end)


if __name__ == "__main__":
    main()
