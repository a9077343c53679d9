"""Numbers and words out of all bounds in reports, heartbeats, deliveries, files; and a stage that raises."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import requests

from bot.harness.environment import free_port
from handlers.repository_labels import declared_policy
from handlers.switchboard import INSTEAD, composition_for, expand
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell import tick_file
from shell.agent.feedback import read_feedback
from shell.config_file import read_config
from shell.feedback_block import read_feedback as read_block
from shell.store import Loaded, Store, connect, keys
from shell.store.fields import empty
from shell.valkey import serving

from .kind import Arena, Defence, Kind, Tried

_NOW = "2026-01-01T12:00:00.000Z"
_ROOT = Path(__file__).resolve().parents[3]
_DEEP = "[" * 900 + "]" * 900
NUMBERS = (
    *("1e999", "-1e999", "NaN", "Infinity", "-Infinity", "9" * 400, "9" * 5000, "-1", "1e308", "0.1", "true"),
    *("null", '"7"', "[]", "{}", _DEEP, "[" * 100_000, '"\\ud800"', f'"{"x" * 200_000}"'),
)
"""JSON (or nearly) that stands where a number or a text is expected."""
FIELDS = (
    *("task_clarity", "tokens_consumed", "time_to_complete_min", "blockers", "tools_used"),
    *("self_assessment", "notes", "task_id", "agent_role"),
)
_YEAR_S = 366 * 24 * 3600
SECRET = "the secret of the hook"


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield from _reports(arena)
    yield from _config(arena)
    yield from _tick_files(arena)
    yield from _a_stage_that_raises()
    yield from _over_http(arena)


def _some(arena: Arena, most: int) -> list[tuple[str, str]]:
    """Pairs of a field and what stands in it; in a short run some of them."""
    pairs = [(field, text) for field in FIELDS for text in NUMBERS]
    return arena.random.sample(pairs, most) if arena.short else pairs


# -- reports of agents ---------------------------------------------------------------------------------------


def _reports(arena: Arena) -> Iterator[Tried]:
    always = [("tokens_consumed", text) for text in ("1e999", "9" * 400, "NaN")]
    for field, text in [*always, *_some(arena, 12)]:
        said = f'CALORON_FEEDBACK_START {{"{field}": {text}, "notes ": "x"}} CALORON_FEEDBACK_END'
        yield _ends(f"a report with {field}: {text[:20]}", partial(read_feedback, said))
        block = f"caloron_feedback:\n  {field}: {text}\n"
        yield _ends(f"a block with {field}: {text[:20]}", partial(_newest, block))
    for text in (".inf", ".nan", "1" + "0" * 5000, "2001-99-99", "&a [*a]", "!!python/object:os.system x"):
        block = f"caloron_feedback:\n  tokens_consumed: {text}\n"
        yield _ends(f"a block with {text[:20]}", partial(_newest, block))


def _newest(block: str) -> Any:
    return (read_block(block) or [None])[-1]


def _ends(name: str, read: Callable[[], Any]) -> Tried:
    """A sprint whose agent reported that, stopped: it ends, with its retro, and nothing is buried."""
    try:
        report = read()
    except Exception as error:
        return Tried(name, False, f"reading raised {type(error).__name__}: {error}"[:200])
    lane = _Lane(report)
    return lane.stopped(name, lambda body: body.startswith("# Sprint retro"), buried=0)


_ALLOWED = {"login": "ann", "at": _NOW, "user_id": 2, "permission": "write"}
_STOP: dict[str, Any] = {
    "type_": "issue_comment", "body": "/stop", "author": "ann", "author_id": 2, "actor": "ann", "actor_id": 2,
    "issue_number": 4, "is_pull": False, "found": True,
}  # fmt: skip


class _Lane:
    """A running sprint with one task, decided by the real compositions."""

    def __init__(self, report: Any, breaks: str = "") -> None:
        done = {
            "id": "a",
            "title": "A",
            "agent_id": "a",
            "status": "InProgress",
            "issue_number": 5,
            "attempt": 1,
            "agent": "running",
        }
        kickoff = {"id": "shop-1", "number": 4, "goal": "Shoes", "status": "Running", "started_at": _NOW}
        repo = {"forge": "gitea", "repo_id": 7, "full_name": "acme/shop", "default_branch": "main"}
        self.state: Any = empty() | {
            "repo": repo, "me": {"id": 1, "login": "bot"}, "marks": {}, "permissions": {"ann": _ALLOWED},
            "kickoffs": {"4": kickoff}, "running": 4, "tasks": {"a": done},
        }  # fmt: skip
        self.report, self.breaks, self.dead = report, breaks, dict[str, Any]()

    def take(self, type_: str, **fields: Any) -> list[Any]:
        policy: Any = declared_policy() | {
            "framework": "stub",
            "time_limit_s": 60,
            "merge": "on-approval",
            "parallel": 2,
        }
        policy["me"] = self.state["me"]
        decider = Decider(expand, composition_for, self.run, lambda _: policy, lambda: _NOW, lambda *_: set())
        decider = Decider(**(vars(decider) | {"instead": INSTEAD}))
        named = {"forge": "gitea", "repo_id": 7, "repo": "acme/shop"}
        event: Any = {**named, "type": type_, "key": type_, "at": _NOW}
        decided = decide(Loaded("gitea-7", self.state), [event | fields], decider)
        self.state = decided.state
        self.dead |= {letter["id"]: letter for letter in decided.dead}
        return decided.actions

    def run(self, name: str, turn: Any) -> Any:
        if name == self.breaks:
            raise OverflowError("a report stage fails")
        return run_pure(name, turn)

    def stopped(self, name: str, is_told: Callable[[str], bool], buried: int) -> Tried:
        """The agent's run ends with its report, then a person stops the sprint, again and again."""
        about = {"sprint_id": "shop-1", "task_id": "a", "agent_id": "a", "attempt": 1}
        cost = {"seconds": 1.0}
        if isinstance(self.report, dict) and isinstance(self.report.get("tokens_consumed"), int):
            cost["tokens"] = self.report["tokens_consumed"]
        self.take("agent_finished", outcome="failed", reason="x", feedback=self.report, cost=cost, **about)
        actions = [one for n in range(3) for one in self.take(**_STOP, key=f"stop{n}", comment_id=n + 1)]
        status = self.state["kickoffs"]["4"]["status"]
        text = self.state["kickoffs"]["4"].get("retro_text") or ""
        told = [text] if is_told(text) else []
        closed = any(one["type"] == "close_issue" for one in actions)
        held = status == "Cancelled" and len(told) == 1 and closed and len(self.dead) == buried
        held = held and _is_storable(self.state)
        seen = "; ".join(str(letter["reason"])[-120:] for letter in self.dead.values())
        return Tried(name, held, f"{status}, {len(told)} told, {len(self.dead)} buried {seen}")


