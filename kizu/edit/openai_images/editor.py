"""A service that speaks ``images/edits`` as a paid editor."""

from collections.abc import Mapping
from threading import Lock
from typing import Literal

from openai import OpenAI

from kizu.edit.editor import Edit, EditError, SecretSource, StopEditingError
from kizu.edit.openai_images.batches import ImageBatches
from kizu.edit.openai_images.client import most_reply_bytes, request_body, send
from kizu.edit.openai_images.connection import Connection, with_target
from kizu.edit.openai_images.deployment import DeploymentSettings
from kizu.edit.openai_images.emulation import Service, find_service
from kizu.edit.openai_images.fetch import fetch_picture
from kizu.edit.openai_images.response import read_answer
from kizu.edit.openai_images.stream import ended_early, streaming_options
from kizu.edit.paid import CallFailure, EditorLimits, FailureKind, Reply, RequestBody
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.geometry import Geometry


class ImageServiceEditor:
    """Asks a deployment for edits; one client serves all threads."""

    def __init__(self, settings: DeploymentSettings, secrets: SecretSource | None = None) -> None:
        """Take the settings, and the deployment from the endpoint; the rest is read when called.

        Args:
            settings: What to ask, and where.
            secrets: Where ``settings.secret_block`` is looked up.
        """
        self._settings = with_target(settings)
        self._secrets = secrets
        self._lock = Lock()
        self._connected: tuple[Connection, OpenAI] | None = None
        self._service: Service | None = None
        self._batches = ImageBatches(self._settings, lambda: self._connect()[0])

    @property
    def is_paid(self) -> Literal[True]:
        """True."""
        return True

    @property
    def limits(self) -> EditorLimits:
        """What a purchase needs to know."""
        settings, service = self._settings, self._service or find_service(self._settings.address)
        self._service = service
        return EditorLimits(
            model=settings.model_name,
            deployment=settings.deployment_name,
            calls_per_minute=settings.quota_per_minute,
            max_in_flight=settings.max_in_flight,
            max_attempts=settings.max_attempts,
            max_wait_s=settings.max_wait_s,
            stop_after_failures=settings.stop_after_failures,
            max_refusals=settings.max_refusals,
            pictures_per_reply=1 + settings.streamed_pictures,
            host=service.host,
            emulated=service.emulated,
        )

    def plan_crop(
        self, request: EditRequest, source: tuple[int, int], guide: Mask | None
    ) -> Geometry:
        """Send the whole photo, or a sharp window around the defect's place."""
        return self._settings.plan_crop(request, source, guide)

    def most_usd(self, request: EditRequest, size: tuple[int, int]) -> float | None:
        """Return the most one call can cost; None where the price is not known."""
        return self._settings.most_usd(request, size)

    def pack(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> RequestBody:
        """Encode what is sent."""
        try:
            body = request_body(
                self._settings, self._settings.sent_prompt(request), picture, region
            )
        except ValueError as error:
            raise EditError(str(error)) from error
        return {**body, **streaming_options(self._settings.streamed_pictures)}

    def call(self, packed: RequestBody) -> Reply | CallFailure:
        """Make one call."""
        try:
            connection, client = self._connect()
        except StopEditingError as problem:
            return CallFailure(FailureKind.STOP, str(problem), cause="not sent")
        answer = send(client, connection, self._settings, packed)
        if isinstance(answer, Reply) and ended_early(answer.content):
            return CallFailure(
                FailureKind.UNKNOWN,
                "the stream of the answer ended before the edit; it may have been billed",
                latency_s=answer.latency_s,
                request_id=answer.request_id,
                remains=answer.content,
                host=answer.host,
                emulated=answer.emulated,
                cause="stream ended early",
            )
        return answer

    def read(self, reply: Reply, request: EditRequest, sent: RgbImage) -> Edit:  # noqa: ARG002 - the Protocol's
        """Read an answer; a picture that it only names the address of is fetched."""
        settings = self._settings

        def cost_of(usage: Mapping[str, int]) -> float | None:
            full_usd = settings.cost_usd(usage)
            return None if full_usd is None else round(full_usd * reply.billed_share, 9)

        return read_answer(reply, sent, settings.model_name, cost_of, self._fetch, self._scrub)

    @property
    def batches(self) -> ImageBatches:
        """The deployment's batches."""
        return self._batches

    @property
    def wants_batches(self) -> bool:
        """True if edits are to be bought in batches."""
        return self._settings.wants_batches

    @property
    def batch_wait_s(self) -> float:
        """How long a build waits for a batch before it ends."""
        return self._settings.longest_batch_wait_s

    def check(self) -> None:
        """Raise StopEditingError if endpoint, version or key is missing; nothing is sent."""
        self._connect()

    def close(self) -> None:
        """Hang up; the next call connects again."""
        with self._lock:
            if self._connected is not None:
                self._connected[1].close()
                self._connected = None
        self._batches.close()

    def _fetch(self, url: str) -> bytes:
        settings = self._settings
        try:
            endpoint = self._connect()[0].endpoint
        except StopEditingError as problem:
            raise ValueError(f"its picture is not fetched: {problem}") from problem
        return fetch_picture(url, endpoint, settings.timeout_s, most_reply_bytes(settings))

    def _scrub(self, sentence: str) -> str:
        try:
            return self._connect()[0].scrub(sentence)
        except StopEditingError:  # what is not known cannot be taken out
            return ""

    def _connect(self) -> tuple[Connection, OpenAI]:
        with self._lock:
            if self._connected is None:
                connection = Connection.from_environment(self._settings, self._secrets)
                settings = self._settings
                client = connection.client(settings.timeout_s, most_reply_bytes(settings))
                self._connected = (connection, client)
            return self._connected
