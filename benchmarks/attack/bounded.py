"""Runs work on one hostile input after another in a process that may hang, die or eat memory."""

import importlib
import multiprocessing
import multiprocessing.process
import os
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

LONGEST_S: Final = 10.0
"""No input may keep kizu busy for longer; the promise of docs/reliability.md.

Counted is the time of its processor, for the machine may be busy with other things.
"""

_LONGEST_WAIT_S: Final = 60.0  # wall time: what sleeps or waits uses no processor
_LOOK_S: Final = 0.5

MOST_MIB: Final = 2048
"""No input may take more memory; the promise of docs/reliability.md."""

_MIB: Final = 1024  # ru_maxrss counts KiB on Linux
_START_S: Final = 120.0  # imports of torch and Prefect on a busy machine


class Fate(StrEnum):
    """What became of one input."""

    MADE = "made"
    NAMED = "named in a sentence"
    TRACEBACK = "traceback"
    HANG = "hang"
    MEMORY = "memory"
    DIED = "process died"


HARMLESS: Final = frozenset({Fate.MADE, Fate.NAMED})


@dataclass(frozen=True)
class Result:
    """What became of one input.

    Attributes:
        name: The input's name.
        fate: What became of it.
        detail: The sentence, or the traceback.
        seconds: Wall time.
        peak_mib: Most memory its process ever held, in MiB.
    """

    name: str
    fate: Fate
    detail: str
    seconds: float
    peak_mib: float


def attack(
    work: str, inputs: Iterable[tuple[str, Any]], *, longest_s: float = LONGEST_S
) -> Iterator[Result]:
    """Give inputs to a function in a process of its own, which is replaced when it is harmed.

    Args:
        work: "module:function". The function takes one input and returns "" if it could be used, or
            the one sentence that names what is wrong; what it raises counts as a traceback.
        inputs: Names and inputs; these are pickled.
        longest_s: Seconds that one input may take; more where it is several builds.

    Yields:
        What became of each, in order.
    """
    victim = _Victim(work, longest_s)
    try:
        for name, value in inputs:
            yield victim.take(name, value)
    finally:
        victim.end()


def table(title: str, results: Iterable[Result]) -> int:
    """Print what became of the inputs, and each one that did harm; return how many did."""
    counts: Counter[Fate] = Counter()
    slowest, largest, harmed = 0.0, 0.0, 0
    for result in results:
        counts[result.fate] += 1
        slowest, largest = max(slowest, result.seconds), max(largest, result.peak_mib)
        if result.fate not in HARMLESS:
            harmed += 1
            print(f"  {result.name}: {result.fate}: {result.detail.strip()[-400:]}")
    told = ", ".join(f"{counts[fate]:,} {fate}" for fate in Fate if counts[fate])
    print(
        f"{title}: {counts.total():,} inputs: {told}; "
        f"slowest {slowest:.1f} s, most memory {largest:.0f} MiB"
    )
    return harmed


class _Victim:
    """The process that does the work; a new one takes its place when it is harmed."""

    def __init__(self, work: str, longest_s: float) -> None:
        self._work = work
        self._longest_s = longest_s
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def take(self, name: str, value: object) -> Result:
        pipe = self._ready()
        start = time.monotonic()
        pipe.send(value)
        try:
            if not self._answers(pipe):
                return self._harmed(name, Fate.HANG, "no answer", start)
            fate, detail, peak_mib = pipe.recv()
        except (EOFError, OSError):
            return self._harmed(name, Fate.DIED, "it ended by itself", start)
        seconds = time.monotonic() - start
        if peak_mib > MOST_MIB:
            self.end()
            return Result(name, Fate.MEMORY, f"{peak_mib:.0f} MiB", seconds, peak_mib)
        return Result(name, fate, detail, seconds, peak_mib)

    def _answers(self, pipe: Connection) -> bool:
        """Wait for the answer while it may still come."""
        wall_s, cpu_s = time.monotonic(), self._cpu_s()
        wait_s = max(_LONGEST_WAIT_S, self._longest_s)
        while time.monotonic() - wall_s < wait_s and self._cpu_s() - cpu_s < self._longest_s:
            if pipe.poll(_LOOK_S):
                return True
        return False

    def _cpu_s(self) -> float:
        """Return the processor's time that the process has used, in seconds."""
        pid = self._process.pid if self._process else 0
        try:
            fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
        except OSError:  # it has died, which the pipe tells
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _harmed(self, name: str, fate: Fate, detail: str, start: float) -> Result:
        self.end()
        return Result(name, fate, detail, time.monotonic() - start, 0.0)

    def _ready(self) -> Connection:
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(self._work, theirs), daemon=True)
            self._process.start()
            theirs.close()
            if not self._pipe.poll(_START_S):
                raise SystemExit(f"{self._work} does not start")
            self._pipe.recv()
        return self._pipe


def _serve(work: str, pipe: Connection) -> None:
    module, _, name = work.partition(":")
    function: Callable[[Any], str] = getattr(importlib.import_module(module), name)
    pipe.send("ready")
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            value = pipe.recv()
            try:
                sentence = function(value)
                fate = Fate.NAMED if sentence else Fate.MADE
            except BaseException:  # noqa: BLE001 - whatever it is, it is what we look for
                fate, sentence = Fate.TRACEBACK, traceback.format_exc()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB
            pipe.send((fate, sentence, peak))
    sys.exit(0)
