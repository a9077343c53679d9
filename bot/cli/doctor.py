"""`caloron doctor`: check everything that the bot needs, and say what to do about what is wrong."""

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import RenderableType
from rich.text import Text

from shell import restarts
from shell.agent.apparmor import apparmor_advice
from shell.agent.frameworks import FRAMEWORKS, FrameworkError
from shell.agent.git import git_problem
from shell.agent.handed_in import handed_in
from shell.agent.limits import Limits
from shell.agent.logins import problem_of, way_of, words_of
from shell.agent.network import in_words
from shell.agent.own_framework import own_framework
from shell.agent.paths import Paths, operator_environment
from shell.agent.trial import stance
from shell.agent.usage import in_force
from shell.disk import Reserve
from shell.env_file import not_read
from shell.errors import Refused, Unavailable
from shell.event import ForgeKind
from shell.forge import Forge, client_for
from shell.installations import lanes
from shell.installed import shared_rooms
from shell.repository_config import FILE, merged
from shell.settings import Settings
from shell.store import Store, connect

from .output import grid, output_option, printable, say
from .up import HOW_TO_LET_IN

if TYPE_CHECKING:
    from stages.world import RepositoryValues, State

NEEDED_SCOPES: dict[ForgeKind, str] = {
    "gitea": "it needs the scopes write:repository, write:issue, read:user",
    "github": "it needs `repo`, or read and write on contents, issues, pull requests, statuses and webhooks",
}
MARKS = {"good": ("✔", "green"), "mind": ("!", "yellow"), "bad": ("✘", "red")}


NEWEST = 3
"""Dead letters whose reasons are shown."""


@dataclass(frozen=True)
class Finding:
    """The result of one check: good, a warning, or bad; and a message."""

    what: str
    state: Literal["good", "mind", "bad"]
    words: str


@click.command()
@output_option
def doctor(output: str) -> None:
    """Check everything that the bot needs, and say what to do about what is wrong."""
    settings = Settings.load()
    findings = list(examine(settings))
    rows = [asdict(finding) for finding in findings]
    say(output, rows, rows, lambda: text_of(findings))
    if any(finding.state == "bad" for finding in findings):
        raise SystemExit(1)


def text_of(findings: list[Finding]) -> RenderableType:
    """A line for each finding."""
    first, *others = ((Text(*MARKS[one.state]), f"{one.what}:", printable(one.words)) for one in findings)
    made = grid(*first)
    for row in others:
        made.add_row(*row)
    return made


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which a person would fix them."""
    yield Finding("settings", "good", "complete; `caloron config` shows them")
    if line := not_read(os.environ):
        yield Finding("settings", "mind", line)
    for line in shared_rooms():
        yield Finding("installation", "bad", line)
    yield _git()
    yield _store(settings)
    yield from dead_letters(settings)
    yield _disk(settings)
    yield from (Finding("processes", "bad", reason) for reason in restarts.reasons(settings.home))
    for kind in settings.forges:
        yield from _forge(settings, kind)
    yield _framework(settings)
    yield from allowed_variables(settings)
    yield from agents_of_repositories(settings)
    yield from _sandbox(settings)


def _sandbox(settings: Settings) -> Iterator[Finding]:
    """How agents run, which limits are in force, and how the framework's login reaches them."""
    found = stance(settings.sandbox, settings.framework)
    state: dict[str, Literal["good", "mind", "bad"]] = {"walled": "good", "refused": "bad"}
    advice = apparmor_advice() if found.state in ("refused", "bare", "recorded") else None
    words = f"{found.words}\n{advice}" if advice else found.words
    yield Finding("sandbox", state.get(found.state, "mind"), words)
    if found.state == "walled":
        yield agents_network(settings)
    framework, machine = FRAMEWORKS[settings.framework], operator_environment()
    if framework.variables and not framework.replays:
        way, problem = way_of(framework, machine), problem_of(framework, machine)
        weaker: Literal["mind", "good"] = "mind" if way in ("none", "one at a time") else "good"
        yield Finding("login", "bad" if problem else weaker, problem or words_of(way, framework))
    if sys.platform == "linux":
        yield Finding("limits", "good", in_force(Limits()))


def _git() -> Finding:
    problem = git_problem()
    return Finding("git", "bad" if problem else "good", problem or "installed, and new enough")


