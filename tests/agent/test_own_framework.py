"""An agent of the repository's own choice: started as others are, with what the operator allows it."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from bot.cli.doctor import agents_of_repositories
from bot.harness.scripted_agent import program_of
from shell.agent.own_framework import name_of
from shell.agent.trial import find_sandbox
from shell.config_file import read_config
from shell.settings import Settings
from shell.store import Decision, Store, connect
from shell.store.fields import differences, texts
from shell.valkey import serving

from .disk_forge import Stage

WALLS = find_sandbox()
TOKEN = "token-of-the-forge-0123456789"


def own(command: str, *env: str) -> Any:
    """What the file makes of it."""
    return {"framework": "acp", "acp": {"command": shlex.split(command), "env": list(env)}}


def test_the_file_names_a_command_and_its_variables() -> None:
    text = "agents: {framework: {acp: 'qwen --acp \"a b\"', env: [OPENAI_API_KEY]}}"
    assert read_config(text)["values"] == {
        "framework": "acp",
        "acp": {"command": ["qwen", "--acp", "a b"], "env": ["OPENAI_API_KEY"]},
    }
    assert read_config("agents: {framework: {acp: vibe-acp}}")["values"]["acp"] == own("vibe-acp")["acp"]


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
def test_it_works_behind_the_walls_and_gets_no_more_than_its_variables(stage: Stage) -> None:
    stage.sandbox = "required"
    stage.environment |= {
        "MINE_API_KEY": "key-of-mine-01",
        "GITEA_TOKEN": TOKEN,
        "OPENAI_API_KEY": "key-of-other",
    }
    stage.agent_env = ("MINE_API_KEY", "OPENAI_API_KEY")
    (stage.folder / "person").mkdir()
    see = f"ls {stage.folder}/person > home 2>&1"
    stage.script(f'env | cut -d= -f1 | sort > names; echo "$1 $MINE_API_KEY"; {see}; true', "mine")
    result = stage.run(**own("mine --acp", "MINE_API_KEY"))
    assert result["outcome"] == "done", result["reason"]
    names = stage.forge.text("names").split()
    assert "MINE_API_KEY" in names and not {"OPENAI_API_KEY", "GITEA_TOKEN"} & set(names)
    assert "key-of-mine-01" not in result["output_tail"]
    assert "No such file" in stage.forge.text("home"), "the operator's home is not shown"
    [pull] = stage.forge.pulls
    assert "Made by `mine`" in pull["body"]


def test_it_may_be_a_program_of_the_repository(stage: Stage) -> None:
    stage.forge.commit({"tools/agent.py": program_of("cat > prompt; echo done")})
    result = stage.run(**own("python3 -I tools/agent.py"))
    assert result["outcome"] == "done", result["reason"]
    assert stage.forge.text("prompt") == "Task: t1\nSay hello."


def test_it_is_not_started_with_a_variable_that_nobody_allowed(stage: Stage) -> None:
    stage.environment |= {"GITEA_TOKEN": TOKEN}
    stage.script("echo $GITEA_TOKEN > stolen", "mine")
    for allowed in ((), ("GITEA_TOKEN",)):
        stage.agent_env = allowed
        result = stage.run(**own("mine", "GITEA_TOKEN"))
        assert result["outcome"] == "auth" and "has not allowed that" in result["reason"]
    assert stage.forge.branches() == ["main"]


def test_a_program_that_is_missing_is_said(stage: Stage) -> None:
    result = stage.run(**own("no-such-agent --acp"))
    assert (
        result["outcome"] == "auth"
        and "`no-such-agent` is not installed where the agents run" in result["reason"]
    )


def test_people_read_its_programs_name() -> None:
    assert name_of({"framework": "stub"}) == "stub"
    assert name_of(own("qwen --acp")) == "qwen"


def store_values(store: Store, lane: str, values: Any) -> None:
    """As if a repository had this in its file."""
    store.accept(lane, {"type": "tick", "key": "k1"})
    loaded = store.load(lane)
    config = {"commit": "c1", "valid": "c1", "values": values}
    state: Any = loaded.state | {"repo": {"full_name": f"acme/{lane}"}, "config": config}
    lease = store.lease(f"advance:{lane}")
    assert lease
    decided = Decision(state, texts(differences(loaded.state, state)))
    assert store.commit(lane, loaded, decided, lease.token)


def test_doctor_says_whether_it_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALORON_HOME", str(tmp_path))
    with serving(tmp_path / "store") as url:
        settings = Settings.model_construct(redis_url=url, agent_env=())
        assert list(agents_of_repositories(settings)) == []
        for lane, values in {
            "gitea-1": {**own("python3 agent.py")},
            "gitea-2": {**own("no-such-agent")},
            "gitea-3": {"env": ["STAGING_URL"]},
            "gitea-4": {"parallel": 3},
            "gitea-5": {"mcp": [{"env": [], "headers": {"Authorization": "DOCS_AUTH"}}]},
        }.items():
            store_values(Store(connect(url)), lane, values)
        found = {one.what: one for one in agents_of_repositories(settings)}
    assert {what: one.state for what, one in found.items()} == {
        "acme/gitea-1 agents": "good", "acme/gitea-2 agents": "bad", "acme/gitea-3 agents": "bad",
        "acme/gitea-5 agents": "bad",
    }  # fmt: skip
    assert "`python3 agent.py` of its `.caloron.yml` is installed: /" in found["acme/gitea-1 agents"].words
    assert "CALORON_AGENT_ENV" in found["acme/gitea-3 agents"].words
