"""What each agent really does, seen: it runs behind walls, on a fake forge, and only its model is played.

`caloron agents prove` plays this table, and writes it into the documentation.
"""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.fake_forge import FakeForge
from bot.harness.agent_bot import Sprint, agent_bot, variables_of
from bot.harness.copied_agent import copied_agent
from bot.harness.environment import USER, HarnessError
from bot.harness.model_stub import Asked, CutOff, Fail, ModelStub, Move, Run, Say, Write, serving_model
from shell.agent.egress.hosts import Operator
from shell.agent.paths import Paths
from shell.agent.run import run_attempt
from shell.forge.gitea import GiteaForge

BOT, REPO = "bot", "bot/shop"
_LIMIT_S = 100
_HELD_S = 120.0
_PAUSE_S = 0.5
_TELLING_S = 8
"""Longer than the five seconds after which a run asks what people told it."""
_FAILED = "the verification `second` failed"
_TOLD = "> @ada: Write it in one line, please."
_MORE = "> @ada: Please add a second file."
_FURTHER = "While you worked, people told you this"
_WORDS = "amber birch cedar delta ember fjord grove heron inlet juniper kelp larch".split()

_RED = "4 != 5 in the sum"
"""What the check of the play says."""
_REPO_OF_BOT = "acme/red"

PLAYS = (
    *("works", "is sent back", "next run", "red check", "is told", "is stopped"),
    *("401", "429", "529", "cut off once", "slow"),
)
Row = dict[str, str]
"""Column → what was seen."""


@dataclass
class Watch:
    """Follows a run; it may go on until `until` says otherwise."""

    until: Callable[[], bool] = lambda: False
    ended_at: float | None = None
    """When it was told to end."""
    lines: list[str] = field(default_factory=list)

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool:
        if self.ended_at is None and self.until():
            self.ended_at = time.monotonic()
        return self.ended_at is None

    def output(self, line: str) -> None:
        self.lines.append(line)

    def pushing(self, commit: str, partial: bool = False) -> None: ...


@dataclass
class Bench:
    """One agent, its model, and a repository on a forge; each play is a task of its own."""

    framework: str
    forge: FakeForge
    client: GiteaForge
    repository: Mapping[str, Any]
    paths: Paths
    model: ModelStub
    file: str
    text: str
    installed: Path
    folder: Path
    """For what one play needs alone."""
    plays: int = 0

    def play(
        self,
        script: Callable[[Asked], Move],
        watch: Watch | None = None,
        told: Callable[[], Sequence[str]] = tuple,
        **more: Any,
    ) -> tuple[Any, float]:
        """What became of a run with this model, and the seconds it took."""
        self.plays += 1
        self.model.script = script
        self.model.asked.clear()
        began = time.monotonic()
        spec = self._spec(f"t{self.plays}") | more
        result = run_attempt(spec, self.client, self.paths, watch or Watch(), told)
        return result, time.monotonic() - began

    def written(self, path: str) -> str | None:
        """A file of the last play's branch."""
        where = f"/repos/{REPO}/raw/{path}?ref=agent/s-1/t{self.plays}"
        status, content = self.forge.call(BOT, "GET", where)
        return content if status == 200 and isinstance(content, str) else None

    def works(self, asked: Asked) -> Move:
        """Writes the file, has the shell count its letters, and is done."""
        moves = (Write(self.file, self.text), Run(f"wc -c < {self.file} > counted.txt"))
        return moves[asked.steps] if asked.steps < len(moves) else Say("The file is written.")

    def _spec(self, task: str) -> dict[str, Any]:
        repository = self.repository
        return {
            "type": "spawn_agent",
            "key": f"run/{task}",
            "sprint_id": "s-1",
            "task_id": task,
            "agent_id": "prove",
            "attempt": 1,
            "round": 1,
            "branch": f"agent/s-1/{task}",
            "base": "main",
            "title": "Write a file",
            "prompt": f"Task: {task}\nWrite the file {self.file}.\n\nWork only in this folder.",
            "framework": self.framework,
            "model": None,
            "scope": [],
            "protected": [],
            "issue_number": 1,
            "pr_title": "Write a file",
            "pr_body": "",
            "pr_number": None,
            "seen_sha": None,
            "time_limit_s": _LIMIT_S,
            "merge_base": False,
            "repo": REPO,
            "repo_id": repository["id"],
            "lane": f"gitea-{repository['id']}",
            "clone_url": repository["clone_url"],
        }


def play_agent(framework: str, installed: Path, folder: Path, seed: int, plays: Sequence[str] = PLAYS) -> Row:
    """Play with one agent that is set up; the seed draws what it writes."""
    with open_bench(framework, installed, folder, random.Random(f"{seed} {framework}")) as bench:
        row: Row = {}
        for play in plays:
            row |= _PLAYED[play](bench)
        if bench.model.faults:
            raise HarnessError(
                f"{framework} asked what the model stub cannot answer: {bench.model.faults[0]}"
            )
        return row


