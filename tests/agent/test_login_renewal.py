"""The login of codex is renewed outside the walls: once, whole, and never lost on the way."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shell.agent import renewal
from shell.agent.frameworks import FRAMEWORKS, FrameworkError, LoginError
from shell.agent.logins import copy_logins, problem_of, renew_login, words_of
from shell.own_environment import USES
from shell.secrets import mask

CODEX, CLAUDE = FRAMEWORKS["codex-cli"], FRAMEWORKS["claude-code"]


def jwt(for_s: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + for_s}).encode()).decode()
    return f"e30.{claims.rstrip('=')}.signature"


class Provider:
    """Answers as the provider does: a refresh token counts once."""

    def __init__(self) -> None:
        self.valid, self.calls, self.status = "refresh-token-number-1", list[dict[str, Any]](), 200
        self.answer: Any = None
        self.url = ""

    def asked(self, body: dict[str, Any]) -> tuple[int, Any]:
        self.calls.append(body)
        time.sleep(0.05)  # so that callers would meet
        if self.status != 200 or self.answer is not None:
            return self.status, self.answer
        if body["refresh_token"] != self.valid:
            return 401, {"error": {"code": "refresh_token_reused", "message": f"used {body}"}}
        self.valid = f"refresh-token-number-{len(self.calls) + 1}"
        return 200, {
            "access_token": jwt(864_000),
            "refresh_token": self.valid,
            "id_token": "new-id-token-0001",
        }


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = made.asked(body)
            text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}/oauth/token"
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def person(tmp_path: Path) -> Path:
    (tmp_path / "person/.codex").mkdir(parents=True)
    return tmp_path / "person"


@pytest.fixture
def machine(person: Path, provider: Provider) -> dict[str, str]:
    return {"HOME": str(person), renewal.URL_OVERRIDE: provider.url}


def log_in(person: Path, for_s: float, **tokens: str) -> Path:
    known = {"access_token": jwt(for_s), "refresh_token": "refresh-token-number-1", "id_token": "old"}
    file = person / ".codex/auth.json"
    said = {"OPENAI_API_KEY": None, "tokens": known | {"account_id": "account"} | tokens, "more": [1]}
    file.write_text(json.dumps(said))
    file.chmod(0o600)
    return file


def test_many_runs_renew_it_once_and_each_gets_a_copy_without_its_refresh_token(
    person: Path, machine: dict[str, str], provider: Provider, tmp_path: Path
) -> None:
    file = log_in(person, 60)

    def run(number: int) -> Any:
        renew_login(CODEX, machine, tmp_path / "locks")
        copy_logins(CODEX, machine, tmp_path / f"home{number}")
        return json.loads((tmp_path / f"home{number}/.codex/auth.json").read_text())["tokens"]

    with ThreadPoolExecutor(6) as pool:
        copies = list(pool.map(run, range(6)))
    assert len(provider.calls) == 1
    assert provider.calls[0]["grant_type"] == "refresh_token"
    kept = json.loads(file.read_text())
    assert kept["tokens"]["refresh_token"] == provider.valid == "refresh-token-number-2"
    assert (kept["tokens"]["account_id"], kept["more"], kept["tokens"]["id_token"]) == (
        "account", [1], "new-id-token-0001",
    )  # fmt: skip
    assert kept["last_refresh"].startswith("20") and file.stat().st_mode & 0o777 == 0o600
    assert {copy["refresh_token"] for copy in copies} == {""}
    assert {copy["access_token"] for copy in copies} == {kept["tokens"]["access_token"]}
    assert [one.name for one in file.parent.iterdir()] == ["auth.json"]
    assert provider.valid not in mask(f"it says {provider.valid}")


def test_only_the_process_that_renews_it_knows_another_address() -> None:
    assert [kind for kind, uses in USES.items() if renewal.URL_OVERRIDE in uses] == ["agents"]


def test_one_that_lasts_or_is_a_key_is_left_alone(
    person: Path, machine: dict[str, str], provider: Provider, tmp_path: Path
) -> None:
    for file in (log_in(person, 86_400), log_in(person, 60, refresh_token="")):
        before = file.read_text()
        renew_login(CODEX, machine, tmp_path / "locks")
        assert file.read_text() == before
    (person / ".codex/auth.json").write_text('{"OPENAI_API_KEY": "sk-1", "tokens": null}')
    renew_login(CODEX, machine, tmp_path / "locks")
    renew_login(CLAUDE, machine, tmp_path / "locks")
    assert provider.calls == []


def test_a_refused_token_says_what_to_do_and_the_file_stays(
    person: Path, machine: dict[str, str], provider: Provider, tmp_path: Path
) -> None:
    file = log_in(person, 60, refresh_token="refresh-token-of-yore")
    before = file.read_text()
    with pytest.raises(LoginError, match=r"refused \(refresh_token_reused\); run `codex login`") as told:
        renew_login(CODEX, machine, tmp_path / "locks")
    assert "of-yore" not in str(told.value) and file.read_text() == before


@pytest.mark.parametrize(
    ("status", "answer"), [(503, {}), (200, {"id_token": "x"}), (200, b"<html>"), (302, {})]
)
def test_where_it_does_not_answer_rightly_a_token_that_holds_is_used(
    person: Path, machine: dict[str, str], provider: Provider, tmp_path: Path, status: int, answer: Any
) -> None:
    provider.status, provider.answer = status, answer
    file = log_in(person, 600)
    before = file.read_text()
    renew_login(CODEX, machine, tmp_path / "locks")
    copy_logins(CODEX, machine, tmp_path / "home")
    assert len(provider.calls) == 1 and file.read_text() == before

    log_in(person, -5)
    with pytest.raises(LoginError, match=r"has ended and could not be renewed: .*`codex login`"):
        renew_login(CODEX, machine, tmp_path / "locks")


def test_where_nothing_can_be_written_nothing_is_asked(
    person: Path, machine: dict[str, str], provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old token counts no more once it was used: so there is room for the answer first."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    file = log_in(person, -5)
    with pytest.raises(FrameworkError, match="no room for the new login"):
        renew_login(CODEX, machine, tmp_path / "locks")
    assert provider.calls == [] and [one.name for one in file.parent.iterdir()] == ["auth.json"]


def test_doctor_says_that_it_is_renewed_or_has_ended(person: Path, machine: dict[str, str]) -> None:
    log_in(person, -5)
    assert problem_of(CODEX, machine) is None and "the bot renews it" in words_of("without refresh", CODEX)
    log_in(person, -5, refresh_token="")
    assert "login of codex-cli ended at" in str(problem_of(CODEX, machine))
    (person / ".codex/auth.json").write_text("[]")
    assert "not in the known form" in str(problem_of(CODEX, machine))
    (person / ".claude").mkdir()
    ended = {"accessToken": "a1", "refreshToken": "r1", "expiresAt": int((time.time() - 10) * 1000)}
    (person / ".claude/.credentials.json").write_text(json.dumps({"claudeAiOauth": ended}))
    assert "`claude setup-token`" in str(problem_of(CLAUDE, machine))
