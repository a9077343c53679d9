"""A sprint in its middle, with tasks in many states, and the people who bring it to its end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from tests.flows.house import ALICE, BOB, BOT, MALLORY, Client, House
from tests.flows.play import Play
from tests.flows.recorded_agents import answer, responses
from tests.waiting import until

Kind = Literal["gitea", "github"]
KINDS: tuple[Kind, ...] = ("gitea", "github")
FORGE_PORT = 18083
FORGE_HOSTS = {"gitea": "127.83.0.1", "github": "127.83.0.2"}
"""A store holds links to the forge, so the forge must be found where it was."""

TASKS = (
    "- a: The first",
    "- b: The second (after: a)",
    "- c: The third (after: a)",
    "- d: The last (after: b, c)",
    "- noisy: Say little",
)
NEXT = ("- e: The next",)
CHECK = "ci/build"


@contextmanager
def forge_of(kind: Kind, folder: Path) -> Iterator[FakeForge]:
    """A fake forge at the address that the dumps know; it waits for its turn where several run at once."""
    forge = FakeForge(kind, folder, FORGE_PORT, FORGE_HOSTS[kind])

    def start() -> bool:
        try:
            forge.start()
        except OSError:
            return False
        return True

    try:
        until(start)
        yield forge
    finally:
        forge.close()


def house_of(forge: FakeForge, store_url: str, recording: Path) -> House:
    """The accounts of that forge, and a bot on this store."""
    tokens = {login: forge.add_user(login) for login in (BOT, ALICE, BOB, MALLORY)}
    url = {"gitea": "GITEA_URL", "github": "GITHUB_API_URL"}[forge.dialect]
    token = {"gitea": "GITEA_TOKEN", "github": "GITHUB_TOKEN"}[forge.dialect]
    settings = {url: forge.api_url, token: tokens[BOT]}
    settings |= {"REDIS_URL": store_url, "CALORON_STUB_FIXTURE": str(recording)}

    def client(login: str) -> Client:
        made = GiteaForge if forge.dialect == "gitea" else GitHubForge
        return made(forge.api_url, tokens[login])

    return House(forge.dialect, client, settings, fake_url=forge.url)


def recording_of_the_middle(file: Path) -> Path:
    """The second round of `c` never ends, and `noisy` changes nothing."""
    hangs = {"match": r"(?s)Task: c\n.*Round: ", "hang": True}
    return _write(file, [hangs, *responses()])


def recording_of_the_end(file: Path) -> Path:
    """Everyone does as told."""
    return _write(file, [answer(r"(?m)^Task: noisy$", {"noisy.txt": "at last\n"}), *responses()])


def _write(file: Path, told: list[dict[str, Any]]) -> Path:
    file.write_text(json.dumps({"responses": told}))
    return file


def to_the_middle(play: Play) -> dict[str, Any]:
    """Tasks done, approved but unchecked, in rework, pending and escalated; and a next sprint that waits."""
    play.protect_main(CHECK)
    kickoff = play.start(*TASKS)
    _merge(play, "a")
    play.wait(lambda: play.is_in("a", "done"))
    play.request_changes(play.pull("c")["number"], "Please, better.", "c.txt", "Here.")
    play.alice.review(play.repo, play.pull("b")["number"], "approve", "Good.")
    play.wait(lambda: play.is_in("noisy", "escalated"))
    play.wait(lambda: play.is_in("c", "changes-requested"))
    later = play.kickoff(*NEXT, goal="Another thing.")
    play.say(later, "/approve")
    play.wait(lambda: "behind" in (play.written(later, "board") or ""))
    play.wait(lambda: CHECK in (play.written(kickoff, "board") or ""))
    play.quiet()
    return {"repo": play.repo, "kickoff": kickoff, "next": later, "noisy": play.task("noisy")}


def _merge(play: Play, task_id: str) -> None:
    head = play.pull(task_id)["head"]["sha"]
    play.alice.set_status(play.repo, head, "success", CHECK)
    play.approve_all()
    play.wait(lambda: play.merged(task_id))


def to_the_end(play: Play, made: dict[str, Any]) -> None:
    """People approve what comes, every check turns green, and who was stuck is helped."""
    play.say(made["noisy"], '/retry --hint "Write a file."')

    def both_closed() -> bool:
        _pass_checks(play)
        play.approve_all()
        return play.closed(made["kickoff"]) and play.closed(made["next"])

    play.wait(both_closed)
    play.wait(lambda: all("caloron:done" in issue["labels"] for issue in play.tasks().values()))
    play.quiet()


def _pass_checks(play: Play) -> None:
    for pull in play.pulls():
        if pull["state"] == "open":
            play.alice.set_status(play.repo, pull["head"]["sha"], "success", CHECK)
