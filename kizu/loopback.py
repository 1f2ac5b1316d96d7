"""Addresses of this machine that no other one reaches."""

import socket
from ipaddress import ip_address, ip_network
from typing import Final

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
"""Names that lead to this machine and that no name server can make lead elsewhere."""

_NETWORKS: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its form alone; no name is looked up.

    Example:
        >>> [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "0.0.0.0", "kizu.lan")]
        [True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _NETWORKS)


def free_port() -> int:
    """Return a port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
