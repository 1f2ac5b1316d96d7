"""Looks at what a build needs before it is started; buys nothing and makes nothing."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from kizu.grounding import GroundingSettings, catalogue
from kizu.grounding.names import parse_annotator_name, uses_demo_weights
from kizu.grounding.registry import DEMO_NOTICE
from kizu.grounding.weights import download_bytes
from kizu.pace import task_slots
from kizu.planning import BuildEstimate, spec_warnings
from kizu.sources import Inventory
from kizu.spec import DatasetSpec
from kizu.stages.grounding import annotators_here
from kizu.store import Store

SMALL_PX: Final = 256
"""Shorter sides below this: a scratch is a pixel or two wide there, and gpt-image models, whose
smallest side is 1024 px, get an enlarged photo."""
_STORED_BYTES_PER_PX: Final = 10
"""What one sample adds to the store per pixel of its photo: 7.6 for what its stages keep and 1.9
for what is published, measured at 1024 x 1024."""
_ANSWERS_WITHIN_S: Final = 5.0
_API: Final = "PREFECT_API_URL"
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


class State(StrEnum):
    """What a check came to."""

    READY = "ready"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One thing that a build needs.

    Attributes:
        what: What was looked at.
        state: Whether it is there.
        sentence: What was found, and the way out where there is something to do.
        steps: What adds what is missing, each a command with what it fetches behind "#".
    """

    what: str
    state: State
    sentence: str
    steps: tuple[str, ...] = ()


def check_build(
    spec: DatasetSpec, inventory: Inventory, estimate: BuildEstimate, store: Store, today: date
) -> Iterator[Check]:
    """Yield one check after the other.

    Args:
        spec: The dataset.
        inventory: Its photos.
        estimate: What is to be made.
        store: Where to.
        today: Decides which models are retired.
    """
    yield check_photos(inventory)
    if deep := deep_photos(inventory, spec.images.depth_bits):
        yield Check("photos", State.WARNING, deep)
    yield from check_annotators(spec)
    editor = check_editor(spec)
    yield editor
    for sentence in spec_warnings(spec, today):
        if sentence != editor.sentence and DEMO_NOTICE not in sentence:  # told above
            yield Check("spec", State.WARNING, sentence)
    yield check_store(store)
    yield check_space(store, inventory, estimate)
    yield check_effort(estimate)
    yield check_prefect()


def check_photos(inventory: Inventory) -> Check:
    """Tell how many photos can be used, and whether they are small."""
    images, skipped = inventory.images, len(inventory.skipped)
    left_out = f", {skipped} cannot ('kizu plan' names them)" if skipped else ""
    if not images:
        sentence = f"none can be used{left_out}; name another folder in images.path"
        return Check("photos", State.PROBLEM, sentence)
    said = f"{len(images)} can be used{left_out}"
    if small := small_photos(inventory):
        return Check("photos", State.WARNING, f"{said}; {small}")
    return Check("photos", State.WARNING if skipped else State.READY, said)