def _is_storable(state: Any) -> bool:
    """Whether it is JSON, with no number that is none, and not too long."""
    try:
        return len(json.dumps(state, allow_nan=False)) < 100_000
    except ValueError:
        return False


def _a_stage_that_raises() -> Iterator[Tried]:
    lane = _Lane(None, breaks="retro")
    yield lane.stopped(
        "a retro that always raises", lambda body: "could not write its retro" in body, buried=1
    )


# -- files ---------------------------------------------------------------------------------------------------


def _config(arena: Arena) -> Iterator[Tried]:
    places = (
        "supervisor.stall",
        "supervisor.cooldown",
        "agents.time_limit",
        "pipeline.parallel",
        "protected_paths",
    )
    texts = (
        ".inf",
        "-.inf",
        ".nan",
        "1e999",
        "9" * 400,
        "9" * 5000,
        "-1",
        "0x" + "f" * 300,
        "[" * 30,
        "~",
        '"x"',
        "9" * 400 + " h",
        "9999999 h",
    )
    for key in places:
        for text in texts:
            section, _, name = key.partition(".")
            file = f"{section}:\n  {name}: {text}\n" if name else f"{section}: {text}\n"
            try:
                found = read_config(file)
                numbers = [one for one in found["values"].values() if isinstance(one, float)]
                wild = [one for one in numbers if not 0 <= one <= _YEAR_S]
                held, seen = not wild, str(found)[:200]
            except Exception as error:
                held, seen = False, f"{type(error).__name__}: {error}"[:200]
            yield Tried(f".caloron.yml with {key}: {text[:20]}", held, seen)


