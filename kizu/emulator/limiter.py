"""A rate limiter like Azure's: the per-minute quota is checked over short windows."""

import math
import time
from collections import deque
from threading import Lock

WINDOW_S = 10.0


class RateLimiter:
    """Lets a sixth of the per-minute quota through in any ten seconds; rejected calls count too."""

    def __init__(self, per_minute: float, speed: float = 1.0) -> None:
        """Start with an empty window.

        Args:
            per_minute: Calls per minute.
            speed: How many times faster than real time the minute passes.
        """
        self._per_window = max(1, math.floor(per_minute * WINDOW_S / 60))
        self._window_s = max(WINDOW_S, 60 / per_minute) / speed
        self._calls: deque[float] = deque()
        self._lock = Lock()

    def admit(self) -> float:
        """Enter a call; return 0 if it may pass, else the seconds until one may."""
        with self._lock:
            now = time.monotonic()
            while self._calls and self._calls[0] <= now - self._window_s:
                self._calls.popleft()
            is_full = len(self._calls) >= self._per_window
            self._calls.append(now)
            return self._calls[-self._per_window] + self._window_s - now if is_full else 0.0