@contextmanager
def open_bench(framework: str, installed: Path, folder: Path, chance: random.Random) -> Iterator[Bench]:
    """An agent that is set up, its model, and a repository; `chance` draws what it writes."""
    home = folder / "home"
    (folder / "person").mkdir()
    with (
        copied_agent(installed, home),
        FakeForge("gitea", folder / "forge") as forge,
        serving_model(lambda asked: Say("")) as model,
    ):
        token = forge.add_user(BOT)
        repository = forge.add_repository(REPO)
        client = GiteaForge(forge.url, token)
        environment = {**Paths(home).environment, **variables_of(framework, model)}
        environment["HOME"] = str(folder / "person")
        paths = Paths(home, environment, operator=Operator(named=(("127.0.0.1", model.port),)))
        file, text = f"{chance.choice(_WORDS)}.md", f"{' '.join(chance.sample(_WORDS, 5))}, as asked\n"
        yield Bench(framework, forge, client, repository, paths, model, file, text, installed, folder)


def _works(bench: Bench) -> Row:
    """One whole run, looked at from all sides."""
    result, seconds = bench.play(bench.works)
    cost = result["cost"]
    began = "yes" if bench.model.work() else "no"
    counted = f"{len(bench.text)}" == (bench.written("counted.txt") or "").strip()
    return {
        "starts": f"{began} ({seconds:.0f} s)"
        if result["outcome"] == "done"
        else " ".join(result["reason"].split()),
        "edits": _yes(bench.written(bench.file) == bench.text),
        "runs commands": _yes(counted),
        "tokens": f"{cost['tokens']:,}" if cost.get("tokens") else "no",
        "cost": f"${cost['usd']:.4f}" if cost.get("usd") else "no",
    }


def _is_sent_back(bench: Bench) -> Row:
    """A verification wants a second file; the model writes it once it has read that this one failed."""
    second, words = f"second-{bench.file}", f"{bench.text.strip()} again\n"

    def script(asked: Asked) -> Move:
        if _FAILED not in asked.text:
            return bench.works(asked)
        return Say("Both are written.") if _has_written(asked, words) else Write(second, words)

    verify = [{"name": "second", "run": f"test -e {second}", "timeout_s": 20}]
    result, seconds = bench.play(script, verify=verify, verify_rounds=2)
    if result["outcome"] != "done" or bench.written(second) != words:
        return {"sent back": _seen(result, seconds)}
    first = next(asked for asked in bench.model.work() if _FAILED in asked.text)
    same = bench.text.strip() in first.text and not first.wants_blocks
    return {"sent back": f"{'same session' if same else 'with the whole prompt'} ({seconds:.0f} s)"}


def _red_check(bench: Bench) -> Row:
    """In a whole bot: a check of its pull request fails, and the agent's next run repairs that."""
    second, words = f"red-{bench.file}", f"{bench.text.strip()}, and repaired\n"

    def script(asked: Asked) -> Move:
        if _RED not in asked.text:
            return bench.works(asked)
        return Say("It is repaired.") if _has_written(asked, words) else Write(second, words)

    bench.model.script = script
    config = "merge: {checks_settle: 0 s}\n"
    where = (bench.framework, bench.installed, bench.folder / "bot", bench.model)
    with agent_bot(*where, [_REPO_OF_BOT], config) as env:
        sprint = Sprint.planned(env, _REPO_OF_BOT, "red: Write the file")
        sprint.approve()
        sprint.wait(sprint.runs, "first run")
        first, branch = sprint.wait(sprint.head, "pull request")
        forge, began = env.client(USER), time.monotonic()
        forge.set_status(_REPO_OF_BOT, first, "failure", "ci/test", _RED)
        sprint.wait(lambda: len(sprint.runs()) > 1, "second run")
        seconds, outcome = time.monotonic() - began, sprint.runs()[1]["outcome"]
        fixed = outcome == "done" and forge.file(_REPO_OF_BOT, second, branch) == words
    return {"red check": f"{'fixed' if fixed else f'`{outcome}`'} ({seconds:.0f} s)"}


def _next_run(bench: Bench) -> Row:
    """A second run of the same task, with what a review asked for."""
    before, _ = bench.play(bench.works)
    bench.plays -= 1
    second, words = f"next-{bench.file}", f"{bench.text.strip()} twice\n"

    def script(asked: Asked) -> Move:
        if _MORE not in asked.text:
            return bench.works(asked)
        return Say("Both are written.") if _has_written(asked, words) else Write(second, words)

    task = f"Task: t{bench.plays + 1}"
    result, seconds = bench.play(
        script,
        attempt=2,
        round=2,
        prompt=f"{task}\nRound: 2\nWrite the file {bench.file}.\n\n{_MORE}",
        again=f"{task}\nRound: 2\nYou worked on this task before.\n\n{_MORE}",
        pr_number=before["pr_number"],
        seen_sha=before["head_sha"],
    )
    if result["outcome"] != "done" or bench.written(second) != words:
        return {"next run": _seen(result, seconds)}
    first = next(asked for asked in bench.model.work() if _MORE in asked.text)
    same = bench.text.strip() in first.text and not first.wants_blocks
    return {"next run": f"{'same session' if same else 'with the whole prompt'} ({seconds:.0f} s)"}