def _tick_files(arena: Arena) -> Iterator[Tried]:
    folder = arena.folder / "kv"
    folder.mkdir()
    for n, text in enumerate(NUMBERS):
        (folder / f"s-{n}.json").write_text(
            f'{{"state": {{"a": {text}}}, "interventions": {{}}, "since": ""}}'
        )
        try:
            found = tick_file.read(f"s-{n}", _NOW, folder)
            json.dumps(found, allow_nan=False)
            held, seen = True, str(found)[:100]
        except Exception as error:
            held, seen = False, f"{type(error).__name__}: {error}"[:200]
        yield Tried(f"a tick file with {text[:20]}", held, seen)


# -- over HTTP -----------------------------------------------------------------------------------------------


def _over_http(arena: Arena) -> Iterator[Tried]:
    """Heartbeats and deliveries at a real web process."""
    port, shell_port = str(free_port()), str(free_port())
    with serving(arena.folder / "store") as url:
        given = {
            "GITEA_URL": "http://127.0.0.1:1", "GITEA_TOKEN": "none-of-yours",
            "CALORON_WEBHOOK_SECRET": SECRET,
            "CALORON_SHELL_TOKEN": "token", "REDIS_URL": url, "PORT": port, "CALORON_SHELL_PORT": shell_port,
            "CALORON_HOME": str(arena.folder / "home"), "CALORON_FRAMEWORK": "claude-code",
        }  # fmt: skip
        base = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT)}
        with (arena.folder / "web.log").open("wb") as log:
            web = subprocess.Popen(
                [sys.executable, "-P", "-m", "bot.web"], env=base | given, stdout=log, stderr=log
            )
        try:
            _wait(f"http://127.0.0.1:{port}/healthz")
            store = Store(connect(url))
            yield from _heartbeats(f"http://127.0.0.1:{shell_port}", store)
            yield from _deliveries(arena, f"http://127.0.0.1:{port}", store)
        finally:
            web.terminate()
            web.wait(15)


def _wait(url: str) -> None:
    deadline = monotonic() + 30
    while monotonic() < deadline:
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            sleep(0.05)
    raise TimeoutError(f"{url} does not answer")


def _heartbeats(base: str, store: Store) -> Iterator[Tried]:
    usual = {"agent_id": '"a"', "sprint_id": '"s"', "status": '"at work"', "tokens_used": "7"}
    for field, text in [("", ""), *((field, text) for field in usual for text in NUMBERS)]:
        body = "{" + ", ".join(
            f'"{name}": {value}' for name, value in (usual | {field: text}).items() if name
        )
        headers = {"Content-Type": "application/json", "x-caloron-token": "token"}
        store.client.delete(keys.HEARTBEATS)
        answer = requests.post(f"{base}/heartbeat", data=f"{body}}}".encode(), headers=headers, timeout=30)
        kept = store.client.hgetall(keys.HEARTBEATS)
        sound = all(len(name) < 200 and _is_beat(json.loads(beat)) for name, beat in kept.items())
        expected = answer.status_code == (200 if kept else 400)
        name = f"a heartbeat with {field}: {text[:20]}" if field else "a heartbeat as agents send it"
        held = expected and sound and bool(kept or field)
        yield Tried(name, held, f"{answer.status_code} {str(kept)[:100]}")


def _is_beat(beat: dict[str, Any]) -> bool:
    """Whether a heartbeat that was kept has a short text and a number in range."""
    status, tokens = beat["status"], beat["tokens_used"]
    short = status is None or (isinstance(status, str) and len(status) <= 200)
    return short and (tokens is None or (type(tokens) is int and 0 <= tokens <= 10**12))


