"""The built-in agent and the model behind it, against a model at the wire."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shell.agent import builtin
from shell.agent.builtin import Work
from shell.agent.egress.hosts import Operator
from shell.agent.trial import find_sandbox
from shell.agent.workspace import Forbidden, Workspace
from shell.errors import Refused, Unavailable
from shell.model import ask, ask_json, whole

from .disk_forge import Stage
from .model_server import ModelServer, Reply, call, fault, serving, text, uses

KEY = "model-key-123456"
needs_walls = pytest.mark.skipif(not find_sandbox(os.environ["PATH"]).works, reason="no bubblewrap here")
HELLO: Any = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with serving() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield server


def let_reach(stage: Stage, model: ModelServer) -> None:
    """The agent works behind walls, and CALORON_EGRESS names the model of this test."""
    stage.sandbox = "required"
    stage.environment |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url}
    address = urlsplit(model.url)
    stage.operator = Operator(named=((str(address.hostname), int(address.port or 0)),))


@needs_walls
def test_an_attempt_by_the_built_in_agent(stage: Stage, model: ModelServer) -> None:
    let_reach(stage, model)
    model.replies = [
        uses(call("list_files"), call("read_file", path="README.md")),
        uses(call("write_file", path="docs/hi.md", content="hi\n"), call("delete_file", path="src/a.py")),
        text("Wrote the greeting."),
    ]
    result = stage.run(framework="anthropic", model="claude-opus-5-5")
    assert (result["outcome"], result["changed"]) == ("done", ["docs/hi.md", "src/a.py"]), result
    assert model.results()[:2] == ["README.md\nsrc/a.py", "# Hello\n"]
    assert {asked["model"] for asked in model.asked} == {"claude-opus-5-5"}
    assert model.headers[0]["authorization"] == f"Bearer {KEY}"
    assert model.asked[0]["messages"][0]["content"].startswith("Task: t1")
    assert result["feedback"]["tokens_consumed"] == 330
    assert result["feedback"]["task_id"] == "t1"
    assert result["feedback"]["tools_used"] == ["list_files", "read_file", "write_file", "delete_file"]
    assert result["feedback"]["notes"] == "Wrote the greeting."
    assert KEY not in str(result)


@needs_walls
def test_a_repository_with_a_package_of_our_name_is_not_imported(stage: Stage, model: ModelServer) -> None:
    let_reach(stage, model)
    evil = "import sys; sys.exit('imported from the repository')"
    stage.forge.commit({"shell/__init__.py": evil, "anthropic.py": evil, "json.py": evil})
    model.replies = [uses(call("write_file", path="a.md", content="a")), text("Done.")]
    assert stage.run(framework="anthropic")["outcome"] == "done"


def work(folder: Path, model: ModelServer, *replies: Reply) -> tuple[Work, str | None]:
    model.replies = list(replies)
    begun = Work(Workspace(folder), messages=[{"role": "user", "content": "Task: t1"}])
    return begun, builtin._to_the_end(begun)


def test_what_the_model_may_not_do_is_told_to_it(tmp_path: Path, model: ModelServer) -> None:
    _, reason = work(
        tmp_path,
        model,
        uses(call("read_file", path="../secret"), call("run", command="id"), call("read_file")),
        text("I see."),
    )
    assert reason is None
    outside, unknown, incomplete = model.results()
    assert "not a path inside the folder" in outside
    assert "unknown tool run" in unknown
    assert "this call failed" in incomplete


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        ("refusal", "The model declined this task."),
        ("model_context_window_exceeded", "too long for the model"),
        ("something_new", "The model stopped with something_new."),
    ],
)
def test_a_bad_end_is_said(tmp_path: Path, model: ModelServer, stop: str, words: str) -> None:
    _, reason = work(tmp_path, model, text("…", stop=stop))
    assert reason and words in reason


def test_a_cut_off_call_is_not_done(tmp_path: Path, model: ModelServer) -> None:
    cut = call("write_file", path="a.md", content="hal")
    status, body, headers = uses(cut)
    _, reason = work(tmp_path, model, (status, body | {"stop_reason": "max_tokens"}, headers), text("Well."))
    assert reason is None and not (tmp_path / "a.md").exists()
    assert "cut off" in model.results()[0]


def test_a_pause_goes_on(tmp_path: Path, model: ModelServer) -> None:
    assert work(tmp_path, model, text("…", stop="pause_turn"), text("Done."))[1] is None
    assert len(model.asked) == 2


def test_turns_are_bounded(tmp_path: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "MAX_TURNS", 3)
    _, reason = work(tmp_path, model, uses(call("list_files")))
    assert reason == "The model did not finish within 3 turns." and len(model.asked) == 3


def test_a_busy_model_is_asked_again_after_a_bounded_pause(tmp_path: Path, model: ModelServer) -> None:
    model.replies = [fault(529, "overloaded", retry_after="90000"), fault(500, "oops"), text("Here.")]
    begun = Work(Workspace(tmp_path), messages=HELLO["messages"])
    pauses: list[float] = []
    assert builtin._asked(begun, pauses.append)["text"] == "Here."
    assert pauses == [60.0, 8.0]


def test_faults_are_in_our_two_words(model: ModelServer) -> None:
    model.replies = [
        fault(429, "slow down", retry_after="7"),
        fault(401, "bad key"),
        text("cut", stop="max_tokens"),
    ]
    with pytest.raises(Unavailable) as busy:
        ask(HELLO)
    assert (busy.value.retry_after, busy.value.status) == (7.0, 429)
    with pytest.raises(Refused, match="401: bad key"):
        ask(HELLO)
    with pytest.raises(Refused, match="longer than allowed"):
        whole(ask(HELLO))


def test_no_connection_is_unavailable(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9 is not available: could not connect"):
        ask(HELLO)


def test_without_a_key_it_says_what_to_set(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(Refused, match="set ANTHROPIC_API_KEY"):
        ask(HELLO)


def test_json_is_asked_for_by_schema_and_checked(model: ModelServer) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    model.replies = [text('{"a": 1}'), text("certainly!")]
    with_schema: Any = HELLO | {"schema": schema}
    assert ask_json(with_schema) == {"a": 1}
    assert model.asked[0]["output_config"]["format"] == {"type": "json_schema", "schema": schema}
    with pytest.raises(Refused, match="no JSON"):
        ask_json(HELLO)


def test_half_a_sign_and_depth_in_an_answer_break_nothing(model: ModelServer) -> None:
    model.replies = [text('{"a": "x\\ud800"}'), text("[" * 9000 + "]" * 9000), text("x\ud800")]
    assert ask_json(HELLO) == {"a": "x\ufffd"}
    with pytest.raises(Refused, match="no JSON"):
        ask_json(HELLO)
    assert ask(HELLO)["text"] == "x\ufffd"


def test_the_sdk_is_loaded_only_when_the_model_is_asked() -> None:
    code = "import sys, shell.model, shell.agent.run; sys.exit('anthropic' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, env=os.environ, check=False).returncode == 0


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "", ".git/config", "sub/.GIT/x", "link/x", "link"]
)
def test_paths_stay_in_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "link").symlink_to("/etc")
    room = Workspace(tmp_path)
    for act in (room.read_file, room.delete_file, lambda name: room.write_file(name, "x")):
        with pytest.raises(Forbidden):
            act(path)


def test_a_folder_is_no_file_and_bytes_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe\0")
    room = Workspace(tmp_path)
    with pytest.raises(Forbidden):
        room.write_file("sub", "x")
    with pytest.raises(Forbidden):
        room.read_file("b.bin")
    assert room.list_files("sub") == "(no files)" and room.list_files(".") == "b.bin"