def _store(settings: Settings) -> Finding:
    try:
        Store(connect(settings.store_url, socket_timeout=1.0)).health()
    except Unavailable as error:
        if settings.redis_url:
            return Finding("store", "bad", f"{error}; check REDIS_URL, and that the server runs")
        return Finding("store", "mind", "the embedded store is not running; `caloron up` starts it")
    return Finding("store", "good", "reachable")


def dead_letters(settings: Settings) -> Iterator[Finding]:
    """What could not be handled, with the newest reasons; nothing where there is none, or no store."""
    store = Store(connect(settings.store_url, socket_timeout=1.0))
    try:
        count, newest = store.dead_letter_count(), store.dead_letters(NEWEST)
    except Unavailable:
        return
    if not count:
        yield Finding("dead letters", "good", "none")
        return
    reasons = "; ".join(f"{one['at'][:16]} {_last_line(one['reason'])} ({one['id']})" for one in newest)
    kept = "1 event or delivery" if count == 1 else f"{count} events or deliveries"
    yield Finding(
        "dead letters", "mind", f"{kept} could not be handled in the last 30 days; newest: {reasons}"
    )


def _last_line(reason: str) -> str:
    """The line of a traceback that names the error."""
    return reason.strip().splitlines()[-1][:200] if reason.strip() else "no reason kept"


def _disk(settings: Settings) -> Finding:
    shortage = Reserve.of(settings.home, settings.disk_reserve_mb).shortage()
    return Finding("disk", "bad" if shortage else "good", shortage or "has more than the reserve free")


def _forge(settings: Settings, kind: ForgeKind) -> Iterator[Finding]:
    forge = client_for(kind, settings)
    try:
        account = forge.me()
        yield Finding(kind, "good", f"reachable, as {account['login']}")
        repos = _let_in(settings, kind, forge)
        if not repos:
            yield Finding(kind, "bad", f"no repository is let in, so nothing acts. {HOW_TO_LET_IN}")
    except (Refused, Unavailable) as error:
        yield Finding(kind, "bad", f"{error}; check its address and token ({NEEDED_SCOPES[kind]})")
        return
    if repos:
        yield token_scopes(forge, kind, repos[0])
    for repo in repos:
        yield _guarded(repo, partial(_rights, forge, repo))
        yield _guarded(f"{repo} hook", partial(_hook, settings, forge, repo))


def _let_in(settings: Settings, kind: ForgeKind, forge: Forge) -> list[str]:
    """The repositories that the settings and `caloron install` let in, by name."""
    installed = [name for lane, name in lanes(settings.home).items() if lane.startswith(f"{kind}-")]
    named = [entry for entry in settings.repos if not entry.endswith("/*")]
    owners = {entry.partition("/")[0].casefold() for entry in settings.repos if entry.endswith("/*")}
    if forge.me().get("app"):
        owners |= {owner.casefold() for owner in settings.owners}
    every = [repository["full_name"] for repository in forge.repositories()] if owners else []
    found = [*named, *installed, *(name for name in every if name.partition("/")[0].casefold() in owners)]
    return list(dict.fromkeys(found))


