"""The webhook endpoint: what is stored, what is rejected, and that a receipt means stored."""

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bot.web.intake import MAX_BYTES
from bot.web.webhooks import create_webhook_app
from shell.admission import Facts
from shell.errors import Unavailable
from shell.settings import Settings

SCHEMA = Path(__file__).parents[2] / "docs/caloron.schema.json"
REPOSITORY = {
    "id": 12,
    "name": "shop",
    "full_name": "acme/shop",
    "owner": {"id": 3, "login": "acme", "username": "acme"},
    "default_branch": "main",
}
SENDER = {"id": 7, "login": "alice", "username": "alice"}
COMMENT = {
    "action": "created",
    "issue": {"id": 50, "number": 5, "title": "Go", "state": "open", "user": SENDER, "labels": []},
    "comment": {
        "id": 99,
        "body": "/status",
        "user": SENDER,
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        "html_url": "http://forge.test/acme/shop/issues/5#issuecomment-99",
    },
    "repository": REPOSITORY,
    "sender": SENDER,
    "is_pull": False,
}


def test_the_schema_of_the_settings_is_served_to_anyone() -> None:
    given = {"CALORON_WEBHOOK_SECRET": "s", "GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t"}
    client = create_webhook_app(Settings.of(given), Memory()).test_client()
    answer = client.get("/caloron.schema.json")
    assert answer.status_code == 200 and answer.content_type == "application/schema+json"
    assert answer.get_json(force=True) == json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert "public" in answer.headers["Cache-Control"]
    again = client.get("/caloron.schema.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


class Memory:
    """A store that only remembers, and can be away."""

    def __init__(self) -> None:
        self.inbox: list[tuple[str, dict[str, Any]]] = []
        self.ignored: list[str] = []
        self.dead: list[tuple[bytes, str]] = []
        self.away = False
        self.statuses: list[str] = []
        self.known: dict[str, tuple[Facts | None, bool]] = {}
        self.default: tuple[Facts | None, bool] = ({"repo": "acme/shop", "owner_id": 3}, True)
        self.processes = {
            "web": 1.0,
            "events": 1.0,
            "events-urgent": 2.0,
            "actions-1": 30.0,
            "actions-urgent-4711": 1.0,
            "actions-2": 2.0,
            "agents-1": 3.0,
            "clock": 0.5,
        }
        self.walls = {"agents-1": "walled"}
        self.ages = {"events": 0.0, "actions": 0.1, "agents": 900.0}

    def _here(self) -> None:
        if self.away:
            raise Unavailable("store", "timed out")

    def facts(self, lane: str) -> tuple[Facts | None, bool]:
        self._here()
        return self.known.get(lane, self.default)

    def accept(self, lane: str, event: Any, status: str = "queued") -> str:
        self._here()
        self.inbox.append((lane, event))
        self.statuses.append(status)
        return f"r{len(self.inbox)}"

    def note_ignored(self, event: Any, reason: str) -> str:
        self._here()
        self.ignored.append(reason)
        return f"i{len(self.ignored)}"

    def dead_letter(self, raw: bytes, headers: Mapping[str, str], reason: str) -> str:
        self._here()
        self.dead.append((raw, reason))
        return f"d{len(self.dead)}"

    def receipt(self, receipt_id: str) -> dict[str, Any] | None:
        self._here()
        return {"id": "r1", "status": "queued"} if receipt_id == "r1" else None

    def health(self) -> dict[str, Any]:
        self._here()
        return {
            "ok": True,
            "processes": self.processes,
            "queue_age_s": self.ages,
            "walls": {
                name: {"state": state, "words": f"It is {state}."} for name, state in self.walls.items()
            },
        }


@pytest.fixture
def settings() -> Settings:
    return Settings.of(
        {
            "CALORON_WEBHOOK_SECRET": "new,old",
            "GITEA_URL": "http://forge.test",
            "GITEA_TOKEN": "t",
            "GITHUB_TOKEN": "t",
        }
    )


@pytest.fixture
def store() -> Memory:
    return Memory()


@pytest.fixture
def client(settings: Settings, store: Memory) -> FlaskClient:
    return create_webhook_app(settings, store).test_client()


def signed(secret: str, body: bytes, forge: str = "Gitea", event: str = "issue_comment") -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    proof = (
        {"X-Hub-Signature-256": f"sha256={digest}"} if forge == "GitHub" else {f"X-{forge}-Signature": digest}
    )
    headers = {f"X-{forge}-Event": event, f"X-{forge}-Delivery": "d-1", "Content-Type": "application/json"}
    return headers | proof


def post(
    client: FlaskClient, body: bytes, headers: dict[str, str], path: str = "/webhooks"
) -> tuple[int, Any]:
    answer = client.post(path, data=body, headers=headers)
    return answer.status_code, answer.get_json()


BODY = json.dumps(COMMENT).encode()


def hook_secret(master: str, path: str) -> str:
    """The secret of the hook that calls this path."""
    return hmac.new(master.encode(), path.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("forge", ["Gitea", "Forgejo", "GitHub"])
@pytest.mark.parametrize("secret", ["new", "old"])
def test_a_signed_comment_is_in_the_inbox_before_the_receipt(
    client: FlaskClient, store: Memory, forge: str, secret: str
) -> None:
    assert post(client, BODY, signed(secret, BODY, forge)) == (202, {"receipt": "r1"})
    lane, event = store.inbox[0]
    assert lane == ("github-12" if forge == "GitHub" else "gitea-12")
    assert (event["type"], event["body"]) == ("issue_comment", "/status")


@pytest.mark.parametrize("proof", ["", "sha256=", "0" * 64, "sha256=" + "0" * 64])
def test_a_wrong_or_empty_signature_is_turned_away(client: FlaskClient, store: Memory, proof: str) -> None:
    for forge, name in [("Gitea", "X-Gitea-Signature"), ("GitHub", "X-Hub-Signature-256")]:
        status, told = post(client, BODY, signed("new", BODY, forge) | {name: proof})
        assert status == 401 and "secret" in told["error"]
    assert not store.inbox


def test_a_changed_body_is_turned_away(client: FlaskClient, store: Memory) -> None:
    assert post(client, BODY + b" ", signed("new", BODY))[0] == 401
    assert not store.inbox


def test_a_form_is_told_what_to_set(client: FlaskClient) -> None:
    headers = signed("new", BODY) | {"Content-Type": "application/x-www-form-urlencoded"}
    status, told = post(client, BODY, headers)
    assert status == 415 and "application/json" in told["error"]


def test_what_is_too_large_is_turned_away(client: FlaskClient) -> None:
    body = b" " * (MAX_BYTES + 1)
    assert post(client, body, signed("new", body))[0] == 413


def test_a_call_that_is_no_delivery_is_told_so(client: FlaskClient) -> None:
    status, told = post(client, BODY, {"Content-Type": "application/json"})
    assert status == 400 and "Gitea" in told["error"]


def test_broken_json_with_a_right_signature_is_kept_as_a_dead_letter(
    client: FlaskClient, store: Memory
) -> None:
    body = b'{"action": '
    assert post(client, body, signed("new", body)) == (202, {"receipt": "d1"})
    assert store.dead[0][0] == body


def test_a_bug_in_reading_keeps_the_delivery(
    client: FlaskClient, store: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> dict[str, Any]:
        raise KeyError("number")

    monkeypatch.setattr("bot.web.delivery.read_delivery", broken)
    assert post(client, BODY, signed("new", BODY)) == (202, {"receipt": "d1"})
    assert "KeyError" in store.dead[0][1]


def test_what_means_nothing_is_ignored_with_the_reason(client: FlaskClient, store: Memory) -> None:
    body = json.dumps({"zen": "Keep it", "repository": REPOSITORY, "sender": SENDER}).encode()
    status, told = post(client, body, signed("new", body, "GitHub", "ping"))
    assert status == 202 and told["receipt"] == "i1" and told["reason"] == store.ignored[0]
    assert not store.inbox


def test_a_store_that_is_away_means_503_never_202(client: FlaskClient, store: Memory) -> None:
    store.away = True
    status, told = post(client, BODY, signed("new", BODY))
    assert status == 503 and "redeliver" in told["error"]
    assert client.get("/receipts/r1").status_code == 503
    assert client.get("/readyz").get_json()["reasons"] == ["the store does not answer"]
    assert client.get("/healthz").status_code == 200


def test_an_installed_hook_has_its_own_secret(client: FlaskClient, store: Memory, settings: Settings) -> None:
    path = "/webhooks/gitea/repo/12"
    secret = settings.hook_secret(path)
    assert post(client, BODY, signed(secret, BODY), path)[0] == 202
    assert post(client, BODY, signed("new", BODY), path)[0] == 401
    assert post(client, BODY, signed(secret, BODY))[0] == 401
    assert post(client, BODY, signed(secret, BODY), "/webhooks/gitea/repo/13")[0] == 401
    assert len(store.inbox) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/webhooks/gitea/repo/13", 403),
        ("/webhooks/github/repo/12", 403),
        ("/webhooks/gitea/org/3", 202),
        ("/webhooks/gitea/org/4", 403),
        ("/webhooks/gitea/repo/x", 404),
        ("/webhooks/gitlab/repo/12", 404),
    ],
)
def test_a_hook_speaks_only_for_its_own(
    client: FlaskClient, settings: Settings, path: str, status: int
) -> None:
    assert post(client, BODY, signed(settings.hook_secret(path), BODY), path)[0] == status


@pytest.mark.parametrize("told", [{"repository": None}, {"repository": {"id": 12}}, {}])
@pytest.mark.parametrize("path", ["/webhooks/gitea/org/3", "/webhooks/gitea/repo/13"])
def test_what_names_no_owner_moves_nothing(
    client: FlaskClient, store: Memory, settings: Settings, path: str, told: dict[str, Any]
) -> None:
    body = json.dumps(json.loads(BODY) | {"repository": None} | told).encode()
    status, _ = post(client, body, signed(settings.hook_secret(path), body), path)
    assert status in (202, 403) and store.inbox == []
    ping = json.dumps({"zen": "calm"} | told).encode()
    headers = signed(settings.hook_secret(path), ping, event="star")
    assert post(client, ping, headers, path)[0] in (202, 403) and store.inbox == []


def test_readiness_names_what_is_missing_or_late(client: FlaskClient, store: Memory) -> None:
    assert client.get("/readyz").status_code == 200
    store.processes.pop("clock")
    store.processes["events"] = 60.0
    store.ages |= {"actions": 120.0, "inboxes": 500.0, "outboxes": 121.0}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["reasons"] == [
        "process events has sent no heartbeat for 60 s",
        "process clock has not sent a heartbeat yet",
        "queue actions has waited for 120 s",
        "an event in an inbox has waited for 500 s",
        "an action in an outbox has waited for 121 s",
    ]


def test_readiness_says_how_agents_run(client: FlaskClient, store: Memory) -> None:
    assert client.get("/readyz").get_json() == {"ready": True, "reasons": [], "notes": []}
    store.walls = {"agents-1": "off", "agents-2": "off", "agents-3": "bare"}
    answer = client.get("/readyz")
    assert answer.status_code == 200 and answer.get_json()["notes"] == ["It is off.", "It is bare."]
    store.walls["agents-3"] = "refused"
    answer = client.get("/readyz")
    assert answer.status_code == 503 and answer.get_json()["reasons"] == ["It is refused."]


def test_receipts_and_metrics(client: FlaskClient) -> None:
    assert client.get("/receipts/r1").get_json()["status"] == "queued"
    assert client.get("/receipts/nope").status_code == 404
    post(client, BODY, signed("new", BODY))
    text = client.get("/metrics").get_data(as_text=True)
    assert 'caloron_deliveries_total{outcome="accepted"} 1.0' in text
    assert 'caloron_queue_age_seconds{queue="agents"} 900.0' in text


def test_the_web_process_loads_no_room_that_decides_or_works() -> None:
    program = (
        "import sys, bot.web.serve\n"
        "rooms = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(rooms & {'jobs', 'compositions', 'stages', 'anthropic'}))"
    )
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True
    )
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("forge", "given", "reason"),
    [
        (
            "GitHub",
            {"GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t"},
            "GitHub is not configured; set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY.",
        ),
        (
            "Forgejo",
            {"GITHUB_TOKEN": "t"},
            "Gitea (or Forgejo) is not configured; set GITEA_URL and GITEA_TOKEN.",
        ),
    ],
)
def test_a_forge_that_is_not_set_up_is_ignored_with_what_to_set(
    store: Memory, forge: str, given: dict[str, str], reason: str
) -> None:
    client = create_webhook_app(Settings.of({"CALORON_WEBHOOK_SECRET": "s"} | given), store).test_client()
    assert post(client, BODY, signed("s", BODY, forge)) == (202, {"receipt": "i1", "reason": reason})
    assert store.inbox == []


