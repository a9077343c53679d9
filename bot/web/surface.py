"""The shell's HTTP surface: heartbeats, spawn, stop and status of agents, for who holds the token."""

import hmac
import re
import uuid
from time import monotonic, sleep
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from shell.errors import Unavailable
from shell.settings import Settings, SettingsError

from .kept import Agents

ID = re.compile(r"[a-z0-9_-]{1,64}")
SPAWN_WAIT_S = 5.0
_LOOK_S = 0.05


class Wrong(Exception):
    """A call that cannot be answered with ok, with its HTTP status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def create_shell(settings: Settings, store: Agents) -> Flask:
    """The surface's application; refuses to exist without a token."""
    if not settings.shell_token:
        raise SettingsError(["CALORON_SHELL_TOKEN is missing; set it to a long random text (`up` makes one)"])
    shell = Flask("caloron_shell", static_folder=None)
    shell.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    _guard(shell, settings.shell_token)
    _answer(shell, store)
    _answer_errors(shell)
    return shell


def _guard(shell: Flask, token: str) -> None:
    @shell.before_request
    def holds_token() -> None:
        given = request.headers.get("x-caloron-token", "")
        if request.path != "/health" and not hmac.compare_digest(given.encode(), token.encode()):
            raise Wrong(401, "missing or invalid x-caloron-token header")


def _answer(shell: Flask, store: Agents) -> None:
    @shell.get("/health")
    def health() -> dict[str, Any]:
        return {"ok": True}

    @shell.get("/status")
    def status() -> dict[str, Any]:
        return {"agents": store.agents()}

    @shell.post("/heartbeat")
    def heartbeat() -> dict[str, Any]:
        told = _told("agent_id", "sprint_id")
        extra = {name: told[name] for name in ("status", "tokens_used") if name in told}
        store.heartbeat(told["agent_id"], told["sprint_id"], **extra)
        return {"ok": True}

    @shell.post("/spawn")
    def spawn() -> dict[str, Any]:
        return {"ok": True, "pid": _spawn(store, _told("sprint_id", "task_id", "agent_id"))}

    @shell.post("/stop")
    def stop() -> dict[str, Any]:
        _stop(store, _told("agent_id")["agent_id"])
        return {"ok": True}


def _told(*ids: str) -> dict[str, Any]:
    told = request.get_json(silent=True)
    if not isinstance(told, dict):
        raise Wrong(400, "the body must be a JSON object, sent as application/json")
    for name in ids:
        if not isinstance(told.get(name), str) or not ID.fullmatch(told[name]):
            raise Wrong(400, f"invalid {name}: must match ^{ID.pattern}$")
    return told


def _spawn(store: Agents, told: dict[str, Any]) -> int | None:
    lane = _lane(store, told["sprint_id"])
    if told["task_id"] not in store.load(lane).state.get("tasks", {}):
        raise Wrong(404, f"sprint {told['sprint_id']} has no task {told['task_id']}")
    before = _pid(store, told)
    named = {name: told[name] for name in ("sprint_id", "task_id", "agent_id")}
    store.accept(lane, {"type": "spawn_requested", "key": f"spawn_requested:{uuid.uuid4().hex}", **named})
    return _new_pid(store, told, before)


def _new_pid(store: Agents, told: dict[str, Any], before: int | None) -> int | None:
    """The pid of the run when it shows itself in time; the request is kept in any case."""
    deadline = monotonic() + SPAWN_WAIT_S
    while monotonic() < deadline:
        pid = _pid(store, told)
        if pid is not None and pid != before:
            return pid
        sleep(_LOOK_S)
    return before


def _pid(store: Agents, told: dict[str, Any]) -> int | None:
    mine = (agent for agent in store.agents() if agent["agent_id"] == told["agent_id"] and agent["alive"])
    return next((agent["pid"] for agent in mine if agent["sprint_id"] == told["sprint_id"]), None)


def _stop(store: Agents, agent_id: str) -> None:
    known = [agent for agent in store.agents() if agent["agent_id"] == agent_id]
    if not known:
        raise Wrong(404, f"no agent {agent_id} is running")
    for agent in known:
        key = f"stop_requested:{uuid.uuid4().hex}"
        event = {"type": "stop_requested", "key": key, "sprint_id": agent["sprint_id"], "agent_id": agent_id}
        store.accept(_lane(store, agent["sprint_id"]), event)


def _lane(store: Agents, sprint_id: str) -> str:
    lane = store.lane_of(sprint_id)
    if lane is None:
        raise Wrong(404, f"unknown sprint {sprint_id}")
    return lane


def _answer_errors(shell: Flask) -> None:
    def refuse(words: str | None, status: int) -> tuple[Response, int]:
        return jsonify({"ok": False, "error": words}), status

    @shell.errorhandler(Wrong)
    def wrong(error: Wrong) -> tuple[Response, int]:
        return refuse(str(error), error.status)

    @shell.errorhandler(Unavailable)
    def unavailable(_error: Unavailable) -> tuple[Response, int]:
        return refuse("the store does not answer; nothing was done", 503)

    @shell.errorhandler(HTTPException)
    def other(error: HTTPException) -> tuple[Response, int]:
        return refuse(error.description, error.code or 500)
