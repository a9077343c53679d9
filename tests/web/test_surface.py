"""The shell's HTTP surface: the token first, then heartbeats, spawn, stop and status."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from bot.web import surface
from bot.web.serve import by_port
from bot.web.surface import create_shell
from shell.settings import Settings, SettingsError

TOKEN = {"x-caloron-token": "sesame"}
SPAWN = {"sprint_id": "shop-ab12-5", "task_id": "t1", "agent_id": "dev-1", "repo": "acme/shop"}


class Memory:
    """A store with one sprint, whose agent starts when it is asked for."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.running: list[dict[str, Any]] = []
        self.beats: list[tuple[str, str, dict[str, Any]]] = []
        self.starts = True

    def accept(self, lane: str, event: Any) -> str:
        self.events.append((lane, event))
        if event["type"] == "spawn_requested" and self.starts:
            self.running.append(
                {
                    "agent_id": event["agent_id"],
                    "sprint_id": event["sprint_id"],
                    "pid": 4711,
                    "alive": True,
                    "last_heartbeat": None,
                }
            )
        return "r1"

    def lane_of(self, sprint_id: str) -> str | None:
        return "gitea-12" if sprint_id == "shop-ab12-5" else None

    def load(self, lane: str) -> Any:
        return SimpleNamespace(state={"tasks": {"t1": {}}})

    def agents(self) -> list[dict[str, Any]]:
        return self.running

    def heartbeat(self, agent_id: str, sprint_id: str, **told: Any) -> None:
        self.beats.append((agent_id, sprint_id, told))


def with_token(token: str) -> Settings:
    forge = {"GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t"}
    return Settings.of({"CALORON_WEBHOOK_SECRET": "s", "CALORON_SHELL_TOKEN": token} | forge)


@pytest.fixture
def store() -> Memory:
    return Memory()


@pytest.fixture
def shell(store: Memory) -> FlaskClient:
    return create_shell(with_token("sesame"), store).test_client()


def test_without_a_token_it_refuses_to_exist(store: Memory) -> None:
    with pytest.raises(SettingsError, match="CALORON_SHELL_TOKEN"):
        create_shell(with_token(""), store)


@pytest.mark.parametrize("path", ["/heartbeat", "/spawn", "/stop"])
@pytest.mark.parametrize("headers", [{}, {"x-caloron-token": ""}, {"x-caloron-token": "sesamé"}])
def test_every_path_but_health_wants_the_token(
    shell: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    answer = shell.post(path, json=SPAWN, headers=headers)
    assert answer.status_code == 401
    assert answer.get_json() == {"ok": False, "error": "missing or invalid x-caloron-token header"}
    assert shell.get("/health").status_code == 200


def test_a_spawn_is_an_event_and_answers_with_the_pid(shell: FlaskClient, store: Memory) -> None:
    assert shell.post("/spawn", json=SPAWN, headers=TOKEN).get_json() == {"ok": True, "pid": 4711}
    lane, event = store.events[0]
    assert (lane, event["type"], event["task_id"]) == ("gitea-12", "spawn_requested", "t1")
    assert shell.get("/status", headers=TOKEN).get_json()["agents"][0]["agent_id"] == "dev-1"


def test_a_spawn_that_must_wait_answers_without_a_pid(
    shell: FlaskClient, store: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surface, "SPAWN_WAIT_S", 0.1)
    store.starts = False
    assert shell.post("/spawn", json=SPAWN, headers=TOKEN).get_json() == {"ok": True, "pid": None}


@pytest.mark.parametrize(
    ("path", "told", "status"),
    [
        ("/spawn", SPAWN | {"sprint_id": "other"}, 404),
        ("/spawn", SPAWN | {"task_id": "t9"}, 404),
        ("/spawn", SPAWN | {"task_id": "../t1"}, 400),
        ("/stop", {"agent_id": "dev-9"}, 404),
        ("/stop", {"agent_id": 7}, 400),
        ("/heartbeat", {"agent_id": "dev-1"}, 400),
        ("/heartbeat", ["dev-1"], 400),
    ],
)
def test_what_is_wrong_is_said(shell: FlaskClient, store: Memory, path: str, told: Any, status: int) -> None:
    answer = shell.post(path, json=told, headers=TOKEN)
    assert answer.status_code == status
    assert answer.get_json()["ok"] is False and answer.get_json()["error"]
    assert not store.events and not store.beats


def test_stop_and_heartbeat(shell: FlaskClient, store: Memory) -> None:
    shell.post("/spawn", json=SPAWN, headers=TOKEN)
    beat = {"agent_id": "dev-1", "sprint_id": "shop-ab12-5", "tokens_used": 12}
    assert shell.post("/heartbeat", json=beat, headers=TOKEN).get_json() == {"ok": True}
    assert store.beats == [("dev-1", "shop-ab12-5", {"tokens_used": 12})]
    assert shell.post("/stop", json={"agent_id": "dev-1"}, headers=TOKEN).get_json() == {"ok": True}
    assert store.events[-1][1]["type"] == "stop_requested"


def test_each_path_answers_only_on_its_own_port() -> None:
    said: list[str] = []
    both = by_port({"8080": lambda *_: [b"webhooks"], "7710": lambda *_: [b"shell"]})

    def answer(status: str, _headers: list[tuple[str, str]]) -> None:
        said.append(status)

    assert both({"SERVER_PORT": "8080"}, answer) == [b"webhooks"]
    assert both({"SERVER_PORT": "7710"}, answer) == [b"shell"]
    list(both({"SERVER_PORT": "80", "REQUEST_METHOD": "GET"}, answer))
    assert said == ["404 NOT FOUND"]