@pytest.mark.parametrize(
    "part",
    [
        {"sender": {"login": "\ud800", "id": 5}},
        {"repository": {"id": None, "full_name": "a/b"}},
        {"repository": {"id": "7:inbox", "full_name": "a/b"}},
        {"repository": {"id": True, "full_name": "a/b"}},
    ],
)
def test_a_delivery_that_no_lane_could_keep_is_a_dead_letter(
    client: FlaskClient, store: Memory, part: dict[str, Any]
) -> None:
    body = json.dumps(COMMENT | part).encode()
    assert post(client, body, signed("new", body)) == (202, {"receipt": "d1"})
    assert store.dead[0][0] == body and store.inbox == []


ORG = "/webhooks/gitea/org/3"


def test_an_unknown_repository_is_kept_and_marked(client: FlaskClient, store: Memory) -> None:
    store.default = (None, False)
    assert post(client, BODY, signed("new", BODY)) == (202, {"receipt": "r1"})
    assert store.statuses == ["unverified"] and "hook" not in store.inbox[0][1]
    headers = signed(hook_secret("new", ORG), BODY)
    assert post(client, BODY, headers, ORG) == (202, {"receipt": "r2"})
    assert store.statuses[1] == "unverified" and store.inbox[1][1]["hook"] == 3


