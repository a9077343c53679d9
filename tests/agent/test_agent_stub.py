"""The stub framework: recorded answers, by prompt and by uses, counted across processes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .disk_forge import Stage

STUB = Path(__file__).parents[2] / "shell/agent/stub.py"


class Player:
    """Runs the stub in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work = folder, folder / "work"
        self.work.mkdir()
        self.environment = {"CALORON_STUB_STATE": str(folder / "state")}

    def record(self, recording: Any) -> None:
        fixture = self.folder / "fixture.json"
        fixture.write_text(recording if isinstance(recording, str) else json.dumps(recording))
        self.environment["CALORON_STUB_FIXTURE"] = str(fixture)

    def play(self, prompt: str = "Task: t1") -> tuple[int, str]:
        command = [sys.executable, "-I", str(STUB)]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            command, input=prompt, cwd=self.work, env=environment, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.strip()


@pytest.fixture
def player(tmp_path: Path) -> Player:
    return Player(tmp_path)


def test_the_first_that_fits_and_has_uses_left_answers(player: Player) -> None:
    player.record(
        {
            "responses": [
                {"match": "^Task: t1$", "times": 2, "output": "twice"},
                {"match": "t1", "times": 1, "output": "once"},
                {"match": "t2", "output": "always"},
            ],
            "default": {"output": "default", "exit": 5},
        }
    )
    assert [player.play("Do it\nTask: t1\n") for _ in range(4)] == [
        (0, "twice"),
        (0, "twice"),
        (0, "once"),
        (5, "default"),
    ]
    assert [player.play("Task: t2")[1] for _ in range(2)] == ["always", "always"]


def test_uses_are_counted_across_processes_at_once(player: Player) -> None:
    player.record({"responses": [{"match": "", "times": 3, "output": "a"}, {"match": "", "output": "b"}]})
    with ThreadPoolExecutor(6) as threads:
        said = [output for _, output in threads.map(lambda _: player.play(), range(6))]
    assert sorted(said) == ["a", "a", "a", "b", "b", "b"]


def test_files_are_written_and_null_removes(player: Player) -> None:
    (player.work / "old.md").write_text("old")
    player.record(
        {"responses": [{"match": "", "files": {"a/b.md": "x\r\n", "old.md": None, "none.md": None}}]}
    )
    assert player.play()[0] == 0
    assert (player.work / "a/b.md").read_bytes() == b"x\r\n"
    assert [path.name for path in player.work.iterdir()] == ["a"]


def test_seconds_are_worked_with_signs_of_life(player: Player) -> None:
    player.record({"responses": [{"match": "", "seconds": 0.3, "output": "begun"}]})
    status, said = player.play()
    assert status == 0 and said.startswith("begun\nworking, 0.3 s to go")


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        ("{", "it is not valid JSON"),
        ([], '{"responses": [...]'),
        ({"responses": [{"match": "("}]}, "match of answer 1 is not a valid regular expression"),
        ({"responses": [{"matches": "x"}]}, "unknown matches"),
        ({"responses": [{"match": "", "files": {"../x": "x"}}]}, "not inside the folder"),
    ],
)
def test_a_wrong_recording_is_said_in_words(player: Player, recording: Any, words: str) -> None:
    player.record(recording)
    status, said = player.play()
    assert status == 2 and words in said


def test_no_answer_and_no_default_is_a_failure(player: Player) -> None:
    player.record({"responses": []})
    status, said = player.play()
    assert status == 3 and "No recorded answer matches" in said


@pytest.mark.parametrize(
    ("scope", "place"),
    [
        ([], "t1.md"),
        (["docs/"], "docs/t1.md"),
        (["src/api"], "src/api/t1.md"),
        (["src/**/*.md"], "src/t1.md"),
        (["./notes.txt"], "notes.txt"),
    ],
)
def test_without_a_recording_a_friendly_file_is_written(player: Player, scope: list[str], place: str) -> None:
    player.environment["CALORON_TASK_SCOPE"] = json.dumps(scope)
    player.play("Task: t1")
    first = (player.work / place).read_text()
    player.play("Task: t1\nRound: 2")
    assert (player.work / place).read_text().startswith(first)
    assert "Round 2" in (player.work / place).read_text()


def test_the_friendly_answer_makes_a_whole_attempt(stage: Stage) -> None:
    result = stage.run(scope=["docs/"])
    assert (result["outcome"], result["changed"]) == ("done", ["docs/t1.md"])
    assert result["feedback"]["self_assessment"] == "completed"


def test_uses_are_counted_across_attempts(stage: Stage) -> None:
    stage.answers(
        {"match": "", "times": 1, "files": {"1.md": "x"}},
        {"match": "", "times": 1, "files": {"2.md": "x"}},
    )
    assert [stage.run(attempt=number)["changed"] for number in (1, 2)] == [["1.md"], ["2.md"]]
