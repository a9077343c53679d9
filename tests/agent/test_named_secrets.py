"""Secrets in the files that a framework's settings copy brings: JSON, TOML, YAML, lines NAME=value."""

import json
from pathlib import Path

import pytest

from shell import secrets
from shell.agent.frameworks import FRAMEWORKS
from shell.agent.git import Git
from shell.agent.leaks import leaks
from shell.agent.logins import copy_logins
from shell.agent.named_secrets import secrets_in
from shell.agent.tree import changes, final_tree

KEY = "sk-9Kx2Lm4Pq7Rt1Vw8Yz"

HOLDING = {
    "JSON": f'{{"oauth": {{"accessToken": "{KEY}", "scopes": ["user:inference"]}}}}',
    "JSON with comments": f'{{\n  // of the team\n  "apiKey": "{KEY}",\n  "theme": "dark",\n}}',
    "YAML": f"model: gpt-5\nopenai-api-key: {KEY}\n",
    "YAML, a list of pairs": f"api-key:\n  - gemini={KEY}\n",
    "YAML, a list of variables": f"set-env:\n  - MY_API_KEY={KEY}\n",
    "YAML, quoted": f'- name: m\n  extra_params:\n    api_key: "{KEY}"\n',
    "YAML, a block": f"token: |\n  {KEY}\n",
    "YAML, below the name of many": f"keys:\n  openai: {KEY}\n",
    "YAML, a line that is commented out": f"# openai-api-key: {KEY}\nmodel: gpt-5\n",
    "YAML that is none": f"model: [\nopenai-api-key: {KEY}\n",
    "TOML": f'model = "gpt-5"\n[model_providers.own]\nexperimental_bearer_token = "{KEY}"\n',
    "TOML, a header": f'http_headers = {{ Authorization = "Bearer {KEY}" }}\n',
    "TOML, a variable": f'[mcp_servers.search.env]\nAPI_KEY = "{KEY}"\n',
    "TOML, a command's flag": f'args = ["-y", "--api-key", "{KEY}"]\n',
    "TOML, a command's flag in one": f'args = ["-y", "--api-key={KEY}"]\n',
    "TOML, an address": f'url = "https://mcp.example/?api_key={KEY}&x=1"\n',
    "TOML, a person in an address": f'url = "https://ann:{KEY}@mcp.example/"\n',
    "TOML, several lines": f'token = """\n{KEY}\n"""\n',
    "lines": f"A=1\nMY_TOKEN={KEY}\n",
    "lines, exported and quoted": f'export MY_TOKEN="{KEY}"\n',
    "lines with a remark": f"MY_TOKEN={KEY} # of the team\n",
}


@pytest.mark.parametrize("name", HOLDING)
def test_a_key_is_found_in_each_form(name: str) -> None:
    assert KEY in {one.strip() for one in secrets_in(HOLDING[name])}


@pytest.mark.parametrize(
    "text",
    [
        '{"apiKeyHelper": "/usr/local/bin/my-key-helper", "theme": "dark", "apiKey": "short"}',
        '{"keybinds": {"leader": "ctrl+shift+alt+x+y"}, "apiKey": "{env:ANTHROPIC_API_KEY}"}',
        '[model_providers.own]\nenv_key = "MY_COMPANY_API_KEY"\nbase_url = "https://models.example/v1"\n',
        "model: a-model-with-a-long-name\ntoken-endpoint: https://login.example/token/endpoint\n",
        "OPENAI_API_KEY=$MY_OTHER_VARIABLE\nKEY_FILE=/home/ann/.keys/one\n",
        "[section]\nname = value",
        "&a [*a]",
        "{" * 5000,
        "a: " + "[" * 5000,
        "\x00\ufffd",
        "",
    ],
)
def test_other_words_are_none(text: str) -> None:
    assert list(secrets_in(text)) == []


@pytest.mark.parametrize(
    ("framework", "name", "form"),
    [
        ("aider", ".aider.conf.yml", "YAML"),
        ("aider", ".aider.model.settings.yml", "YAML, quoted"),
        ("codex-cli", ".codex/config.toml", "TOML"),
        ("open-code", ".config/opencode/opencode.json", "JSON with comments"),
        ("claude-code", ".claude/settings.json", "JSON"),
    ],
)
def test_what_a_copy_brings_is_masked_and_does_not_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framework: str, name: str, form: str
) -> None:
    monkeypatch.setattr(secrets, "MASKER", secrets.Masker())
    (tmp_path / "person" / name).parent.mkdir(parents=True)
    (tmp_path / "person" / name).write_text(HOLDING[form])
    machine = {"HOME": str(tmp_path / "person"), "ANTHROPIC_API_KEY": "a-key"}
    copy_logins(FRAMEWORKS[framework], machine, tmp_path / "home")
    assert secrets.mask(f"my key is {KEY}") == f"my key is {secrets.MASK}"

    git, work = Git(tmp_path / "git"), tmp_path / "work"
    git.git_dir.mkdir()
    git.run("init", "--quiet", "--bare")
    work.mkdir()
    (work / "notes.json").write_text(json.dumps({"said": KEY}))
    found = changes(git, git.run("mktree").text, final_tree(git, work, tmp_path / "index"))
    assert leaks(git, found, "a message", {})
