"""The agents that people use, each through a whole sprint behind walls: only the model is played.

They are what `tests/tools/frameworks install` installs, of the versions that the locks name.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.fake_forge import FakeForge
from bot.harness.agent_bot import KEYS
from bot.harness.copied_agent import copied_agent
from bot.harness.model_stub import Asked, Move, Run, Say, Write, serving_model
from shell.agent.frameworks import FRAMEWORKS
from shell.agent.setup import installable
from shell.forge.gitea import GiteaForge
from tests.flows.house import ALICE, BOB, BOT, MALLORY, House, served
from tests.flows.play import Play
from tests.real_frameworks import WALLS, installed

WITHOUT_USAGE = {"aider"}
"""It tells no tokens that we could count."""
BY_BLOCKS = {"aider"}
"""It writes files and runs no commands."""

TITLE = "Two files for the shop"
GOAL = "The shop's window needs two files before the fair."
CONSTRAINT = "No file is longer than one line."
WRITTEN = {
    "first": ["Write the file first.txt", "Its only line greets the guests.", "it names the fair"],
    "second": ["Write the file second.txt", "It continues what the first one began."],
}
"""What the kickoff says of each task alone."""
KICKOFF = f"""\
{GOAL}

## Constraints

- {CONSTRAINT}

## Tasks

- first: {WRITTEN["first"][0]}
  {WRITTEN["first"][1]}
  accept: {WRITTEN["first"][2]}
- second: {WRITTEN["second"][0]} (after: first)
  {WRITTEN["second"][1]}
"""
REPORT = (
    'CALORON_FEEDBACK_START {"task_clarity": 9, "blockers": [], "tools_used": ["write"], '
    '"self_assessment": "completed", "notes": "As asked."} CALORON_FEEDBACK_END'
)


def worker(asked: Asked) -> Move:
    """Writes the file that is named like the task, has the shell look at it, and reports."""
    path = f"{task_of(asked)}.txt"
    match asked.steps:
        case 0:
            return Write(path, text_of(path))
        case 1:
            return Run(f"wc -c < {path} > size.txt")
    return Say(f"I wrote {path}.\n{REPORT}")


def text_of(path: str) -> str:
    """What the agent writes into a file; Aider drops a first line that ends with the file's name."""
    return f"Welcome to the fair! {path} says so.\n"


def task_of(asked: Asked) -> str:
    """The id of the task that a request is about."""
    found = re.search(r"^Task: (\w+)$", asked.text, re.MULTILINE)
    assert found, asked.text[-2000:]
    return found[1]


@contextmanager
def house_of(framework: str, folder: Path, environment: dict[str, str]) -> Iterator[House]:
    """A bot whose tasks this framework does, with no key and no login of this machine."""
    with FakeForge("gitea", folder / "forge") as forge:
        tokens = {login: forge.add_user(login) for login in (BOT, ALICE, BOB, MALLORY)}
        settings = {"GITEA_URL": forge.url, "GITEA_TOKEN": tokens[BOT], "CALORON_FRAMEWORK": framework}
        nothing = dict.fromkeys(FRAMEWORKS[framework].variables, "")
        settings |= {"HOME": str(folder / "person"), **nothing, **environment}
        (folder / "person").mkdir()
        house = House(
            "gitea", lambda login: GiteaForge(forge.api_url, tokens[login]), settings, fake_url=forge.url
        )
        with served(house, folder) as up:
            yield up


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
@pytest.mark.parametrize("framework", installable())
def test_a_sprint_of_two_tasks(framework: str, tmp_path: Path) -> None:
    if (there := installed(framework)) is None:
        pytest.skip(f"{framework} is not installed; `tests/tools/frameworks install` does it")
    with copied_agent(there, tmp_path / "home"), serving_model(worker) as model:
        given = {
            name: value for name, value in model.environment().items() if name.startswith(KEYS[framework])
        }
        with house_of(framework, tmp_path, given | {"CALORON_EGRESS": f"127.0.0.1:{model.port}"}) as house:
            play = Play(house, house.repository())
            kickoff = play.open(TITLE, KICKOFF)
            play.alice.set_labels(play.repo, kickoff, ["caloron:sprint"], [])
            play.wait(lambda: play.written(kickoff, "board"))
            play.say(kickoff, "/approve")
            play.wait(lambda: approved_and_closed(play, kickoff))
            play.quiet()

            for task in WRITTEN:
                assert play.outcomes(task) == ["done"], play.runs(task)
                assert play.merged(task)
                assert _text(play, f"{task}.txt") == text_of(f"{task}.txt")
            assert framework in BY_BLOCKS or _text(play, "size.txt") == f"{len(text_of('second.txt'))}\n"
            board = play.written(kickoff, "board") or ""
            pull = play.pull_of("first")
        assert model.faults == []
        assert framework in WITHOUT_USAGE or re.search(r"used so far: [\d,]+ tokens", board), board
        for task, sentences in WRITTEN.items():
            told = next(one.text for one in model.work() if task_of(one) == task)
            missing = [one for one in (TITLE, GOAL, CONSTRAINT, *sentences) if one not in told]
            assert missing == [], told
        assert pull and f"(pull request #{pull['number']})" in told


def approved_and_closed(play: Play, kickoff: int) -> bool:
    """Approve what there is; whether the sprint has ended. A run that failed ends the test."""
    failed = [run for task in WRITTEN for run in play.runs(task) if run["outcome"] != "done"]
    assert failed == []
    play.approve_all()
    return play.closed(kickoff)


def _text(play: Play, path: str) -> str:
    found = play.alice.api.get(f"/repos/{play.repo}/contents/{path}", ref="main")
    return base64.b64decode(found["content"]).decode()
