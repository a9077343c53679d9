"""The stub of a model: the four protocols, whole and as streams, and what goes wrong on demand."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead
from typing import Any

import pytest

from bot.harness.model_stub import Asked, CutOff, Fail, ModelStub, Move, Run, Say, Write, serving_model
from bot.harness.model_wires import WRITTEN

FOLDER = "/var/home/attempts/gitea-1/s-1/t1/1/space/files"
TEXT = f"Task: t1\nThe working directory is {FOLDER}."


def worker(asked: Asked) -> Move:
    moves = (Write("a.txt", "one\n"), Run("ls -l"), Say("All done."))
    return moves[asked.steps]


@pytest.fixture
def model() -> Iterator[ModelStub]:
    with serving_model(worker) as stub:
        yield stub
        assert stub.faults == []


def ask(model: ModelStub, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """The status and the text of the answer; IncompleteRead where it was cut off."""
    client = HTTPConnection("127.0.0.1", model.port, timeout=10)
    try:
        client.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    finally:
        client.close()


def schema(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def messages(steps: int) -> dict[str, Any]:
    tools = [
        {"name": "Write", "input_schema": schema("file_path", "content")},
        {"name": "Bash", "input_schema": schema("command", "description")},
    ]
    results = [{"role": "user", "content": [{"type": "tool_result", "content": "ok"}]}] * steps
    return {"model": "m", "tools": tools, "messages": [{"role": "user", "content": TEXT}, *results]}


def responses(steps: int) -> dict[str, Any]:
    tools = [{"type": "namespace", "tools": [{"type": "custom", "name": "exec"}]}]
    results = [{"type": "custom_tool_call_output", "output": "ok"}] * steps
    return {"model": "m", "input": [{"type": "additional_tools", "tools": tools}, *results]}


def chat(steps: int) -> dict[str, Any]:
    offered = {"write": schema("content", "filePath"), "bash": schema("command", "timeout")}
    tools = [{"type": "function", "function": {"name": k, "parameters": v}} for k, v in offered.items()]
    results = [{"role": "tool", "content": "ok"}] * steps
    return {"model": "m", "tools": tools, "messages": [{"role": "user", "content": TEXT}, *results]}


def gemini(steps: int) -> dict[str, Any]:
    offered = {"write_file": schema("file_path", "content"), "run_shell_command": schema("command")}
    tools = [{"name": k, "parametersJsonSchema": v} for k, v in offered.items()]
    parts = [{"text": TEXT}, *[{"functionResponse": {"name": "write_file"}}] * steps]
    return {"tools": [{"functionDeclarations": tools}], "contents": [{"role": "user", "parts": parts}]}


WIRES = {
    "messages": ("/v1/messages?beta=true", messages),
    "responses": ("/v1/responses", responses),
    "chat": ("/v1/chat/completions", chat),
    "gemini": ("/v1beta/models/g:generateContent", gemini),
}
MADE: dict[str, list[Any]] = {
    "messages": [{"file_path": f"{FOLDER}/a.txt", "content": "one\n"}, {"command": "ls -l"}],
    "responses": ["*** Add File: a.txt", "ls -l"],
    "chat": [{"filePath": f"{FOLDER}/a.txt", "content": "one\n"}, {"command": "ls -l"}],
    "gemini": [{"file_path": f"{FOLDER}/a.txt", "content": "one\n"}, {"command": "ls -l"}],
}


def called(wire: str, answer: Any) -> Any:
    """What the answer gives to the tool that it calls."""
    match wire:
        case "messages":
            return answer["content"][0]["input"]
        case "responses":
            return answer["output"][0]["input"]
        case "chat":
            return json.loads(answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])
    return answer["candidates"][0]["content"]["parts"][0]["functionCall"]["args"]


@pytest.mark.parametrize("wire", WIRES)
def test_each_move_is_said_with_the_tools_that_are_offered(model: ModelStub, wire: str) -> None:
    path, body = WIRES[wire]
    for step, expected in enumerate(MADE[wire]):
        status, text = ask(model, path, body(step))
        given = called(wire, json.loads(text))
        assert status == 200
        found = expected in given if isinstance(expected, str) else given.items() >= expected.items()
        assert found, given
    status, text = ask(model, path, body(2))
    assert status == 200 and "All done." in text
    assert [one.wire for one in model.work()] == [wire] * 3


@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_says_the_same_in_events(model: ModelStub, wire: str) -> None:
    path, body = WIRES[wire]
    asked = body(2) | ({} if wire == "gemini" else {"stream": True})
    _, text = ask(model, path.replace("generateContent", "streamGenerateContent?alt=sse"), asked)
    pieces = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    events = [json.loads(piece) for piece in pieces if piece != "[DONE]"]
    assert events and "All done." in text
    assert f'okens": {WRITTEN}' in text or f'okenCount": {WRITTEN}' in text


@pytest.mark.parametrize("wire", WIRES)
def test_it_fails_on_demand(model: ModelStub, wire: str) -> None:
    path, body = WIRES[wire]
    model.script = lambda asked: Fail(429, {"Retry-After": "7"})
    status, text = ask(model, path, body(0))
    assert status == 429 and "The model stub answers 429" in json.loads(text)["error"]["message"]
    model.script = lambda asked: CutOff()
    with pytest.raises(IncompleteRead):
        ask(model, path, body(0))


def test_what_is_asked_beside_the_work_gets_a_title(model: ModelStub) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "A title for this, please"}]}
    status, text = ask(model, "/v1/messages", body)
    assert status == 200 and json.loads(text)["content"] == [{"type": "text", "text": "A task"}]
    assert model.work() == [] and len(model.asked) == 1


def test_an_agent_that_edits_by_blocks_gets_all_at_once(model: ModelStub) -> None:
    words = f"{TEXT}\nEvery *SEARCH/REPLACE block* must use this format"
    _, text = ask(model, "/v1/chat/completions", {"messages": [{"role": "user", "content": words}]})
    said = json.loads(text)["choices"][0]["message"]["content"]
    assert said == "a.txt\n```\n<<<<<<< SEARCH\n=======\none\n>>>>>>> REPLACE\n```\n\nAll done."
