"""Reaching servers of this machine past the proxy that leads to others."""

import os
from typing import Final

from kizu.loopback import LOOPBACK

_VARIABLES: Final = ("NO_PROXY", "no_proxy")
"""Some readers know one, some the other, and the lower one counts where both are set."""


def bypass_proxy(*names: str) -> None:
    """Let this process and its children reach loopback, and names, without a proxy.

    Args:
        names: Further hosts of this machine.
    """
    known = [os.environ[variable] for variable in _VARIABLES if os.environ.get(variable)]
    listed = [name.strip() for value in known for name in value.split(",") if name.strip()]
    value = ",".join(dict.fromkeys([*listed, *LOOPBACK, *names]))
    os.environ.update(dict.fromkeys(_VARIABLES, value))
