"""`caloron stages record`: an example is added in its short form, with the answer that the stage gives."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import compositions
from compositions.examples import documents_of, examples_of, file_faults, read
from compositions.layout import format_document
from compositions.shorten import shorten
from tests.cli.test_catalogue import Call, call

__all__ = ["call"]

CLOSED = "A pull request on hold was closed"
NOW = "2026-11-21T07:00:00.000Z"
ON_HOLD = {"events": [{"$like": "pr closed"}], "state": {"tasks": {"t1": {"hold": True}}}}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `dag_evaluate` with its examples, to which the command line adds."""
    stage = compositions.catalogue().find("dag_evaluate")
    for file in stage.file.parent.glob("evaluate*"):
        shutil.copy(file, tmp_path)
    copied = SimpleNamespace(name=stage.name, file=tmp_path / "evaluate.py", execute=stage.execute)
    monkeypatch.setattr("bot.cli.stages.find", lambda name: copied)
    return tmp_path / "evaluate.py"


def record(call: Call, value: Any, name: str = "A whole new example", *options: str) -> Any:
    return call("stages", "record", "dag_evaluate", "--name", name, *options, given=json.dumps(value))


def test_the_answer_of_the_stage_is_added_and_printed(call: Call, stage: Path) -> None:
    given = {"state": {"tasks": {"t1": {"status": "Pending", "depends_on": []}}}, "events": [], "now": NOW}
    done = record(call, given)
    assert done.code == 0 and "evaluate.json" in done.err
    added = read(stage.with_suffix(".json")).examples[-1]
    assert json.loads(done.out) == added
    assert added["output"]["actions"] == [{"type": "create_issue", "task_id": "t1", "title": "t1"}]
    [example] = [one for one in examples_of(stage) if one["name"] == "A whole new example"]
    assert example["input"] == given
    assert example["output"]["state"]["tasks"]["t1"]["status"] == "Ready"


def test_an_input_may_say_what_differs_from_a_base(call: Call, stage: Path) -> None:
    done = record(call, ON_HOLD, CLOSED, "--base", "in review", "--subject", "pulls")
    assert done.code == 0
    added = read(stage.with_suffix(".pulls.json")).examples[-1]
    assert added["base"] == "in review" and added["input"] == ON_HOLD
    [example] = [one for one in examples_of(stage) if one["name"] == CLOSED]
    assert example["input"]["state"]["tasks"]["t1"]["pr_number"] == 7
    assert (
        example["output"]["state"]["tasks"]["t1"] | {"hold": True, "closed_pr": 7}
        == (example["output"]["state"]["tasks"]["t1"])
    )


def test_a_new_subject_is_a_new_file_that_knows_the_bases(call: Call, stage: Path) -> None:
    done = record(call, {"events": []}, "Nothing is on hold here", "--base", "in review", "--subject", "hold")
    assert done.code == 0 and "evaluate.hold.json" in done.err
    assert [one["name"] for one in read(stage.with_suffix(".hold.json")).examples] == [
        "Nothing is on hold here"
    ]


def test_the_file_stays_formatted_and_without_faults(call: Call, stage: Path) -> None:
    record(call, ON_HOLD, CLOSED, "--base", "in review", "--subject", "pulls")
    assert list(file_faults(stage)) == []
    for file in stage.parent.glob("*.pulls.json"):
        assert file.read_text(encoding="utf-8") == format_document(read(file))


def test_an_error_is_an_answer_too(call: Call, stage: Path) -> None:
    done = record(call, {"state": None, "events": []}, "No state is an error too")
    assert done.code == 0
    [example] = [one for one in examples_of(stage) if one["name"] == "No state is an error too"]
    assert example["error"] == "dag_evaluate: state.tasks must be an object of tasks by id"


@pytest.mark.parametrize(
    ("value", "name", "options", "said"),
    [
        ({}, "Nothing is given", (), "the input has no `state`"),
        (ON_HOLD, "Two words", (), "“Two words” is too short"),
        ({}, "An event of an unknown kind changes nothing", (), "already"),
        ({}, "Of a base unknown", ("--base", "nowhere"), "there is no “nowhere” among its bases"),
        ({"events": [{"$like": "nothing"}]}, "Of a value unknown", ("--base", "in review"), "no “nothing”"),
    ],
)
def test_what_shows_nothing_is_refused_and_not_written(
    call: Call, stage: Path, value: Any, name: str, options: tuple[str, ...], said: str
) -> None:
    before = {file: file.read_text(encoding="utf-8") for file in stage.parent.iterdir()}
    done = record(call, value, name, *options)
    assert done.code == 1 and said in done.err
    assert {file: file.read_text(encoding="utf-8") for file in stage.parent.iterdir()} == before


def test_a_stage_that_touches_the_world_is_not_run(call: Call) -> None:
    done = call("stages", "record", "get_pr_status", "--name", "A new example", given="{}")
    assert done.code == 1 and "get_pr_status has effects" in done.err


def test_a_base_is_not_blamed_for_what_its_records_have_by_themselves() -> None:
    """A field that the world's records bring along, and a base therefore does not say, is no difference."""
    stage = compositions.catalogue().find("dag_evaluate")
    [document] = [one for one in documents_of(stage.file) if "agent at work" in one.bases]
    [example] = [
        one for one in examples_of(stage.file) if one["name"].startswith("A sign of life moves the time")
    ]
    assert example["input"]["policy"]["framework"]
    short = shorten(document, example | {"name": "The same again"}, "agent at work")
    assert short["base"] == "agent at work" and "$lacks" not in json.dumps(short)
