"""The stateful tick on the real engine: it reaches a forge over HTTP and keeps its file like ours."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import compositions
from bot.fake_forge import FakeForge
from compositions.engine import Engine
from compositions.register import authored, specification
from shell.forge.gitea import GiteaForge
from shell.marker import mark
from tests.forge.servers import Server

ROOT = Path(__file__).parents[2]
NOETHER = ROOT / "tests" / "tools" / "noether"

installed = subprocess.run([str(NOETHER), "path"], capture_output=True).returncode == 0
pytestmark = [
    pytest.mark.noether,
    pytest.mark.skipif(not installed, reason="the real engine is not built: tests/tools/noether install"),
]


@pytest.fixture
def where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A repository with one issue of the sprint, on a forge whose token both engines know."""
    with FakeForge("gitea") as forge:
        tokens = {login: forge.add_user(login) for login in ("bot", "alice", "bob")}
        place = Server("gitea", lambda login: GiteaForge(forge.api_url, tokens[login]))
        repo = place.repository()
        body = mark("task", "task:s-1:api", "s-1", "api")
        number = place.bot.create_issue(repo, "Write the API", body)["number"]
        monkeypatch.setenv("BOT_TOKEN", tokens["bot"])
        monkeypatch.delenv("GITEA_URL", raising=False)
        monkeypatch.setenv("CALORON_KV_DIR", str(tmp_path / "kv"))
        yield {
            "sprint_id": "s-1",
            "repo": repo,
            "host": place.bot.api.base,
            "token_env": "BOT_TOKEN",
            "shell_url": "http://127.0.0.1:9",
            "now": "2026-11-21T09:00:00.000Z",
            "number": number,
        }


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("NOETHER_PYTHON", str(python))
    engine = Engine(tmp_path / "home", str(NOETHER))
    stages = compositions.load("sprint_tick_stateful").effects
    named = {stage.name: stage for stage in compositions.catalogue().stages if stage.name in stages}
    engine.sync({name: specification(stage) for name, stage in named.items()})
    return engine


def test_a_stateful_tick_does_the_same_there_and_here(
    engine: Engine, where: dict[str, Any], tmp_path: Path
) -> None:
    given = {name: value for name, value in where.items() if name != "number"}
    given["state"] = {"tasks": {"api": {"status": "Ready", "depends_on": [], "agent_id": "agent-1"}}}
    kept = tmp_path / "kv" / "s-1.json"

    code, theirs = engine.run(authored(compositions.load("sprint_tick_stateful")), given)
    assert code == 0, theirs
    their_file = json.loads(kept.read_text(encoding="utf-8"))
    kept.unlink()
    ours = compositions.run("sprint_tick_stateful", given).output

    assert theirs["output"] == ours
    assert "the shell does not answer" in ours["errors"][0]
    our_file = json.loads(kept.read_text(encoding="utf-8"))
    assert their_file["state"] == our_file["state"]
    assert our_file["state"]["tasks"]["api"]["issue_number"] == where["number"]
