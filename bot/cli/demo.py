"""`caloron demo`: one whole sprint on this machine, with a forge of its own and recorded agents."""

import json
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import click
from shell.store import Store, connect
from shell.store.lanes import sprint_id_of

from bot.web.readiness import not_ready
from shell.clock import now
from shell.forge import Forge, client_for
from shell.settings import Settings

from .drawing import board
from .hooks import install_hook
from .output import output_option, say
from .person import Person
from .supervise import Child, Supervisor
from .up import environment
from .watch import Teller

REPO = "acme/shop"
BOT, PERSON = "caloron", "alice"
START_WAIT_S = 60.0
_STEP_S = 0.25


class DemoFailed(click.ClickException):
    """The sprint did not end as it should; its text says where to look."""


@dataclass(frozen=True)
class Scene:
    """Where the demo plays: its folder, its forge, its bot."""

    folder: Path
    forge: dict[str, Any]
    settings: Settings
    store: Store
    began: float

    def say(self, who: str, words: str) -> None:
        """One line of the play, with the seconds since it began."""
        click.echo(f"{monotonic() - self.began:7.1f} s  {who:<8} {words}")
        sys.stdout.flush()

    def client(self, login: str) -> Forge:
        """What an account of the forge may do."""
        return client_for("gitea", self.settings, token=self.forge["users"][login]["token"])


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
    with scenery(where) as scene:
        summary = play(scene, timeout)
        say(output, summary, summary["tasks"], lambda: text_of(summary))
        if not once:
            _stay(scene)


@contextmanager
def scenery(folder: Path) -> Iterator[Scene]:
    """A forge and a bot in the folder, ready; ended when the play is over, however it ends."""
    began = monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor([], lambda words: click.echo(f"{'':>9}  {'':<8} {words}"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        forge = start_forge(supervisor, folder)
        settings = _settle(folder, forge)
        up = Child(
            "caloron up", [sys.executable, "-P", "-m", "bot.cli", "up"], environment(), folder / "up.log"
        )
        supervisor.children.append(up)
        up.start()
        store = Store(connect(settings.store_url, socket_timeout=2.0))
        scene = Scene(folder, forge, settings, store, began)
        _wait_until_ready(scene)
        yield scene
    finally:
        supervisor.drain(last=("forge",))


def start_forge(supervisor: Supervisor, folder: Path) -> dict[str, Any]:
    """The fake forge as its own process; what it prints says where it is and who is there."""
    log = folder / "forge.log"
    log.unlink(missing_ok=True)
    users = ["--user", f"{BOT}", "--user", f"{PERSON}"]
    where = ["--folder", str(folder / "forge"), "--port", str(free_port()), "--dialect", "gitea"]
    command = [sys.executable, "-P", "-m", "bot.fake_forge", *where, *users, "--repository", REPO]
    forge = Child("forge", command, environment(), log)
    supervisor.children.append(forge)
    forge.start()
    deadline = monotonic() + START_WAIT_S
    while monotonic() < deadline and forge.died() is None:
        for line in log.read_text().splitlines():
            if line.startswith("{"):
                told: dict[str, Any] = json.loads(line)
                return told
        sleep(0.05)
    raise DemoFailed(f"The forge did not start; see {log}")


def _settle(folder: Path, forge: dict[str, Any]) -> Settings:
    """Settings of the demo alone: nothing of this machine's own bot is read or touched."""
    for field in Settings.model_fields.values():
        os.environ.pop(str(field.validation_alias), None)
    os.environ |= {
        "GITEA_URL": forge["url"],
        "GITEA_TOKEN": forge["users"][BOT]["token"],
        "CALORON_WEBHOOK_SECRET": secrets.token_hex(16),
        "CALORON_REPOS": REPO,
        "CALORON_HOME": str(folder / "home"),
        "CALORON_FRAMEWORK": "stub",
        "CALORON_STUB_FIXTURE": str(Path(__file__).with_name("demo_fixture.json")),
        "PORT": str(free_port()),
        "CALORON_SHELL_PORT": str(free_port()),
    }
    os.chdir(folder)  # a .env of the current folder is not the demo's
    return Settings.load()


def free_port() -> int:
    """A port of this machine that no one listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(scene: Scene) -> None:
    deadline = monotonic() + START_WAIT_S
    while reasons := not_ready(scene.store):
        if monotonic() > deadline:
            raise DemoFailed(f"The bot did not start ({'; '.join(reasons)}); see {scene.folder / 'up.log'}")
        sleep(0.1)
    scene.say("", f"store, door, workers and clock are up; the forge is {scene.forge['url']}")


def play(scene: Scene, timeout: float) -> dict[str, Any]:
    """The sprint from the first issue to the retro; raises DemoFailed if it does not get there."""
    made = install_hook(scene.settings, scene.client(BOT), "gitea", REPO)
    scene.say("", f"{REPO} calls {made['url']}")
    lane = f"gitea-{made['url'].rsplit('/', 1)[1]}"
    person = Person(PERSON, scene.client(PERSON), BOT, REPO, lambda words: scene.say(PERSON, words), now())
    person.open_kickoff()
    tasks = _watch(scene, person, lane, timeout)
    unfinished = [task for task, known in tasks.items() if known["status"] != "Done"]
    if unfinished or not tasks:
        raise DemoFailed(
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
        if closed:
            return tasks
        if monotonic() > deadline:
            late = f"The sprint was not done after {timeout:.0f} s. It stands so:"
            raise DemoFailed(
                "\n".join([late, *(board(tasks) or ["no task was made"]), _where_to_look(scene)])
            )
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
    found = sorted((scene.folder / "forge").rglob("*.git"))
    return str(found[0]) if found else str(scene.folder / "forge")


def text_of(summary: dict[str, Any]) -> str:
    """The summary as people read it."""
    lines = ["", f"The sprint is done, after {summary['seconds']} s.", "", *summary["board"], ""]
    lines += [summary["retro"] or "(no retro was posted)", ""]
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