def _guarded(what: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (Refused, Unavailable) as error:
        return Finding(what, "bad", str(error))


def _rights(forge: Forge, repo: str) -> Finding:
    rights = forge.repository(repo)["permissions"]
    if rights["admin"]:
        return Finding(repo, "good", "the bot has admin access")
    if rights["push"]:
        message = (
            "the bot has write but not admin access; on Gitea it then cannot look up the permissions of "
            "others, and refuses their commands. Give its account admin access"
        )
        return Finding(repo, "mind", message)
    return Finding(repo, "bad", "the bot has only read access; give its account admin, or at least write")


def token_scopes(forge: Forge, kind: ForgeKind, repo: str) -> Finding:
    """Whether the token may write: deletes things that cannot exist, and reads the reason of the refusal."""
    writes: tuple[Callable[[], object], ...] = (
        lambda: forge.delete_comment(repo, 0),
        lambda: forge.delete_hook(repo, 0),
    )
    for write in writes:
        try:
            write()
        except Refused as refusal:
            signs = ("scope", "not accessible")
            if refusal.status == 403 and any(sign in refusal.message for sign in signs):
                return Finding(f"{kind} token", "bad", f"{refusal.message}; {NEEDED_SCOPES[kind]}")
        except Unavailable as error:
            return Finding(f"{kind} token", "bad", str(error))
    return Finding(f"{kind} token", "good", "may write")


def _hook(settings: Settings, forge: Forge, repo: str) -> Finding:
    name = f"{repo} hook"
    own = [hook for hook in forge.list_hooks(repo) if hook["url"].startswith(settings.public_url)]
    if any(hook.get("active", True) for hook in own):
        return Finding(name, "good", f"sends to {own[0]['url']}")
    if own:
        return Finding(name, "bad", "the webhook is inactive; activate it in the repository's settings")
    message = (
        f"no webhook sends to {settings.public_url}; run `caloron install {repo}` (without one, the bot "
        "only notices changes when it polls)"
    )
    return Finding(name, "mind", message)


def agents_network(settings: Settings) -> Finding:
    """What the agents of the configured framework may reach; bad where its model is out of reach."""
    try:
        words = in_words(FRAMEWORKS[settings.framework], operator_environment(), settings.operator)
    except FrameworkError as error:
        return Finding("network", "bad", str(error))
    return Finding("network", "good", words)


def allowed_variables(settings: Settings) -> Iterator[Finding]:
    """Which variables repositories may have handed to their agents; nothing where there are none."""
    if not settings.agent_env:
        return
    machine = operator_environment()
    words = f"repositories may have agents handed {', '.join(settings.agent_env)}"
    unset = [name for name in settings.agent_env if not machine.get(name)]
    more = f"; not set here: {', '.join(unset)}, so no agent that is to get it starts" if unset else ""
    yield Finding("variables", "mind" if unset else "good", f"{words}{more}")


def agents_of_repositories(settings: Settings) -> Iterator[Finding]:
    """What repositories ask for their agents by `.caloron.yml`, and whether that can be had here."""
    store = Store(connect(settings.store_url, socket_timeout=1.0))
    try:
        states = [store.load(lane).state for lane in store.lanes()]
    except Unavailable:
        return
    for state in states:
        config, beneath, repo = state.get("config"), state.get("organisation"), state.get("repo")
        values = merged(beneath["defaults"] if beneath else {}, config["values"] if config else {})
        if repo and any(values.get(key) for key in ("acp", "env", "mcp")):
            yield _asked_for(repo["full_name"], values, settings)
    yield from mistakes_of_owners(states)
    yield from archived_repositories(states)


def archived_repositories(states: Iterable["State"]) -> Iterator[Finding]:
    """Those in which nothing can be written, although a sprint runs: nothing there can say so."""
    for state in states:
        repo = state.get("repo")
        if repo and repo.get("archived") and state.get("running") is not None:
            words = f"archived, so its sprint #{state.get('running')} stands still until it is not any more"
            yield Finding(repo["full_name"], "mind", words)


def mistakes_of_owners(states: Iterable["State"]) -> Iterator[Finding]:
    """The owners' own files that cannot be used, each once: no issue hears of them."""
    wrong = {
        one["held_in"]: one for state in states if (one := state.get("organisation")) and one.get("problems")
    }
    for name, one in sorted(wrong.items()):
        first, valid = one["problems"][0], one["valid"]
        force = f"that of {valid[:10]} stays in force" if valid else "nothing of it counts"
        words = f"line {first['line']}, column {first['column']}: {first['message']}; {force}"
        yield Finding(f"{FILE} of {name}", "bad", words)


def _asked_for(repo: str, values: "RepositoryValues", settings: Settings) -> Finding:
    machine, own = operator_environment(), values.get("acp")
    servers = [name for one in values.get("mcp", []) for name in (*one["env"], *one["headers"].values())]
    names = list(dict.fromkeys([*values.get("env", []), *(own["env"] if own else []), *servers]))
    what = f"{repo} agents"
    try:
        handed_in(names, machine, settings.agent_env)
        program = own_framework(own["command"]).locate(Path(), machine.get("PATH", ""))[0] if own else None
    except FrameworkError as error:
        return Finding(what, "bad", str(error))
    words = [f"`{shlex.join(own['command'])}` of its `.caloron.yml` is installed: {program}"] if own else []
    words += [f"they get {', '.join(names)}"] if names else []
    return Finding(what, "good", "; ".join(words) or "they get MCP servers, which need no variable")


def _framework(settings: Settings) -> Finding:
    """The one that is set or was chosen; where its program is missing no agent can work."""
    framework, path = FRAMEWORKS[settings.framework], operator_environment().get("PATH", "")
    if framework.is_ours:
        return Finding("framework", "good", f"{framework.name} comes with the bot")
    try:
        program = framework.locate(Paths(settings.home).installed(framework.name), path)[-1]
    except FrameworkError as error:
        return Finding("framework", "bad", str(error))
    return Finding("framework", "good", f"{framework.name} is installed: {program}")
