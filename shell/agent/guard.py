"""The agent's guard: starts one command, and makes sure that no process of it survives.

Runs alone, by file name (`python -I guard.py [--input FILE] [--cgroup FOLDER]… -- COMMAND…`). Its own
standard input is a pipe that nobody writes: when it closes, our parent wants us to end, or is dead; both mean
the same.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

GRACE_S = 1.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def main(arguments: list[str]) -> int:
    """The status of the command, 128 + n if signal n ended it, 127 if there is no such command."""
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    named = list(zip(options[::2], options[1::2], strict=True))
    input_file = [value for name, value in named if name == "--input"]
    groups = [value for name, value in named if name == "--cgroup"]
    parent = os.getppid()
    _adopt_orphans()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    try:
        child = _start(command, input_file[0] if input_file else os.devnull, groups)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
        return 127
    status = _wait(child, reading)
    _end_all(child, parent)
    return status if status is not None else 143


def _adopt_orphans() -> None:
    """A descendant that loses its parent becomes our child, and so is found at the end."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _start(command: list[str], input_file: str, groups: "list[str]") -> "subprocess.Popen[bytes]":
    def prepare() -> None:
        _die_with_guard()
        for folder in groups:
            _join(folder)

    with open(input_file, "rb") as source:
        return subprocess.Popen(command, stdin=source, preexec_fn=prepare)


def _join(group: str) -> None:
    with open(os.path.join(group, "cgroup.procs"), "w") as members:
        members.write(str(os.getpid()))


def _die_with_guard() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _wait(child: "subprocess.Popen[bytes]", wake: int) -> "int | None":
    """The command's status; None as soon as standard input closes."""
    while True:
        if (status := child.poll()) is not None:
            return status if status >= 0 else 128 - status
        ready, _, _ = select.select([0, wake], [], [], 60)
        if wake in ready:
            os.read(wake, 4096)
        if 0 in ready and not os.read(0, 4096):
            return None


def _end_all(child: "subprocess.Popen[bytes]", parent: int) -> None:
    """SIGTERM first, then SIGKILL, until no descendant is left; SIGKILL at once if our parent is gone."""
    asked = time.monotonic()
    _signal_all(signal.SIGTERM)
    while _reap(child) and time.monotonic() < asked + 10:
        if time.monotonic() > asked + GRACE_S or os.getppid() != parent:
            _signal_all(signal.SIGKILL)
        time.sleep(0.02)


def _reap(child: "subprocess.Popen[bytes]") -> bool:
    """Reap the dead; whether a child is left."""
    child.poll()
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _signal_all(number: int) -> None:
    for process in _descendants():
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue  # it ended by itself meanwhile


def _descendants() -> "list[int]":
    """Every process below us, by the parents that /proc tells."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else []):
        try:
            with open(f"/proc/{name}/stat", "rb") as about:
                parent = int(about.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue  # it ended while we looked
        children.setdefault(parent, []).append(int(name))
    found, waiting = [], [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