def _deliveries(arena: Arena, base: str, store: Store) -> Iterator[Tried]:
    pairs = [(place, text) for place in _USUAL for text in NUMBERS]
    always = [
        ("comment.body", f'"{"x" * 300_000}"'),
        ("sender.id", "1e308"),
        ("repository.full_name", NUMBERS[-1]),
    ]
    drawn = arena.random.sample(pairs, 30) if arena.short else pairs
    for place, text in [("", ""), *always, *drawn]:
        body = json.dumps(_comment())
        for name, value in (_USUAL | {place: text}).items():
            body = body.replace(json.dumps(f"<{name}>"), value)
        answer = _deliver(base, body.encode())
        kept = [
            event
            for lane in store.client.scan_iter(keys.inbox("*"))
            for event in store.client.lrange(lane, 0, -1)
        ]
        store.client.flushdb()
        wild = [one for one in kept if not _is_sound(one)]
        held = answer.status_code in (202, 403, 413) and not wild and bool(kept or place)
        name = f"a delivery with {place}: {text[:20]}" if place else "a delivery as forges send it"
        yield Tried(name, held, f"{answer.status_code} {str(wild)[:150]}")


_USUAL = {
    "repository.id": "7",
    "issue.number": "4",
    "comment.id": "9",
    "sender.id": "2",
    "comment.body": '"/status"',
    "repository.full_name": '"acme/shop"',
}


def _comment() -> dict[str, Any]:
    user = {"login": "ann", "id": "<sender.id>"}
    at = "2026-01-01T12:00:00Z"
    return {
        "action": "created",
        "is_pull": False,
        "issue": {"number": "<issue.number>"},
        "comment": {
            "id": "<comment.id>",
            "body": "<comment.body>",
            "user": user,
            "created_at": at,
            "updated_at": at,
        },
        "repository": {"id": "<repository.id>", "full_name": "<repository.full_name>"},
        "sender": user,
    }


def _deliver(base: str, body: bytes) -> requests.Response:
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-Gitea-Event": "issue_comment",
        "X-Gitea-Signature": signature,
        "Content-Type": "application/json",
    }
    return requests.post(f"{base}/webhooks", data=body, headers=headers, timeout=30)


def _is_sound(text: str) -> bool:
    """Whether an event that was kept has numbers as numbers, in range, and texts as texts, not too long."""
    event = json.loads(text)
    numbers = [event[name] for name in ("repo_id", "issue_number", "comment_id")]
    accounts = [event[name] for name in ("actor_id", "author_id") if event[name] is not None]
    whole = all(type(one) is int and 0 < one < 2**53 for one in numbers)
    whole = whole and all(type(one) is int and abs(one) < 2**63 for one in accounts)
    texts = all(isinstance(event[name], str) for name in ("body", "repo", "actor"))
    return whole and texts and len(event["body"]) <= 256 * 1024 and len(event["repo"]) <= 1024


KIND = Kind(
    "bounds",
    "numbers and words out of all bounds, and a stage that raises",
    play,
    (
        Defence(
            "numbers are finite",
            "shell/sanitize.py",
            "if len(digits) > _REAL or not math.isfinite(value := float(digits)):",
            "if (value := float(digits)) is None:",
        ),
        Defence(
            "a report keeps to its types",
            "shell/agent_report.py",
            "return AgentReport.model_validate(named).model_dump(exclude_none=True)",
            "return named",
        ),
        Defence(
            "a sprint ends without its retro",
            "handlers/switchboard.py",
            'INSTEAD = {"retro": "close_without_retro"}',
            "INSTEAD: dict[str, str] = {}",
        ),
        Defence(
            "a heartbeat keeps to its bounds", "bot/web/surface.py", "extra = _bounded({", "extra = dict({"
        ),
        Defence(
            "a delivery keeps to its bounds",
            "shell/forge/delivery.py",
            "return bounded_event(event)",
            "return event",
        ),
        Defence(
            "durations are finite",
            "shell/repository_config.py",
            " and abs(value) < _ENDLESS_S:",
            ":",
        ),
        Defence(
            "durations have a longest",
            "shell/repository_config.py",
            "_LONGEST_M = 525_600.0",
            "_LONGEST_M = 1e300",
        ),
    ),
)