def test_an_organisations_secret_says_nothing_about_a_repository_of_another(
    client: FlaskClient, store: Memory
) -> None:
    """The payload says that the organisation owns it; the forge said otherwise."""
    store.known["gitea-12"] = ({"repo": "vault/shop", "owner_id": 9}, True)
    status, told = post(client, BODY, signed(hook_secret("new", ORG), BODY), ORG)
    assert status == 403 and "does not own" in told["error"]
    assert not store.inbox


def test_of_a_repository_that_was_not_let_in_only_comments_are_kept(
    client: FlaskClient, store: Memory
) -> None:
    store.default = ({"repo": "stranger/shop", "owner_id": 9}, False)
    opened = json.dumps({**COMMENT, "comment": None, "action": "opened"}).encode()
    status, told = post(client, opened, signed("new", opened, event="issues"))
    assert status == 202 and "was not let in" in told["reason"]
    assert not store.inbox
    post(client, BODY, signed("new", BODY))
    assert store.statuses == ["queued"]


@pytest.mark.parametrize("number", [0, -12, 2**53 + 1, True, 12.0, "12", None, 1e400])
def test_a_number_that_no_forge_gives_is_a_dead_letter(
    client: FlaskClient, store: Memory, number: object
) -> None:
    for changed in (
        {"repository": REPOSITORY | {"id": number}},
        {"comment": {**COMMENT["comment"], "id": number}},  # type: ignore[dict-item]
        {"issue": {**COMMENT["issue"], "number": number}},  # type: ignore[dict-item]
    ):
        body = json.dumps(COMMENT | changed).encode()
        status, told = post(client, body, signed("new", body))
        assert status == 202 and told["receipt"].startswith("d")
    assert not store.inbox
