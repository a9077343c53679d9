"""`caloron demo`: one whole sprint on this machine, with a forge of its own and recorded agents."""

import signal
import tempfile
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import click

from shell.clock import now
from shell.store.lanes import sprint_id_of

from .drawing import board
from .hooks import install_hook
from .output import output_option, say
from .person import Person
from .plain import plain
from .scene import BOT, PERSON, Scene, SceneFailed, scenery
from .watch import Teller

REPO = "acme/shop"
FIXTURE = Path(__file__).with_name("demo_fixture.json")
_STEP_S = 0.25


@click.command()
@click.option(
    "--once", is_flag=True, help="End when the sprint is done; without it, stay up to be played with."
)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where; else a new one.")
@click.option("--timeout", default=150.0, show_default=True, help="Seconds that the sprint may take.")
@output_option
def demo(once: bool, folder: Path | None, timeout: float, output: str) -> None:
    """Play one whole sprint on this machine: no key, no account, no network."""
    where = (folder or Path(tempfile.mkdtemp(prefix="caloron-demo-"))).absolute()
    with scenery(where, [REPO], {"CALORON_STUB_FIXTURE": str(FIXTURE)}) as scene:
        summary = play(scene, timeout)
        say(output, summary, summary["tasks"], lambda: text_of(summary))
        if not once:
            _stay(scene)


def play(scene: Scene, timeout: float) -> dict[str, Any]:
    """The sprint from the first issue to the retro; raises SceneFailed if it does not get there."""
    made = install_hook(scene.settings, scene.client(BOT), "gitea", REPO)
    scene.say("", f"{REPO} calls {made['url']}")
    lane = f"gitea-{made['url'].rsplit('/', 1)[1]}"
    person = Person(PERSON, scene.client(PERSON), BOT, REPO, lambda words: scene.say(PERSON, words), now())
    person.open_kickoff()
    tasks = _watch(scene, person, lane, timeout)
    unfinished = [task for task, known in tasks.items() if known["status"] != "Done"]
    if unfinished or not tasks:
        raise SceneFailed(
            f"The sprint ended without {', '.join(unfinished) or 'tasks'}; {_where_to_look(scene)}"
        )
    return _summary(scene, person, tasks)


def _watch(scene: Scene, person: Person, lane: str, timeout: float) -> dict[str, Any]:
    """Let the person act and tell what happens until the kickoff is closed; the tasks as they were last."""
    teller, deadline = Teller(lambda words: scene.say(BOT, words)), monotonic() + timeout
    read, tasks, sprint_id = 0, dict[str, Any](), ""
    while True:
        closed = person.forge.issue(REPO, person.kickoff)["state"] == "closed"
        for entry in scene.store.journal(lane, read):
            read = entry["seq"] + 1
            teller.tell(entry["event"])
        state = scene.store.load(lane).state
        sprint_id = sprint_id_of(state.get("sprint") or {}) or sprint_id
        tasks = state["tasks"] or (scene.store.sprint(sprint_id) or {}).get("tasks") or tasks
        if closed and not scene.store.pending_actions(lane):
            return tasks
        if monotonic() > deadline:
            late = f"The sprint was not done after {timeout:.0f} s. It stands so:"
            raise SceneFailed(
                "\n".join([late, *(board(tasks) or ["no task was made"]), _where_to_look(scene)])
            )
        if not closed:
            person.step()
        sleep(_STEP_S)


def _where_to_look(scene: Scene) -> str:
    return f"the logs are in {scene.settings.home / 'logs'} and {scene.folder / 'up.log'}"


def _summary(scene: Scene, person: Person, tasks: dict[str, Any]) -> dict[str, Any]:
    return {
        "sprint": "done",
        "seconds": round(monotonic() - scene.began, 1),
        "board": board(tasks),
        "tasks": [{"id": task, **_brief(known)} for task, known in tasks.items()],
        "retro": person.retro(),
        "repository": _repository(scene),
        "logs": str(scene.settings.home / "logs"),
    }


def _brief(task: dict[str, Any]) -> dict[str, Any]:
    return {name: task.get(name) for name in ("title", "status", "agent_id", "issue_number", "pr_number")}


def _repository(scene: Scene) -> str:
    """The folder of the repository on disk, for who wants to look with git."""
    number = scene.forge["repositories"][REPO]["id"]
    return str(scene.folder / "forge" / "repositories" / f"{number}.git")


def text_of(summary: dict[str, Any]) -> str:
    """The summary as people read it."""
    lines = ["", f"The sprint is done, after {summary['seconds']} s.", "", *summary["board"], ""]
    lines += [plain(summary["retro"] or "(no retro was posted)"), ""]
    lines += [f"Repository: {summary['repository']}  (git --git-dir=… log --graph --oneline)"]
    return "\n".join([*lines, f"Logs:       {summary['logs']}"])


def _stay(scene: Scene) -> None:
    """Say where everything is, and wait for Ctrl-C."""
    users = scene.forge["users"]
    click.echo(f"\nThe forge stays up: {scene.forge['url']}  repository {REPO}")
    for login in (PERSON, BOT):
        click.echo(f"  {login}: token {users[login]['token']}")
    click.echo(f"The door: {scene.settings.public_url}/readyz  Stop everything with Ctrl-C.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("\nstopping")
