"""The web application behind the review page: what it answers to which request."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from kizu.imaging.arrays import RgbImage
from kizu.imaging.run_lengths import run_lengths
from kizu.outputs import SampleOutputs
from kizu.publish.frames import PublishedFrame
from kizu.publish.samples import made_picture
from kizu.review_page.clicking import ClickSegmenter, SegmenterNotLoadedError
from kizu.review_page.pictures import (
    Picture,
    describe_decision,
    picture_file,
    thumbnail_file,
)
from kizu.review_page.queue import Task
from kizu.review_page.safety import Access, Guard
from kizu.review_page.session import ReviewSession, Stored, UnknownSampleError, Wanted
from kizu.settings import Record
from kizu.store import DamagedFileError
from kizu.web import static_files

logger = logging.getLogger(__name__)

_FOR_EVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Of what is asked for by a version: another picture has another address."""

_MEDIA_TYPES: Final = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
"""By the ends of file names; what the system thinks of them may be something else."""

_MOST_TASKS: Final = 8
"""Tasks a page may hold at a time: the one that is shown and those it loads ahead."""
_MOST_POINTS: Final = 64
"""Clicks on one object; SAM was trained with a few."""

Body = TypeVar("Body", bound=Record)
Pixels = Annotated[float, Field(allow_inf_nan=False)]


class TasksWanted(Record):
    """A page asks what comes next."""

    page: str = Field(min_length=8, max_length=64)
    most: int = Field(ge=1, le=_MOST_TASKS)
    shown: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()


class DecisionsWanted(Record):
    """A page sends decisions, those of a sheet together."""

    reviewed_by: str = Field(min_length=1, max_length=200, pattern=r"\S")
    decisions: tuple[Wanted, ...] = Field(min_length=1, max_length=64)


class ClicksWanted(Record):
    """A page asks for the object under points, or in a box, in pixels of the published image."""

    version: str
    points: tuple[tuple[Pixels, Pixels, bool], ...] = Field(default=(), max_length=_MOST_POINTS)
    box: tuple[Pixels, Pixels, Pixels, Pixels] | None = None

    @model_validator(mode="after")
    def _something_is_meant(self) -> Self:
        if self.box is None and not self.points:
            raise ValueError("give points or a box")
        return self


def review_app(
    session: ReviewSession, access: Access, clicks: ClickSegmenter | None = None
) -> Starlette:
    """Return the application.

    Args:
        session: The review.
        access: Who may talk to it.
        clicks: What marks the object under a click; None if nothing does.
    """
    page = _ReviewPage(session, clicks)
    routes = [
        Route("/", page.index),
        Route("/api/review", page.review),
        Route("/api/tasks", _posted(TasksWanted, page.tasks), methods=["POST"]),
        Route("/api/decisions", _posted(DecisionsWanted, page.decide), methods=["POST"]),
        Route("/api/numbers/{sample_id}", page.number),
        Route("/api/samples/{number:int}", page.sample),
        Route(
            "/api/samples/{number:int}/clicks", _posted(ClicksWanted, page.click), methods=["POST"]
        ),
        Route("/samples/{number:int}/{version}/thumbnail", page.thumbnail),
        Route("/samples/{number:int}/{version}/{picture}", page.picture),
        Route("/static/{name}", page.static),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, access=access)],
        exception_handlers=dict.fromkeys(
            (UnknownSampleError, FileNotFoundError, DamagedFileError, SegmenterNotLoadedError),
            _not_found,
        ),
    )