def _is_told(bench: Bench) -> Row:
    """While a command runs, or the model thinks, a person says something; the file is written after that."""
    waiting = [_TOLD]

    def told() -> list[str]:
        return [waiting.pop()] if waiting and bench.model.work() else []

    def script(asked: Asked) -> Move:
        if _TOLD in asked.text:
            return Say("Done.") if _has_written(asked, bench.text) else Write(bench.file, bench.text)
        if asked.wants_blocks and asked.steps == 0:
            time.sleep(_TELLING_S)
        return Run(f"sleep {_TELLING_S}") if asked.steps == 0 and not asked.wants_blocks else Say("Done.")

    result, seconds = bench.play(script, told=told)
    if result["outcome"] != "done":
        return {"told": _seen(result, seconds)}
    first = next(asked for asked in bench.model.work() if _TOLD in asked.text)
    return {"told": f"{'in a further turn' if _FURTHER in first.text else 'in its turn'} ({seconds:.0f} s)"}


def _has_written(asked: Asked, text: str) -> bool:
    """Whether the model had this written already; a model that writes by blocks is done with its first."""
    return asked.steps > 0 if asked.wants_blocks else text.strip() in asked.text


def _is_stopped(bench: Bench) -> Row:
    """In the middle of a command, or, where it runs none, of the model's answer."""

    def holds(asked: Asked) -> Move:
        if asked.wants_blocks:
            time.sleep(_HELD_S)
        return Run("tail -f /dev/null") if asked.steps == 0 else Say("Done.")

    watch = Watch(lambda: bool(bench.model.work()))
    result, _ = bench.play(holds, watch)
    if result["outcome"] != "stopped" or watch.ended_at is None:
        return {"stop": str(result["outcome"])}
    return {"stop": f"{time.monotonic() - watch.ended_at:.1f} s"}


def _fails(status: int) -> Callable[[Bench], Row]:
    """At every request."""
    return lambda bench: {str(status): _seen(*bench.play(lambda asked: Fail(status)))}


def _cut_off_once(bench: Bench) -> Row:
    """The first answer of the work breaks off in its middle."""

    def script(asked: Asked) -> Move:
        first = next(iter(bench.model.work()), None)
        return CutOff() if asked is first else bench.works(asked)

    return {"cut off once": _seen(*bench.play(script))}


def _slow(bench: Bench) -> Row:
    """Each piece of an answer takes half a second."""
    bench.model.pause_s = _PAUSE_S
    try:
        return {"slow": _seen(*bench.play(bench.works))}
    finally:
        bench.model.pause_s = 0.0


_PLAYED: Mapping[str, Callable[[Bench], Row]] = {
    "works": _works,
    "is sent back": _is_sent_back,
    "next run": _next_run,
    "red check": _red_check,
    "is told": _is_told,
    "is stopped": _is_stopped,
    **{str(status): _fails(status) for status in (401, 429, 529)},
    "cut off once": _cut_off_once,
    "slow": _slow,
}


def _seen(result: Any, seconds: float) -> str:
    return f"`{result['outcome']}` ({seconds:.0f} s)"


def _yes(seen: bool) -> str:
    return "yes" if seen else "no"


_BEGIN, _END = "<!-- what was seen: written by `caloron agents prove` -->", "<!-- end of what was seen -->"


def table_of(rows: Mapping[str, Row], versions: Mapping[str, str]) -> str:
    """The table as Markdown: an agent each row."""
    columns = list(next(iter(rows.values())))
    lines = [["agent", *columns], ["---"] * (len(columns) + 1)]
    lines += [
        [f"`{name}` {versions[name]}", *(row[column] for column in columns)] for name, row in rows.items()
    ]
    return "\n".join(f"| {' | '.join(cell.replace('|', ' ') for cell in line)} |" for line in lines)


def write_into(page: Path, table: str) -> None:
    """Replace the table of a page; HarnessError where it has no place for it."""
    text = page.read_text()
    found = re.search(f"{re.escape(_BEGIN)}\n.*?{re.escape(_END)}", text, re.DOTALL)
    if found is None:
        raise HarnessError(f"{page} has no place for the table: it should stand between {_BEGIN} and {_END}")
    page.write_text(f"{text[: found.start()]}{_BEGIN}\n{table}\n{_END}{text[found.end() :]}")
