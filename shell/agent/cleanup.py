"""Kills what outlived a run's guard: such processes are found by the run that their environment names."""

import os
import signal
import time

RUN = "CALORON_RUN"
_LIMIT_S = 10.0


def kill_remaining(run_id: str) -> None:
    """Kill them until none is found; what one of them starts meanwhile inherits the name."""
    end = time.monotonic() + _LIMIT_S
    while (remaining := _of_run(run_id)) and time.monotonic() < end:
        for process in remaining:
            _kill(process)
        time.sleep(0.02)


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself meanwhile


def _of_run(run_id: str) -> list[int]:
    """The living processes of the run; the dead have no environment any more."""
    named = f"{RUN}={run_id}".encode()
    processes = filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else [])
    return [int(name) for name in processes if named in _environment(name)]


def _environment(process: str) -> list[bytes]:
    """Empty if it has ended, or belongs to another user and so not to the run."""
    try:
        with open(f"/proc/{process}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []
