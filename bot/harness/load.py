"""The load of the benchmark: the forge's call log as it grows, and repositories that are kept busy."""

import json
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import monotonic, sleep, time
from types import TracebackType
from typing import Any
from urllib.request import urlopen

from .environment import USER, Environment

Call = dict[str, Any]
_POLL_S = 0.04
OPEN_COMMANDS = 3
"""How many commands a busy repository is given before the first of them is answered."""
REACTIONS = 2
"""A command gets 👀 at once, and 🚀 or 😕 at the end."""
BUSY_WITHIN_S = 30.0
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class CallLog:
    """The bot's calls to the forge by repository, read while they come in."""

    def __init__(self, url: str, account: str) -> None:
        self.url, self.account = url, account
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.reactions: Counter[str] = Counter()
        self._last = 0
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "CallLog":
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._reader.join()

    def _read(self) -> None:
        while not self._closed.wait(_POLL_S):
            with urlopen(f"{self.url}/_fake/log?after={self._last}", timeout=60) as response:
                for call in json.load(response):
                    self._record(call)

    def _record(self, call: Call) -> None:
        self._last = call["n"]
        if call["user"] == self.account:
            repo = _repository(call["path"])
            self.calls[repo].append(call)
            self.reactions[repo] += call["method"] == "POST" and call["path"].endswith("/reactions")

    def since(self, repo: str, start: float) -> list[Call]:
        """The calls for a repository since a time, in the order in which the forge received them."""
        found = [call for call in self.calls[repo] if call["at"] >= start]
        return sorted(found, key=lambda call: float(call["at"]))

    def wait_for_reactions(self, repo: str, number: int, within_s: float) -> None:
        """Wait until the repository has this many reactions."""
        deadline = monotonic() + within_s
        while self.reactions[repo] < number and monotonic() < deadline:
            sleep(_POLL_S / 4)


def _repository(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[4:6]) if parts[1:4] == ["api", "v1", "repos"] else ""


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """p50, p95 and n."""
    if not milliseconds:
        return {"p50": 0.0, "p95": 0.0, "n": 0}
    p95 = quantiles(milliseconds, n=20)[-1] if len(milliseconds) > 1 else milliseconds[0]
    return {"p50": round(median(milliseconds), 1), "p95": round(p95, 1), "n": len(milliseconds)}


@dataclass
class BusyRepositories:
    """Keeps repositories busy: each always has commands that are not answered yet."""

    env: Environment
    log: CallLog
    repos: list[str]
    pause_s: float
    slow_s: float
    """How long the forge takes for a call of the bot there, so that actions queue up."""
    depths: list[int] = field(default_factory=list)
    _closed: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _started: float = 0.0
    _events_before: int = 0

    def __enter__(self) -> "BusyRepositories":
        slow = {"path": "/repos/acme/other-.*/(reactions|comments|labels)", "seconds": self.slow_s}
        self._set_faults({"api": [slow]})
        busy = [threading.Thread(target=self._keep_busy, args=(repo,), daemon=True) for repo in self.repos]
        self._threads = [*busy, threading.Thread(target=self._measure, daemon=True)]
        for thread in self._threads:
            thread.start()
        self._wait_until_busy()
        return self

    def _wait_until_busy(self) -> None:
        """Measuring starts when nearly all repositories have work to do."""
        deadline = monotonic() + BUSY_WITHIN_S
        while monotonic() < deadline and (self.depths or [0])[-1] < len(self.repos) * 0.8:
            sleep(_POLL_S)
        self.depths.clear()
        self._started, self._events_before = time(), self._events()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join()
        self._set_faults({})

    def _set_faults(self, faults: dict[str, Any]) -> None:
        url = f"{self.env.forge['url']}/_fake/faults"
        with urlopen(url, json.dumps(faults).encode(), timeout=10) as response:
            response.read()

    def summary(self) -> dict[str, Any]:
        """How busy they were."""
        depths = sorted(self.depths) or [0]
        return {
            "repositories": len(self.repos),
            "depth_min": depths[0],
            "depth_p50": depths[len(depths) // 2],
            "events_per_s": (self._events() - self._events_before) / max(time() - self._started, 0.001),
        }

    def _events(self) -> int:
        """How many events they have advanced so far."""
        return sum(self.env.store.load(self.env.lane(repo)).seq for repo in self.repos)

    def _keep_busy(self, repo: str) -> None:
        """Give a command, and the next ones before the first is answered."""
        forge, given = self.env.client(USER), 0
        number, before = forge.create_issue(repo, "Busy", "")["number"], self.log.reactions[repo]
        while not self._closed.wait(_POLL_S):
            answered = (self.log.reactions[repo] - before) / REACTIONS
            if given - answered < OPEN_COMMANDS:
                forge.comment(repo, number, "/caloron status")
                given += 1
                self._closed.wait(self.pause_s)

    def _measure(self) -> None:
        while not self._closed.is_set():
            due = [repo for repo in self.repos if self.env.store.due_actions(self.env.lane(repo), 1)]
            self.depths.append(len(due))
            sleep(0.2)
