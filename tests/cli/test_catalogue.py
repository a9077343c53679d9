"""`caloron stages` and `caloron compositions` as people and scripts meet them."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import compositions
from bot.cli.main import main

TICK = {"state": {"tasks": {"t1": {"status": "Pending", "depends_on": []}}}, "events": []}
TURN: dict[str, Any] = {
    "state": {"v": 1, "tasks": {}, "sprint": None, "issues": {}, "pulls": {}, "shown": {}, "queue": [],
              "kickoffs": {}, "waiting": {}},
    "events": [], "actions": [], "now": "2026-11-21T07:00:00.000Z", "policy": {},
}  # fmt: skip


DEEP = '{"a":' * 5000 + "1" + "}" * 5000


class Called:
    """One call of the command line."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Call":
    return Call(monkeypatch, capsys)


class Call:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *words: str, given: str = "") -> Called:
        self.monkeypatch.setattr("sys.stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = self.capsys.readouterr()
        code = ended.value.code
        return Called(code if isinstance(code, int) else 0, said.out, said.err)


def test_a_stage_is_run_with_json_in_and_out(call: Call) -> None:
    done = call("stages", "run", "dag_evaluate", given=json.dumps(TICK))
    assert done.code == 0 and set(json.loads(done.out)) == {"state", "actions"}
    assert json.loads(done.out)["state"]["tasks"]["t1"]["status"] == "Ready"


@pytest.fixture
def usual_depth() -> Iterator[None]:
    """How deep a call may go, whatever other tests of this process left."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["stages", "run", "dag_evaluate"], "{", "the input is not JSON"),
        (["stages", "run", "dag_evaluate"], "", "the input is not JSON"),
        (["stages", "run", "dag_evaluate"], "{}", "dag_evaluate: the input has no `state`"),
        (["stages", "run", "dag_evaluate"], "[" * 5000, "the input is nested too deeply"),
        (["stages", "run", "dag_is_complete"], f'{{"state": {DEEP}}}', "the input is nested too deeply"),
        (["compositions", "run", "task_life"], f'{{"state": {DEEP}}}', "the input is nested too deeply"),
        (["compositions", "run", "task_life"], "{}", "stage promote_sprint failed: the input has no `state`"),
        (["stages", "run", "dag_evaluate"], '{"state": {}, "events": []}', "state.tasks must be an object"),
        (["stages", "run", "no_such"], "{}", "no stage in store matches prefix 'no_such'"),
        (["compositions", "run", "task_life"], "{", "the input is not JSON"),
        (["compositions", "run", "no_such"], "{}", "there is no composition 'no_such'"),
        (["compositions", "run", "sprint_tick_core", "--pure"], "{}", "stage github_poll_events declares"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("usual_depth")
def test_an_error_is_one_line_and_exit_code_1(call: Call, words: list[str], given: str, said: str) -> None:
    done = call(*words, given=given)
    assert done.code == 1 and done.out == ""
    assert said in done.err and len(done.err.strip().splitlines()) == 1


def test_half_a_sign_is_escaped(call: Call) -> None:
    state = {"tasks": {"t1": {"status": "Done", "depends_on": [], "words": "\ud800 é"}}}
    turn = TURN | {"state": TURN["state"] | {"queue": ["\udc80 é"]}}
    done = call("stages", "run", "dag_evaluate", given=json.dumps({"state": state, "events": []}))
    assert done.code == 0 and '"\\ud800 é"' in done.out
    done = call("compositions", "run", "task_life", "--trace", given=json.dumps(turn))
    assert done.code == 0 and '"\\udc80 é"' in done.out and json.loads(done.out)["trace"]["stages"]


def test_stages_are_listed_and_shown(call: Call) -> None:
    rows = json.loads(call("stages", "list", "--output", "json").out)
    assert [row["name"] for row in rows] == [stage.name for stage in compositions.catalogue().stages]
    assert "github_poll_events" in call("stages", "list", "--output", "table").out
    said = call("stages", "show", "dag_is_complete").out
    assert max(map(len, said.splitlines()[:8])) <= 110
    assert said.startswith("dag_is_complete (pure): ") and "finished: Bool" in said
    assert "A sprint whose tasks are all done is complete and finished\n  < {" in said
    one = json.loads(call("stages", "show", "github_merge_pr", "--output", "json").out)
    assert one["effects"] == "fallible, network" and one["file"] == "stages/github/merge_pr.py"
    assert call("stages", "show", one["id"][:16]).out.startswith("github_merge_pr ")


def test_no_type_of_a_stage_is_cut(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli.stages.examples_of", lambda _: [])  # what is shown last, and takes longest
    for stage in compositions.catalogue().stages:
        whole = json.loads(call("stages", "show", stage.name, "--output", "json").out)["signature"]
        text = call("stages", "show", stage.name).out
        words = [name for line in whole.splitlines() for name in line.split()]
        assert "…" not in whole.partition("\n")[2]
        assert words == text.split()[: len(words)]


def test_check_names_the_faults_of_the_stages_it_was_asked_about(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = call("stages", "check", "dag_is_complete", "take_step")
    assert done.code == 0 and done.out.startswith("2 stages with ") and ": no faults" in done.out
    monkeypatch.setattr("bot.cli.stages.faults_of", lambda file: [f"{file.stem} uses the clock"])
    done = call("stages", "check", "take_step")
    assert done.code == 1 and "take_step: take_step uses the clock" in done.out


def test_registering_without_the_engine_says_what_is_missing(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = call("stages", "register")
    assert done.code == 1 and "noether is not on the PATH" in done.err
    assert len(done.err.strip().splitlines()) == 1 and "in its own" in done.err


def test_compositions_are_listed_shown_and_checked(call: Call) -> None:
    rows = json.loads(call("compositions", "list", "--output", "json").out)
    assert [row["name"] for row in rows] == compositions.names()
    said = call("compositions", "show", "task_life").out
    assert "dag_evaluate" in said and " → " in said and "```mermaid\nflowchart TD" in said
    assert call("compositions", "show", "task_life", "--mermaid").out.startswith("flowchart TD\n")
    done = call("compositions", "check")
    assert done.code == 0 and all(line.endswith(": fits") for line in done.out.splitlines())


def test_a_composition_is_run_with_its_trace(call: Call) -> None:
    plain = json.loads(call("compositions", "run", "task_life", given=json.dumps(TURN)).out)
    assert plain["now"] == TURN["now"]
    whole = json.loads(call("compositions", "run", "task_life", "--trace", given=json.dumps(TURN)).out)
    assert whole["output"] == plain
    assert "dag_evaluate" in [stage["name"] for stage in whole["trace"]["stages"]]


def test_resolved_compositions_name_ids(call: Call, tmp_path: Path) -> None:
    done = call("compositions", "resolve", "--into", str(tmp_path / "by-id"))
    assert done.code == 0 and len(done.out.splitlines()) == len(compositions.names())
    text = (tmp_path / "by-id" / "wanted.json").read_text()
    for name in ("tell_waits", "draw_boards", "want"):
        assert name not in text
        assert text.count(compositions.catalogue().find(name).stage_id) == 1
    assert json.loads(call("compositions", "resolve", "wanted").out) == json.loads(text)
