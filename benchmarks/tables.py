"""Peak memory and CPU time of writing a version's tables, and of queries on them; needs Linux.

python benchmarks/tables.py 1000000 --before 100000

The queries need DuckDB and polars beside what kizu needs. "Before" is how tables were written until
0.6: all rows held as dicts, then as one Arrow table per file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kizu.agree.verdict import Verdict
from kizu.publish.layout import VersionFolder
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.publish.schemas import TABLES
from kizu.publish.version import publish_tables
from kizu.spec import DatasetSpec
from kizu.stages import LAST_STAGES, STAGES
from kizu.store import Store
from kizu.store.keys import sha256_hex

FOLDER: Final = VersionFolder("plates", "0123")
_SHARD: Final = 16
"""Samples whose rows come together, as in a build."""

_DEFECTS: Final = ("crack", "stain", "chip", "scratch")
_VERDICTS: Final = ("accept", "accept", "accept", "review", "reject")
_DIFFERENT: Final = 997
"""Rows that differ in all columns: settings repeat in real tables, figures do not."""

Row = dict[str, Any]


def parts(samples: int) -> Iterator[dict[str, list[Row]]]:
    """Yield the rows of a dataset of so many samples, shard by shard, in no order."""
    shards = -(-samples // _SHARD)
    for place in range(shards):
        shard = place * 7919 % shards if shards % 7919 else place
        rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        for number in range(shard * _SHARD, min(samples, (shard + 1) * _SHARD)):
            for table, some in sample_rows(number).items():
                rows[table].extend(some)
        yield rows


@dataclass(frozen=True)
class Outcomes:
    """What names the version of those rows; none is held, for that is not what is measured."""

    samples: int

    def __iter__(self) -> Iterator[Outcome]:
        """Yield the outcomes of the samples."""
        for number in range(self.samples):
            yield Outcome(
                sample_id=sample_id(number),
                defect_type=_DEFECTS[number % len(_DEFECTS)],
                status=SampleStatus.JUDGED,
                reason="agree",
                verdict=Verdict.ACCEPT,
                edit_key="",
                output_keys=tuple(_digest(stage.name, number) for stage in LAST_STAGES),
                cost_usd=0.05,
            )


def sample_id(number: int) -> str:
    """Return the name of a sample; the names of neighbours are far apart."""
    return f"line-{number % 97:02d}_photo_{number:07d}_000"


def _digest(kind: str, number: int) -> str:
    return sha256_hex(f"{kind} {number}".encode())


def sample_rows(number: int) -> dict[str, list[Row]]:
    """Return a sample's rows as ``kizu.publish.samples`` makes them."""
    name, defect = sample_id(number), _DEFECTS[number % len(_DEFECTS)]
    normal = _digest("normal", number // len(_DEFECTS))
    kinds = ("image", "mask", "touched", "edited", "edited_mask")
    files = {f"{kind}_path": f"{kind}s/{defect}/{name}.png" for kind in kinds[:3]}
    files |= {f"{kind}_sha256": _digest(kind, number) for kind in kinds[:3]}
    files |= {f"{kind}_{what}": "" for kind in kinds[3:] for what in ("path", "sha256")}
    verdict = _VERDICTS[number % len(_VERDICTS)]
    sample = {
        "sample_id": name,
        "label_index": 1,
        "label": "abnormal",
        "split": ("test", "train_defects")[number % 2] if verdict == "accept" else verdict,
        "category": "plate",
        "defect_type": defect,
        "verdict": verdict,
        "certified": False,
        "negative": "",
        "group": name,
        "fold": -1,
        "real_defect": f"{defect}/{number % 6:03d}.png",
        "real_defect_sha256": _digest("real defect", number % 24),
        **files,
    }
    how = _filled("provenance", number % _DIFFERENT) | {
        "sample_id": name,
        "normal_sha256": normal,
        "verdict": verdict,
        "decision_key": None,
        "annotators": ['{"annotator": "by hand"}'],
        "digital_source_type": "compositeSynthetic",
        **{f"{stage.name}_key": _digest(stage.name, number) for stage in STAGES},
    }
    edit = _filled("edits", number % _DIFFERENT) | {
        "defect_type": defect,
        "status": "edited",
        "sample_id": name,
        "edit_key": _digest("edit", number),
    }
    regions = [
        _filled("instances", number % _DIFFERENT)
        | {"sample_id": name, "annotator": annotator, "instance": 0, "rle_counts": "0Q`1" * 40}
        for annotator in ("kizu-diff", "by hand")
    ]
    return {"samples": [sample], "provenance": [how], "edits": [edit], "instances": regions}


@cache
def _filled(table: str, number: int) -> Row:
    """Return a row of a table with something in every column."""
    return {field.name: _value(field.type, number) for field in TABLES[table]}


def _value(kind: pa.DataType, number: int) -> Any:  # noqa: ANN401 - of any column
    if pa.types.is_list(kind):
        return [_value(kind.value_type, number + place) for place in range(6)]
    if pa.types.is_string(kind):
        return json.dumps({f"setting {each}": number / (each + 7) for each in range(6)})
    return {pa.int64(): number, pa.float64(): number / 7, pa.bool_(): number % 3 == 0}[kind]


def write_now(samples: int, folder: Path) -> None:
    """Write the tables as kizu does."""
    spec = DatasetSpec.parse(
        {
            "name": "plates",
            "images": {"path": "p"},
            "defects": [{"defect_type": "a", "prompt": "b"}],
        }
    )
    publish_tables(Store(folder), FOLDER, spec, Outcomes(samples), parts(samples))


def write_before(samples: int, folder: Path) -> None:
    """Write the tables as kizu did: everything held, then everything written."""
    held: dict[str, list[Row]] = {table: [] for table in TABLES}
    for part in parts(samples):
        for table, rows in part.items():
            held[table].extend(rows)
    target = folder / FOLDER.path("")
    target.mkdir(parents=True)
    for table, rows in held.items():
        rows.sort(key=lambda row: row["sample_id"])
        whole = pa.Table.from_pylist(rows, schema=TABLES[table])
        pq.write_table(whole, target / f"{table}.parquet", compression="zstd")


def make_only(samples: int, _: Path) -> None:
    """Make the rows and drop them: what of the cost is this benchmark's own."""
    for _rows in parts(samples):
        pass


WAYS: Final = {"now": write_now, "before": write_before, "rows alone": make_only}


def measured(way: str, samples: int, folder: Path) -> dict[str, float]:
    """Return the peak resident memory in MB and the CPU seconds of a child process."""
    command = [sys.executable, __file__, str(samples), "--child", way, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return dict(json.loads(done.stdout))


def _child(way: str, samples: int, folder: Path) -> None:
    WAYS[way](samples, folder)
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    print(json.dumps({"mb": int(peak.split()[1]) / 1024, "cpu_s": time.process_time()}))


def queries(folder: Path, wanted: str) -> dict[str, Callable[[], int]]:
    """Return queries by name; each counts the rows that it finds."""
    import duckdb
    import polars as pl
    import pyarrow.dataset  # noqa: F401 - what filters need, which is not part of their cost

    table = {name: str(folder / FOLDER.path(f"{name}.parquet")) for name in TABLES}
    one, some = table["provenance"], table["samples"]
    chosen = [("split", "=", "test"), ("defect_type", "=", "crack")]
    return {
        "duckdb, one sample's provenance": lambda: len(
            duckdb.sql(f"select * from '{one}' where sample_id = '{wanted}'").fetchall()  # noqa: S608 - ours
        ),
        "duckdb, count of a class in test": lambda: int(
            duckdb.sql(
                f"select count(*) from '{some}' where split = 'test' and defect_type = 'crack'"  # noqa: S608 - ours
            ).fetchall()[0][0]
        ),
        "pyarrow, one sample's provenance": lambda: (
            pq.read_table(one, filters=[("sample_id", "=", wanted)]).num_rows
        ),
        "pyarrow, paths of a class in test": lambda: (
            pq.read_table(some, columns=["image_path", "mask_path"], filters=chosen).num_rows
        ),
        "polars, one sample's provenance": lambda: (
            pl.scan_parquet(one).filter(pl.col("sample_id") == wanted).collect().height
        ),
        "polars, paths of a class in test": lambda: (
            pl.scan_parquet(some)
            .filter((pl.col("split") == "test") & (pl.col("defect_type") == "crack"))
            .select("image_path", "mask_path")
            .collect()
            .height
        ),
    }


def print_writing(samples: int, before: int, folder: Path) -> None:
    """Print what writing costs now, and beside the way before at a smaller number."""
    print("| samples | way | MB at the peak | CPU seconds without making the rows |")
    print("|---|---|---|---|")
    for number, ways in ((before, ("before", "now")), (samples, ("now",))):
        own = measured("rows alone", number, folder / "none")["cpu_s"] if number else 0.0
        for way in ways if number else ():
            found = measured(way, number, folder / f"{way} {number}")
            cost = f"{found['mb']:.0f} | {found['cpu_s'] - own:.1f}"
            print(f"| {number} | {way} | {cost} |", flush=True)


def print_queries(samples: int, folder: Path) -> None:
    """Print what queries cost on the tables that were written."""
    print("\n| query | rows | seconds | CPU seconds |\n|---|---|---|---|")
    for name, query in queries(folder, sample_id(samples // 3)).items():
        start, cpu = time.perf_counter(), time.process_time()
        rows = query()
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(f"| {name} | {rows} | {wall:.2f} | {cpu:.2f} |", flush=True)
    size = sum(file.stat().st_size for file in (folder / FOLDER.path("")).glob("*.parquet"))
    print(f"\n{size / 1e6:.0f} MB of Parquet files")


def main() -> None:
    """Print all tables, or measure one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=int)
    parser.add_argument("--before", type=int, default=0, help="samples for the way before")
    parser.add_argument("--child", choices=WAYS)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.child:
        _child(options.child, options.samples, options.folder)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print_writing(options.samples, options.before, Path(folder))
        print_queries(options.samples, Path(folder) / f"now {options.samples}")


if __name__ == "__main__":
    main()
