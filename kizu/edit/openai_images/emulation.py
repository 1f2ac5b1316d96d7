"""Tells who answers at an endpoint: a service that bills, or the emulator that imitates it.

An imitated edit must never pass for a real one, so this is known before anything is planned: it is
part of an emulated edit's identity, of its record, of the ledger and of the provenance.
"""

import os
from dataclasses import dataclass
from typing import Final

import httpx2

from kizu.bounded_http import authorities
from kizu.edit.openai_images.deployment import ServiceAddress
from kizu.loopback import is_loopback

EMULATOR_HEADER: Final = "x-kizu-emulator"
"""In every answer of the emulator."""

_PROBE_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True)
class Service:
    """Who answers.

    Attributes:
        host: The endpoint's host, without user, port and path; empty where none is set.
        emulated: True for the emulator.
    """

    host: str
    emulated: bool


def find_service(address: ServiceAddress) -> Service:
    """Find out who answers where the environment points to.

    Only a server on this machine is asked: the emulator listens nowhere else.
    """
    value = os.environ.get(address.endpoint_variable, "").strip()
    try:
        url = httpx2.URL(value or address.default_endpoint)
    except httpx2.InvalidURL:
        return Service("", emulated=False)
    return Service(url.host, is_loopback(url.host) and _is_emulator(url))


def _is_emulator(url: httpx2.URL) -> bool:
    origin = url.copy_with(path="/", query=None, fragment=None, userinfo=b"")
    try:
        verify = authorities(is_encrypted=url.scheme == "https")
        client = httpx2.Client(timeout=_PROBE_TIMEOUT_S, trust_env=False, verify=verify)
        with client, client.stream("GET", origin) as answer:  # the headers are all that counts
            return EMULATOR_HEADER in answer.headers
    except httpx2.HTTPError:
        return False
