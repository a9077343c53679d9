"""The shell's HTTP surface: heartbeat, spawn, stop and status of agents, for holders of the token."""

from __future__ import annotations

import hmac
import re
import uuid
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from shell.errors import Unavailable
from shell.sanitize import read_json
from shell.settings import Settings, SettingsError

from .masked_errors import mask_errors
from .store_protocol import AgentStore

if TYPE_CHECKING:
    from stages.world import SpawnRequested, StopRequested

ID = re.compile(r"[a-z0-9_-]{1,64}")
STATUS_LENGTH, MOST_TOKENS = 200, 10**12
SPAWN_WAIT_S = 5.0
_POLL_S = 0.05


class RequestError(Exception):
    """A request that fails, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def create_shell(settings: Settings, store: AgentStore) -> Flask:
    """The surface's application; SettingsError without a token."""
    if not settings.shell_token:
        raise SettingsError(["CALORON_SHELL_TOKEN is missing; set it to a long random text (`up` makes one)"])
    shell = Flask("caloron_shell", static_folder=None)
    shell.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    _require_token(shell, settings.shell_token)
    _add_routes(shell, store)
    _add_error_handlers(shell)
    mask_errors(shell)
    return shell


def _require_token(shell: Flask, token: str) -> None:
    @shell.before_request
    def require_token() -> None:
        given = request.headers.get("x-caloron-token", "")
        if request.path != "/health" and not hmac.compare_digest(given.encode(), token.encode()):
            raise RequestError(401, "missing or invalid x-caloron-token header")


def _add_routes(shell: Flask, store: AgentStore) -> None:
    @shell.get("/health")
    def health() -> dict[str, Any]:
        return {"ok": True}

    @shell.get("/status")
    def status() -> dict[str, Any]:
        return {"agents": store.agents()}

    @shell.post("/heartbeat")
    def heartbeat() -> dict[str, Any]:
        body = _body("agent_id", "sprint_id")
        extra = _bounded({name: body[name] for name in ("status", "tokens_used") if name in body})
        store.heartbeat(body["agent_id"], body["sprint_id"], **extra)
        return {"ok": True}

    @shell.post("/spawn")
    def spawn() -> dict[str, Any]:
        return {"ok": True, "pid": _spawn(store, _body("sprint_id", "task_id", "agent_id"))}

    @shell.post("/stop")
    def stop() -> dict[str, Any]:
        _stop(store, _body("agent_id")["agent_id"])
        return {"ok": True}


def _body(*ids: str) -> dict[str, Any]:
    try:
        body = read_json(request.get_data()) if request.is_json else None
    except ValueError as wrong:
        raise RequestError(400, f"the body cannot be read: {wrong}") from None
    if not isinstance(body, dict):
        raise RequestError(400, "the body must be a JSON object, sent as application/json")
    for name in ids:
        if not isinstance(body.get(name), str) or not ID.fullmatch(body[name]):
            raise RequestError(400, f"invalid {name}: must match ^{ID.pattern}$")
    return body


def _bounded(extra: dict[str, Any]) -> dict[str, Any]:
    """What a heartbeat may carry beside its ids; any may be null."""
    status, tokens = extra.get("status"), extra.get("tokens_used")
    if status is not None and (not isinstance(status, str) or len(status) > STATUS_LENGTH):
        raise RequestError(400, f"invalid status: must be a text of at most {STATUS_LENGTH} characters")
    whole = isinstance(tokens, int) and not isinstance(tokens, bool)
    if tokens is not None and not (whole and 0 <= tokens <= MOST_TOKENS):
        raise RequestError(400, f"invalid tokens_used: must be a whole number from 0 to {MOST_TOKENS}")
    return extra


def _spawn(store: AgentStore, body: dict[str, Any]) -> int | None:
    lane = _lane(store, body["sprint_id"])
    if body["task_id"] not in store.load(lane).state.get("tasks", {}):
        raise RequestError(404, f"sprint {body['sprint_id']} has no task {body['task_id']}")
    before = _pid(store, body)
    asked: SpawnRequested = {
        "type": "spawn_requested",
        "key": f"spawn_requested:{uuid.uuid4().hex}",
        "sprint_id": body["sprint_id"],
        "task_id": body["task_id"],
        "agent_id": body["agent_id"],
    }
    store.accept(lane, asked)
    return _new_pid(store, body, before)


def _new_pid(store: AgentStore, body: dict[str, Any], before: int | None) -> int | None:
    """The pid of the new run, if it starts in time; the request is stored in any case."""
    deadline = monotonic() + SPAWN_WAIT_S
    while monotonic() < deadline:
        pid = _pid(store, body)
        if pid is not None and pid != before:
            return pid
        sleep(_POLL_S)
    return before


def _pid(store: AgentStore, body: dict[str, Any]) -> int | None:
    own = (agent for agent in store.agents() if agent["agent_id"] == body["agent_id"] and agent["alive"])
    return next((agent["pid"] for agent in own if agent["sprint_id"] == body["sprint_id"]), None)


def _stop(store: AgentStore, agent_id: str) -> None:
    agents = [agent for agent in store.agents() if agent["agent_id"] == agent_id]
    if not agents:
        raise RequestError(404, f"no agent {agent_id} is running")
    for agent in agents:
        key = f"stop_requested:{uuid.uuid4().hex}"
        event: StopRequested = {
            "type": "stop_requested",
            "key": key,
            "sprint_id": agent["sprint_id"],
            "agent_id": agent_id,
        }
        store.accept(_lane(store, agent["sprint_id"]), event)


def _lane(store: AgentStore, sprint_id: str) -> str:
    lane = store.lane_of(sprint_id)
    if lane is None:
        raise RequestError(404, f"unknown sprint {sprint_id}")
    return lane


def _add_error_handlers(shell: Flask) -> None:
    def failure(message: str | None, status: int) -> tuple[Response, int]:
        return jsonify({"ok": False, "error": message}), status

    @shell.errorhandler(RequestError)
    def request_error(error: RequestError) -> tuple[Response, int]:
        return failure(str(error), error.status)

    @shell.errorhandler(Unavailable)
    def unavailable(_error: Unavailable) -> tuple[Response, int]:
        return failure("the store does not answer; nothing was done", 503)

    @shell.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        return failure(error.description, error.code or 500)