def small_photos(inventory: Inventory) -> str:
    """Say what small photographs mean; empty where most are not."""
    sides = sorted(min(image.width, image.height) for image in inventory.images)
    if not sides or (middle := sides[len(sides) // 2]) >= SMALL_PX:
        return ""
    return (
        f"they are small (shorter side {middle} px): a scratch is a pixel or two wide there, and a "
        "gpt-image model gets them enlarged; photograph nearer if you can"
    )


def deep_photos(inventory: Inventory, depth_bits: int | None) -> str:
    """Say how many photos have a scale of their own each; empty where none has.

    Args:
        inventory: The photos.
        depth_bits: As in ``images``.
    """
    count = sum(image.is_deep for image in inventory.images)
    if not count or depth_bits is not None:
        return ""
    return (
        f"16-bit photos: {count}; each is scaled by its own brightest pixel, so equal parts may "
        "come out unequally bright; before edits are bought, write the bits that your camera fills "
        "as images.depth_bits (12, say)"
    )


def check_annotators(spec: DatasetSpec) -> Iterator[Check]:
    """Tell which annotators can look for the phrases here, and what adds the others."""
    if not spec.grounding.annotators:
        yield Check("annotator", State.WARNING, f"none looks. {_without_any(spec)}")
    for settings in spec.grounding.annotators:
        yield _check_annotator(settings, spec)


def _check_annotator(settings: GroundingSettings, spec: DatasetSpec) -> Check:
    name = settings.annotator
    chosen = annotators_here(settings)
    if chosen.versions and uses_demo_weights(name):
        return Check("annotator", State.WARNING, f"{name} is here: {DEMO_NOTICE}")
    if chosen.versions:
        return Check("annotator", State.READY, f"{name} is here")
    steps = tuple(dict.fromkeys(_setups(name)))
    return Check("annotator", State.WARNING, f"{chosen.note}. {_without_any(spec)}", steps)


def _setups(name: str) -> Iterator[str]:
    parts = parse_annotator_name(name)
    wanted = {parts.detector, parts.segmenter, parts.text_segmenter}
    for entry in catalogue():
        if entry.name in wanted and entry.setup:
            yield f"{entry.setup}  # {_size(entry.hub_id)}" if entry.hub_id else entry.setup


def _size(hub_id: str) -> str:
    """Say how much the hub sends."""
    size = download_bytes(hub_id)
    return "size unknown: the hub does not answer" if size is None else f"{size / 1e6:.0f} MB"


def _without_any(spec: DatasetSpec) -> str:
    if spec.agree.without_grounding == "accept":
        return "Clear changes are accepted without one (agree.without_grounding)."
    return "Without one every clear change waits for a person (agree.without_grounding)."


def check_editor(spec: DatasetSpec) -> Check:
    """Tell whether edits can be made here; no edit is asked for."""
    editor = spec.editor
    if problem := editor.problem():
        return Check("editor", State.PROBLEM, problem)
    if not editor.make().is_paid:
        return Check("editor", State.READY, f"{editor.name} works here, free of charge")
    if editor.is_emulated():
        return Check("editor", State.READY, f"{editor.name} is emulated, which bills nothing")
    if not _answers(editor.endpoint()):
        sentence = (
            f"{urlsplit(editor.endpoint()).netloc} does not answer; check the endpoint, the "
            "network and its proxy"
        )
        return Check("editor", State.PROBLEM, sentence)
    return Check(
        "editor",
        State.READY,
        f"{editor.name} has endpoint and key; whether the deployment takes them is only known from "
        "the first edit, which is paid for",
    )


def _answers(url: str) -> bool:
    """Tell whether the host of a URL takes a connection; one behind a proxy is taken to."""
    if any(os.environ.get(name) for name in _PROXIES):
        return True
    parts = urlsplit(url)
    port = parts.port or socket.getservbyname(parts.scheme)
    with (
        suppress(OSError),
        socket.create_connection((parts.hostname or "", port), _ANSWERS_WITHIN_S),
    ):
        return True
    return False


def check_store(store: Store) -> Check:
    """Write a small file into the store and remove it."""
    path = f"builds/check-{uuid4().hex}.json"
    try:
        store.write_json(path, {})
        store.remove(path)
    except OSError as error:
        return Check("store", State.PROBLEM, str(error))
    return Check("store", State.READY, f"{store.url} can be written")


def check_space(store: Store, inventory: Inventory, estimate: BuildEstimate) -> Check:
    """Compare what the disk has left with what the plan needs."""
    pixels = sum(image.width * image.height for image in inventory.images)
    mean_px = pixels / max(len(inventory.images), 1)
    needed = int(estimate.to_make * mean_px * _STORED_BYTES_PER_PX)
    free = store.free_bytes()
    if free is None:
        return Check("space", State.READY, f"about {_gib(needed)} are needed; the store has no end")
    said = f"about {_gib(needed)} are needed, {_gib(free)} are free"
    if needed > free:
        sentence = f"{said}; make room, or name another store with --store"
        return Check("space", State.PROBLEM, sentence)
    return Check("space", State.READY, said)


def check_effort(estimate: BuildEstimate) -> Check:
    """Tell how long a build takes and what it can cost."""
    cost = estimate.cost_usd
    usd = "at a cost that is not known" if cost is None else f"for at most {cost:.2f} USD"
    usd = "free of charge" if cost == 0 else usd
    minutes = f"{estimate.seconds / 60:.1f} minutes on {task_slots()} workers"
    said = f"{estimate.to_make} edits are to be made, in about {minutes}, {usd}"
    if estimate.unmeasured:
        lacking = ", ".join(estimate.unmeasured)
        return Check("effort", State.WARNING, f"{said}; not counted, for not measured: {lacking}")
    return Check("effort", State.READY, said)


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def check_prefect() -> Check:
    """Ask the Prefect server that the environment names, if it names one."""
    url = os.environ.get(_API, "").strip()
    if not url:
        return Check("prefect", State.READY, "a build starts a server of its own, and ends it")
    host = urlsplit(url).netloc.rpartition("@")[2] or url
    try:
        answer = httpx2.get(f"{url.rstrip('/')}/health", timeout=_ANSWERS_WITHIN_S)
        is_well = answer.status_code < httpx2.codes.BAD_REQUEST
    except (httpx2.HTTPError, httpx2.InvalidURL):
        is_well = False
    if is_well:
        return Check("prefect", State.READY, f"the server at {host} answers")
    sentence = f"no server answers at {host}; start it, or unset {_API} to build without one"
    return Check("prefect", State.PROBLEM, sentence)


def worst(checks: Sequence[Check]) -> State:
    """Return the worst state among checks."""
    states = {check.state for check in checks}
    return next((each for each in (State.PROBLEM, State.WARNING) if each in states), State.READY)
