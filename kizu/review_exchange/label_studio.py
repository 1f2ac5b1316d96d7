"""Label Studio: tasks with the masks as predictions, and the labelling interface for them.

A task's predictions are the mask that is published and what each annotator found, each a brush
mask that a person can start from. The choice and the note are theirs.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from kizu.export.label_studio import (
    IMAGE,
    INTERFACE,
    TASKS,
    brush_result,
    interface,
    picture_url,
)
from kizu.imaging.arrays import Mask
from kizu.imaging.brush_rle import decode_brush
from kizu.review_exchange.registry import (
    PICTURES,
    VERDICTS,
    ExchangeError,
    Judged,
    LeftOut,
    Shown,
    verdict_of,
)

_VERDICT, _NOTE = "verdict", "note"
_SHOWN_AS: Final = "kizu"
"""The model version of the prediction that is the published mask."""


def write(shown: Iterator[Shown], classes: Sequence[str], folder: Path) -> None:
    """Write the tasks, and the interface to paste into the project's settings.

    The pictures are found through Label Studio's local files, below the folder's parent.
    """
    (folder / INTERFACE).write_text(_interface(classes), encoding="utf-8")
    tasks = [_task(each, folder.resolve().name) for each in shown]
    (folder / TASKS).write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")


def read(data: bytes) -> Iterator[Judged | LeftOut]:
    """Read a project's export in the format JSON."""
    try:
        tasks = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"the file is no JSON ({error}); export the project as JSON") from error
    if not isinstance(tasks, list):
        raise ExchangeError("the file holds no list of tasks; export the project as JSON")
    for number, each in enumerate(tasks, start=1):
        try:
            task = _Task.model_validate(each)
        except ValidationError as error:
            yield LeftOut(f"task {number} of the file", _sentence(error))
            continue
        for annotation in task.last_by_person():
            try:
                yield _judged(task, annotation)
            except ValidationError as error:
                yield LeftOut(task.name, _sentence(error))
            except ValueError as error:
                yield LeftOut(task.name, str(error))


class _Data(BaseModel):
    """What kizu gave a task; empty in tasks of others."""

    sample_id: str = ""
    shown: str = ""


class _Value(BaseModel):
    """What a person gave, by its kind."""

    format: str = ""
    rle: list[int] = Field(default_factory=list)
    brushlabels: list[str] = Field(default_factory=list)
    choices: list[str] = Field(default_factory=list)
    text: list[str] = Field(default_factory=list)


class _Region(BaseModel):
    """One mask, choice or note; the size is that of the picture in pixels."""

    from_name: str
    type: str
    original_width: int | None = None
    original_height: int | None = None
    image_rotation: float = 0
    value: _Value


class _Person(BaseModel):
    """Who annotated."""

    email: str = ""


class _Annotation(BaseModel):
    """What one person said of a task."""

    completed_by: _Person | int | None = None
    created_at: str = ""
    updated_at: str = ""
    was_cancelled: bool = False
    result: list[_Region]

    @property
    def reviewer(self) -> str:
        """Who, where the export says more than a number."""
        return self.completed_by.email if isinstance(self.completed_by, _Person) else ""


class _Task(BaseModel):
    """One task; its annotations are looked at one by one, for a bad one costs no other."""

    id: int | str
    data: _Data
    annotations: list[dict[str, Any]]

    @property
    def name(self) -> str:
        """How a person finds it."""
        return f"task {self.id} ({self.data.sample_id or 'not of kizu'})"

    def last_by_person(self) -> list[dict[str, Any]]:
        """Return everybody's last annotation, the last one last; skipped ones are none."""
        done = [each for each in self.annotations if not each.get("was_cancelled")]
        done.sort(key=lambda each: str(each.get("updated_at") or each.get("created_at") or ""))
        last: dict[str, dict[str, Any]] = {}
        for each in done:
            person = json.dumps(each.get("completed_by"), sort_keys=True)
            last.pop(person, None)
            last[person] = each
        return list(last.values())


def _interface(classes: Sequence[str]) -> str:
    choices = "".join(f'    <Choice value="{verdict}"/>\n' for verdict in VERDICTS)
    return interface(
        classes,
        above='  <Header value="$question"/>\n',
        below=(
            f'  <Choices name="{_VERDICT}" toName="{IMAGE}" choice="single-radio" '
            f'required="true">\n{choices}  </Choices>\n'
            f'  <TextArea name="{_NOTE}" toName="{IMAGE}" placeholder="why" maxSubmissions="1"/>\n'
        ),
    )


def _task(shown: Shown, folder: str) -> dict[str, Any]:
    masks = dict(shown.found) | {_SHOWN_AS: shown.label}  # it opens a task with the last one
    return {
        "data": {
            IMAGE: picture_url(f"{folder}/{PICTURES}/{shown.file_name}"),
            "question": f"{shown.defect_type}: {shown.prompt} ({shown.reason})",
            "sample_id": shown.sample_id,
            "shown": shown.key,
        },
        "predictions": [
            {"model_version": name, "result": brush_result(mask, shown.defect_type)}
            for name, mask in masks.items()
        ],
    }


def _judged(task: _Task, annotation: dict[str, Any]) -> Judged:
    """Read one annotation.

    Raises:
        ValueError: It says nothing that kizu can take over; the message says why.
    """
    if not (task.data.sample_id and task.data.shown):
        raise ValueError("it carries no sample of kizu's; import the tasks that kizu exported")
    told = _Annotation.model_validate(annotation)
    masks = [each for each in told.result if each.from_name not in {_VERDICT, _NOTE}]
    return Judged(
        task=task.name,
        sample_id=task.data.sample_id,
        key=task.data.shown,
        verdict=verdict_of([name for each in told.result for name in each.value.choices]),
        mask=partial(_union, masks),
        labels=frozenset(label for each in masks for label in each.value.brushlabels),
        note="\n".join(text for each in told.result for text in each.value.text).strip(),
        reviewer=told.reviewer,
    )


def _union(regions: Sequence[_Region], shape: tuple[int, int]) -> Mask:
    """Return the union of the brush masks, (H, W) bool.

    Raises:
        ValueError: One of them is none on a picture of that size.
    """
    union = np.zeros(shape, np.bool_)
    for region in regions:
        if region.type != "brushlabels" or region.value.format != "rle":
            raise ValueError(f"it has a region of type {region.type!r}; draw with the brush")
        if region.image_rotation:
            raise ValueError("its picture is turned; turn it back and draw again")
        size = region.original_height, region.original_width
        if size != shape:
            raise ValueError(f"its mask is {size}, its image is {shape}; use the exported picture")
        union |= decode_brush(region.value.rle, shape)
    return union


def _sentence(error: ValidationError) -> str:
    """Say what of an export as JSON is missing or of another kind."""
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"it is not as Label Studio exports it as JSON ({place}: {first['msg']})"
