"""What ``kizu serve`` is told, and the environment that follows for server and worker."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deployments.sign_in import CLIENT_VARIABLE, SERVER_VARIABLE

POOL: Final = "kizu"
"""The work pool that the worker of ``kizu serve`` takes runs from."""

RETENTION_DAYS: Final = 90

LEASE_STORAGE: Final = "prefect.server.concurrency.lease_storage.filesystem"
"""Leases of deployments' slots as files in the server's home; one server process at a time."""

_NEVER: Final = "0 0 1 1 *"


@dataclass(frozen=True)
class ServeSettings:
    """Where things are and when the nightly build runs.

    Attributes:
        store_url: A folder or an fsspec URL.
        home: Folder of the server's database and logs.
        host: Address to listen on.
        address: Name under which browsers and workers reach this machine.
        port: Port of the server.
        files_port: Port of reports and pictures.
        nightly: Spec file to build by schedule; None for no schedule.
        cron: When, as a cron expression.
        timezone: Time zone of ``cron``, for example Europe/Berlin.
        runs_at_once: Flow runs the worker executes at the same time.
        sign_in: What server and reports ask for, as ``user:password``; empty to ask for nothing.
    """

    store_url: str
    home: Path
    host: str = "127.0.0.1"
    address: str = "127.0.0.1"
    port: int = 4200
    files_port: int = 4201
    nightly: Path | None = None
    cron: str = "30 2 * * *"
    timezone: str = "UTC"
    runs_at_once: int = 2
    sign_in: str = ""

    @property
    def ui_url(self) -> str:
        """Where people open it."""
        return f"http://{self.address}:{self.port}"

    @property
    def api_url(self) -> str:
        """Where workers and commands reach it."""
        return f"{self.ui_url}/api"

    @property
    def files_url(self) -> str:
        """Where reports are served."""
        return f"http://{self.address}:{self.files_port}"

    @property
    def store(self) -> str:
        """The store, independent of the folder a worker runs in."""
        if "://" in self.store_url:
            return self.store_url
        return str(Path(self.store_url).expanduser().resolve())


def environment(settings: ServeSettings) -> dict[str, str]:
    """Return the environment of server, worker and deployments; what the user has set stays.

    The server's recorder writes task runs in batches: one by one, the default, it records 11 to 19
    a second and drops the rest of a large build.
    """
    defaults = {
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(RETENTION_DAYS * 24 * 3600),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # Kept in memory, the default, a restart would forget who holds a deployment's slot.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASE_STORAGE,
        # A restart of the server is waited for: nine tries are about four minutes.
        "PREFECT_CLIENT_MAX_RETRIES": "9",
    }
    nightly = settings.nightly
    decided = {
        "PREFECT_HOME": str(settings.home.resolve()),
        "PREFECT_API_URL": settings.api_url,
        "PREFECT_UI_URL": settings.ui_url,
        "PREFECT_SERVER_API_HOST": settings.host,
        "PREFECT_SERVER_API_PORT": str(settings.port),
        # The page asks its own origin, whatever name and port a tunnel gives that; nobody else may.
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": settings.ui_url,
        "KIZU_POOL": POOL,
        "KIZU_GPU_POOL": POOL,
        "KIZU_STORE": settings.store,
        "KIZU_FILES_URL": settings.files_url,
        "KIZU_WORKDIR": str(Path.cwd()),
        "KIZU_NIGHTLY": "true" if nightly else "false",
        "KIZU_SPEC_FILE": str(nightly.resolve()) if nightly else "",
        "KIZU_CRON": settings.cron if nightly else _NEVER,
        "KIZU_TIMEZONE": settings.timezone,
    }
    if settings.sign_in:
        decided |= {SERVER_VARIABLE: settings.sign_in, CLIENT_VARIABLE: settings.sign_in}
    return {**defaults, **os.environ, **decided}
