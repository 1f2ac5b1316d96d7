"""Runs a module for as long as the process that started it lives.

``python -m deployments.kept MODULE WORDS``: standard input is a pipe that the starting process
holds open. When that process is gone, however it ended, the pipe is closed, and the module ends
as if it had been interrupted. So nothing stays behind that holds a port or buys.
"""

import os
import runpy
import signal
import sys
import time
from threading import Thread
from typing import Final

STOP_TIMEOUT_S: Final = 30.0
"""So long a worker waits for its runs' ends, so long its end is waited for."""


def main() -> None:
    """Run the module that the command line names."""
    Thread(target=_end_with_starter, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with_starter() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(STOP_TIMEOUT_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
