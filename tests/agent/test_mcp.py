"""The MCP servers of a repository: told to each agent that takes them, and reached by real ones."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

import stages.board.draw_boards as boards
from bot.harness.model_stub import Asked, Move, Say, Use, Write
from bot.harness.prove import open_bench
from shell.agent.egress.hosts import Operator
from shell.agent.frameworks import ALL, FrameworkError, LoginError
from shell.agent.mcp import public_hosts, servers_for
from shell.config_file import read_config
from shell.secrets import mask
from tests.real_frameworks import WALLS, installed

from .disk_forge import Stage

SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    method, result = asked["method"], {}
    if method == "initialize":
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "stock", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "count_apples", "description": "How many apples there are",
                             "inputSchema": {"type": "object", "properties": {"kind": {"type": "string"}}}}]}
    elif method == "tools/call":
        words = f"{asked['params']['arguments']['kind']}: 4711 apples"
        result = {"content": [{"type": "text", "text": words}]}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
"""A server with one tool."""
ANSWERED = "red: 4711 apples"


def written(text: str) -> Any:
    """What the file makes of it."""
    parsed = read_config(text)
    assert parsed["problems"] == []
    return parsed["values"]["mcp"]


BOTH = """
agents:
  mcp:
    stock: {command: python3, args: [-m, stock], env: [STOCK_KEY]}
    docs: {url: "https://docs.example.org/mcp", headers: {Authorization: DOCS_AUTH}}
"""


def test_the_file_names_servers() -> None:
    assert written(BOTH) == [
        {"name": "stock", "type": "stdio", "command": ["python3", "-m", "stock"], "env": ["STOCK_KEY"],
         "url": "", "headers": {}},
        {"name": "docs", "type": "http", "command": [], "env": [],
         "url": "https://docs.example.org/mcp", "headers": {"Authorization": "DOCS_AUTH"}},
    ]  # fmt: skip
    assert written("agents: {mcp: {a: {url: 'https://a.org', type: sse}}}")[0]["type"] == "sse"


def test_an_agent_is_told_them_as_the_protocol_wants_it(stage: Stage) -> None:
    stage.environment |= {"STOCK_KEY": "key-of-the-stock", "DOCS_AUTH": "Bearer of-the-docs"}
    stage.agent_env = ("STOCK_KEY", "DOCS_AUTH")
    script = (
        'python3 -c \'import os; print(os.environ["MCP_SERVERS"].replace("key-of-the-stock", "KEY"))\' > told'
    )
    result = stage.play(script, mcp=written(BOTH))
    assert result["outcome"] == "done", result["reason"]
    [stock] = json.loads(stage.forge.text("told"))
    assert os.path.isabs(stock["command"]) and stock["args"] == ["-m", "stock"]
    assert stock["env"] == [{"name": "STOCK_KEY", "value": "KEY"}]
    log = (stage.home / "logs/agents/s-1/t1-1.log").read_text()
    assert "The MCP server docs is left out: this agent reaches none by http" in log


def test_a_header_has_the_value_of_its_variable_and_is_masked() -> None:
    docs = [server for server in written(BOTH) if server["name"] == "docs"]
    [told] = servers_for(docs, {"DOCS_AUTH": "Bearer of-the-docs"}, ["DOCS_AUTH"], Path("/w"))
    assert told["headers"] == [{"name": "Authorization", "value": "Bearer of-the-docs"}]
    assert "of-the-docs" not in mask("it said Bearer of-the-docs")


def test_a_program_of_the_repository_is_named_by_its_whole_path() -> None:
    [told] = servers_for(written("agents: {mcp: {a: {command: tools/a}}}"), {}, [], Path("/w"))
    assert told == {"name": "a", "command": "/w/tools/a", "args": [], "env": []}


def test_no_server_gets_what_the_operator_does_not_allow() -> None:
    with pytest.raises(LoginError, match="STOCK_KEY to agents, and the operator has not allowed"):
        servers_for(written(BOTH), {"STOCK_KEY": "k", "DOCS_AUTH": "d"}, ["DOCS_AUTH"], Path("/w"))


def test_a_public_server_is_reached_without_more_and_a_private_one_if_the_operator_names_it() -> None:
    def hosts(url: str, *named: tuple[str, int]) -> list[str]:
        return public_hosts(written(f"agents: {{mcp: {{a: {{url: '{url}'}}}}}}"), Operator(named))

    assert public_hosts(written(BOTH), Operator()) == ["docs.example.org"]
    for url, place in {
        "http://docs.example.org/mcp": ("docs.example.org", 80),
        "https://docs.example.org:8443/mcp": ("docs.example.org", 8443),
        "https://tools.internal/mcp": ("tools.internal", 443),
        "https://169.254.169.254/": ("169.254.169.254", 443),
        "http://localhost:9000/": ("localhost", 9000),
    }.items():
        with pytest.raises(FrameworkError, match="only if the operator names it: add "):
            hosts(url)
        assert hosts(url, place) == []


def test_the_board_names_each_framework_that_takes_none() -> None:
    assert tuple(one.name for one in ALL if one.agent is None) == boards.WITHOUT_MCP


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
@pytest.mark.parametrize("framework", ["open-code", "claude-code", "gemini-cli", "codex-cli"])
def test_a_real_agent_reaches_a_server(framework: str, tmp_path: Path) -> None:
    """Its model calls the server's tool, and writes down what that answered."""
    if (there := installed(framework)) is None:
        pytest.skip(f"{framework} is not installed; `tests/tools/frameworks install` does it")

    def script(asked: Asked) -> Move:
        if ANSWERED in asked.text:
            return Say("They are counted.") if "apples.txt" in asked.text else Write("apples.txt", ANSWERED)
        return Use("count_apples", {"kind": "red"}) if asked.steps < 4 else Say("I cannot count them.")

    server = {"name": "stock", "type": "stdio", "command": ["python3", "-c", SERVER], "env": [], "url": "",
              "headers": {}}  # fmt: skip
    with open_bench(framework, there, tmp_path, random.Random(1)) as bench:
        result, _ = bench.play(script, mcp=[server])
        assert bench.model.faults == [] and result["outcome"] == "done", result["reason"]
        assert bench.written("apples.txt") in (ANSWERED, f"{ANSWERED}\n")
