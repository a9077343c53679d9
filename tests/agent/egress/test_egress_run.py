"""A run's network: what the operator names is reached, and a run that lacks something says what."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shell.agent.egress.hosts import Operator
from shell.agent.frameworks import ALL, FRAMEWORKS, FrameworkError
from shell.agent.network import in_words, rules_for
from tests.agent.disk_forge import Stage
from tests.agent.model_server import ModelServer, call, serving, text, uses
from tests.agent.test_agent_sandbox import needs_walls

KEY = "model-key-123456"


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.forge.commit({"README.md": "# Hello\n"})
    stage.sandbox = "required"
    return stage


def named(model: ModelServer) -> Operator:
    parts = urlsplit(model.url)
    return Operator(named=((str(parts.hostname), parts.port or 0),))


def log_of(stage: Stage) -> str:
    return (stage.home / "logs/agents/s-1/t1-1.log").read_text()


@needs_walls
def test_the_built_in_agent_reaches_the_model_that_the_operator_named(
    stage: Stage, model: ModelServer
) -> None:
    stage.environment |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url}
    stage.operator = named(model)
    model.replies = [uses(call("write_file", path="docs/hi.md", content="hi\n")), text("Wrote it.")]
    result = stage.run(framework="anthropic")
    assert (result["outcome"], result["changed"]) == ("done", ["docs/hi.md"]), result["reason"]
    assert model.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "[network] " in log_of(stage) and " 0 refused" in log_of(stage)


@needs_walls
def test_without_that_the_run_says_what_to_name(stage: Stage, model: ModelServer) -> None:
    stage.environment |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url}
    result = stage.run(framework="anthropic")
    place = model.url.removeprefix("http://")
    assert result["outcome"] == "failed" and f"add {place} to CALORON_EGRESS" in result["reason"], result
    assert not model.asked


@needs_walls
def test_a_model_at_a_private_name_is_refused_in_words(stage: Stage) -> None:
    stage.environment |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "http://model.internal.:11434"}
    assert "ANTHROPIC_BASE_URL is wrong" in stage.run(framework="anthropic")["reason"]


@needs_walls
def test_what_a_run_was_refused_explains_its_failure(stage: Stage, model: ModelServer) -> None:
    port = urlsplit(model.url).port
    result = stage.play(
        f"python3 -c \"import urllib.request as u; u.urlopen('http://api.example.net/x')\" || "
        f"python3 -c \"import socket; socket.create_connection(('127.0.0.1', {port}))\" || "
        "python3 -c \"import socket; socket.create_connection(('8.8.8.8', 53))\" || exit 3"
    )
    assert result["outcome"] == "failed", result
    assert "The network refused api.example.net:80; the run's log says why" in result["reason"], result
    assert "HTTP Error 403: Not Allowed" in result["output_tail"]
    assert "Connection refused" in result["output_tail"] and "unreachable" in result["output_tail"]
    assert "Add a public name to `agents.network`" in log_of(stage) and not model.asked


@needs_walls
def test_a_public_name_of_the_repository_is_taken(stage: Stage) -> None:
    fetch = "import urllib.request as u; u.urlopen('https://no-such-host.example.org/')"
    result = stage.play(f'python3 -c "{fetch}"', network=["*.example.org"])
    assert "502 Bad Gateway" in result["output_tail"] and "refused" not in result["reason"], result


@needs_walls
def test_servers_of_the_agents_own_are_reached_without_the_proxy(stage: Stage) -> None:
    result = stage.play(
        "python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 & "
        'for i in $(seq 100); do python3 -c "import urllib.request as u; '
        "print(u.urlopen('http://127.0.0.1:8123/README.md').read().decode())\" 2>/dev/null && break; done"
    )
    assert "# Hello" in result["output_tail"], result


def test_each_framework_that_executes_has_a_model_to_reach() -> None:
    assert [framework.name for framework in ALL if not framework.hosts] == ["stub"]
    for framework in ALL:
        assert rules_for(framework, {}, [], Operator()).refusal("pypi.org", 443) is None


def test_an_own_address_of_the_model_counts_with_its_port() -> None:
    machine = {"OPENAI_BASE_URL": "https://models.example.org:8443/v1"}
    rules = rules_for(FRAMEWORKS["codex-cli"], machine, [], Operator())
    assert rules.refusal("models.example.org", 8443) is None and rules.refusal("api.openai.com", 443) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "http://gpu:1"]
)
def test_a_private_address_of_the_model_counts_only_if_named(url: str) -> None:
    machine, framework = {"ANTHROPIC_BASE_URL": url}, FRAMEWORKS["anthropic"]
    with pytest.raises(FrameworkError, match=r"add .*:1 to CALORON_EGRESS"):
        rules_for(framework, machine, [], Operator())
    host = urlsplit(url).hostname
    assert host and rules_for(framework, machine, [], Operator(((host, 1),))).refusal(host, 1) is None


def test_it_is_said_what_agents_may_reach() -> None:
    words = in_words(FRAMEWORKS["anthropic"], {}, Operator((("gpu.lan", 80),)))
    assert words.startswith(
        "agents (anthropic) reach api.anthropic.com and the package registries of PyPI, npm"
    )
    assert "CALORON_EGRESS adds gpu.lan:80" in words and "`agents.network`" in words
