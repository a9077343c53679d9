"""The demo's sprint: a forge of its own, a scripted user and recorded agents."""

from pathlib import Path
from time import monotonic, sleep
from typing import Any

from bot.cli.drawing import board
from bot.cli.hooks import install_hook
from shell.clock import now
from shell.store.lanes import sprint_id_of

from .environment import BOT, PERSON, Scene, SceneFailed
from .progress import Teller
from .scripted_user import Person

REPO = "acme/shop"
FIXTURE = Path(__file__).with_name("demo_fixture.json")
_STEP_S = 0.25


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