class _ReviewPage:
    """Answers requests; those without ``async`` run in threads, for they read and compute."""

    def __init__(self, session: ReviewSession, clicks: ClickSegmenter | None) -> None:
        self._session = session
        self._clicks = clicks
        self._files = {**static_files(), **static_files("kizu.review_page")}

    async def index(self, _: Request) -> Response:
        return self._static_file("index.html")

    async def static(self, request: Request) -> Response:
        return self._static_file(request.path_params["name"])

    def _static_file(self, name: str) -> Response:
        if name not in self._files:
            raise FileNotFoundError(f"the page has no file {name!r}")
        kind = _MEDIA_TYPES[name.rpartition(".")[2]]
        return Response(self._files[name], media_type=kind, headers={"Cache-Control": "no-cache"})

    def review(self, _: Request) -> Response:
        return JSONResponse(
            {
                "dataset": self._session.dataset,
                "version": self._session.build.version,
                "segmenter": self._segmenter(),
                "reviewer": self._session.reviewer,
                "progress": self._session.progress(),
            }
        )

    def tasks(self, _: Request, body: TasksWanted) -> Response:
        tasks = self._session.tasks(body.page, body.most, shown=body.shown, skipped=body.skipped)
        return JSONResponse(
            {
                "tasks": [self._task(task) for task in tasks],
                "progress": self._session.progress(),
                "segmenter": self._segmenter(),
            }
        )

    def _segmenter(self) -> dict[str, Any]:
        clicks = self._clicks
        return {
            "name": clicks.name if clicks else "",
            "is_loading": bool(clicks and clicks.is_loading),
        }

    def _task(self, task: Task) -> dict[str, Any]:
        samples = [self._named(number) for number in task.numbers]
        return {"samples": samples, "section": task.section, "sheet": task.sheet}

    def decide(self, _: Request, body: DecisionsWanted) -> Response:
        stored = [self._decided(one, body.reviewed_by.strip()) for one in body.decisions]
        return JSONResponse({"results": _results(stored), "progress": self._session.progress()})

    def _decided(self, wanted: Wanted, reviewed_by: str) -> Stored:
        """Store one decision of several; what is wrong with it stops no other."""
        try:
            return self._session.decide(wanted, reviewed_by)
        except UnknownSampleError as error:
            problem = str(error)
        except OSError as error:
            logger.exception("a decision was not stored")
            problem = f"not stored: {error.strerror or type(error).__name__}; try again"
        return Stored(number=wanted.number, stored=False, decision=None, problem=problem)

    def number(self, request: Request) -> Response:
        number = self._session.number_of(request.path_params["sample_id"])
        return JSONResponse(self._named(number))

    def _named(self, number: int) -> dict[str, Any]:
        """Return what the page needs to know of a sample before it asks for it."""
        found = self._session.sample(number)
        has_normal = found.sample.has_normal
        return {"number": number, "version": found.version, "has_normal": has_normal}

    def sample(self, request: Request) -> Response:
        return JSONResponse(self._session.describe(request.path_params["number"]))

    def picture(self, request: Request) -> Response:
        name = request.path_params["picture"]
        if name not in set(Picture):
            raise FileNotFoundError(f"there is no picture {name!r}; {', '.join(Picture)} are")
        data, media_type = picture_file(self._asked(request), Picture(name))
        return Response(data, media_type=media_type, headers=_FOR_EVER)

    def thumbnail(self, request: Request) -> Response:
        data = thumbnail_file(self._asked(request))
        return Response(data, media_type="image/webp", headers=_FOR_EVER)

    def _asked(self, request: Request) -> SampleOutputs:
        """Return the sample of a picture's address; another version of it is not here."""
        found = self._session.sample(request.path_params["number"])
        if found.version != request.path_params["version"]:
            raise FileNotFoundError(f"{found.sample.sample_id} was built anew; load the page again")
        return found.outputs(self._session.store)

    def click(self, request: Request, body: ClicksWanted) -> Response:
        number = request.path_params["number"]
        found = self._session.sample(number)
        if found.version != body.version:
            raise FileNotFoundError(f"{found.sample.sample_id} was built anew; load the page again")
        if self._clicks is None:
            raise SegmenterNotLoadedError("no segmenter is loaded; see 'kizu review --help'")
        outputs = found.outputs(self._session.store)

        def image() -> RgbImage:
            return made_picture(outputs, PublishedFrame(outputs)).image

        mask = self._clicks.mask_at(found.version, image, body.points, body.box)
        return JSONResponse({"mask": run_lengths(mask)})


def _results(stored: Sequence[Stored]) -> list[dict[str, Any]]:
    return [
        {
            "number": one.number,
            "stored": one.stored,
            "problem": one.problem,
            "decision": describe_decision(one.decision),
        }
        for one in stored
    ]


def _posted(
    body: type[Body], answer: Callable[[Request, Body], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that reads a JSON body and has it answered in a thread."""

    async def endpoint(request: Request) -> Response:
        try:
            wanted = body.model_validate_json(await request.body())
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in problem["loc"])
            return PlainTextResponse(f"{place or 'body'}: {problem['msg']}", 400)
        return await run_in_threadpool(answer, request, wanted)

    return endpoint


def _not_found(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 404)
