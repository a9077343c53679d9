"""The demo's sprint: a scripted user and recorded agents in a test environment."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from bot.cli.drawing import board
from bot.cli.hooks import install_hook
from shell.clock import now

from .environment import BOT, USER, Environment, HarnessError
from .progress import ProgressLog
from .scripted_user import ScriptedUser

if TYPE_CHECKING:
    from stages.world import Task

REPO = "acme/shop"
FIXTURE = Path(__file__).with_name("demo_fixture.json")
_POLL_S = 0.25


def play(env: Environment, timeout: float) -> tuple[dict[str, Any], dict[str, Task]]:
    """Run the sprint from the first issue to the retro; its summary, and its tasks.

    HarnessError if it does not get there.
    """
    hook = install_hook(env.settings, env.client(BOT), "gitea", REPO)
    env.log("", f"{REPO} sends its webhooks to {hook['url']}")
    user = ScriptedUser(USER, env.client(USER), BOT, REPO, lambda message: env.log(USER, message), now())
    user.open_kickoff()
    tasks = _watch(env, user, timeout)
    unfinished = [name for name, task in tasks.items() if task["status"] != "Done"]
    if unfinished or not tasks:
        missing = f"unfinished tasks: {', '.join(unfinished)}" if unfinished else "no tasks"
        raise HarnessError(f"The sprint ended with {missing}; {_where_to_look(env)}")
    return _summary(env, user, tasks), tasks


def _watch(env: Environment, user: ScriptedUser, timeout: float) -> dict[str, Task]:
    """Let the user act and print progress until the kickoff is closed; the tasks at the end."""
    progress, deadline = ProgressLog(lambda message: env.log(BOT, message)), monotonic() + timeout
    lane, read = env.lane(REPO), 0
    tasks: dict[str, Task] = {}
    while True:
        closed = user.forge.issue(REPO, user.kickoff)["state"] == "closed"
        for entry in env.store.journal(lane, read):
            read = entry["seq"] + 1
            progress.show(entry["event"])
        tasks = _tasks(env, lane) or tasks
        if closed and not env.store.pending_actions(lane) and user.retro():
            return tasks
        if monotonic() > deadline:
            late = f"The sprint was not done after {timeout:.0f} s. Its board:"
            raise HarnessError(
                "\n".join([late, *(board(tasks) or ["no task was created"]), _where_to_look(env)])
            )
        if not closed:
            user.step()
        sleep(_POLL_S)


def _tasks(env: Environment, lane: str) -> dict[str, Task]:
    """The tasks of the lane's sprint, also once it is over."""
    state = env.store.load(lane).state
    ended = [kickoff.get("tasks") or {} for kickoff in state["kickoffs"].values()]
    return state["tasks"] or next(iter(ended), {})


def _where_to_look(env: Environment) -> str:
    return f"the logs are in {env.logs} and {env.folder / 'up.log'}"


def _summary(env: Environment, user: ScriptedUser, tasks: dict[str, Task]) -> dict[str, Any]:
    return {
        "sprint": "done",
        "seconds": round(monotonic() - env.started, 1),
        "board": board(tasks),
        "tasks": [{"id": name, **_brief(task)} for name, task in tasks.items()],
        "retro": user.retro(),
        "repository": _repository(env),
        "logs": str(env.logs),
    }


def _brief(task: Task) -> dict[str, Any]:
    return {name: task.get(name) for name in ("title", "status", "agent_id", "issue_number", "pr_number")}


def _repository(env: Environment) -> str:
    """The folder of the repository on disk, for a look with git."""
    number = env.forge["repositories"][REPO]["id"]
    return str(env.folder / "forge" / "repositories" / f"{number}.git")
