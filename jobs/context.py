"""What the jobs of one process share: settings, store, forge clients, and how decisions are made."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, cast

import structlog

from jobs.decide import Decider, Trace
from jobs.reading import Reading
from jobs.worker_threads import WorkerThreads
from shell.admission import UNKNOWN, Admission, Facts, admission_of
from shell.agent.git import Credential
from shell.agent.paths import Paths
from shell.agent.repository import Repository
from shell.clock import now
from shell.cpu_limit import TooLong
from shell.disk import Reserve
from shell.errors import Unavailable
from shell.event import Event, kind_of
from shell.forge import Forge, client_for
from shell.installation_id import keep_installation, new_installation, read_installation
from shell.installations import lanes as installed_lanes
from shell.secrets import know
from shell.settings import Settings, withheld
from shell.store import Store, connect
from shell.store.connection import milliseconds
from shell.store.runs import owner_key, spent_key

if TYPE_CHECKING:
    from stages.world import Account, ForgeRepository, Json, Policy, State, Turn

_log = structlog.get_logger(__name__)

ASK_AGAIN_MS = 60_000
"""How long a repository that the forge did not show is believed not to be there."""
BEAT_S = 2.5
"""How often a process sends a heartbeat."""

TOKENS = {
    "gitea": {"GITEA_TOKEN"},
    "github": {"GITHUB_TOKEN", "GITHUB_APP_PRIVATE_KEY"},
}
"""Forge → the settings that a client of it needs one of."""

Runner = Callable[[str, "Json"], tuple["Json", Trace]]
"""Runs a composition: its name and input → its output, in the composition's own type, and its trace."""


def run_pure(name: str, given: Json) -> tuple[Json, Trace]:
    """Run a composition that may have no effects; its output and the stages that it ran through."""
    import compositions

    run = compositions.run(name, given, effects=frozenset({"Pure"}))
    return run.output, [(entry.leaf.name, entry.nanoseconds // 1000 / 1000) for entry in run.record.entries]


@dataclass
class Context:
    """What one process works with."""

    settings: Settings
    store: Store
    process: str = field(default_factory=lambda: os.environ.get("CALORON_PROCESS", f"worker:{os.getpid()}"))
    run: Runner = run_pure
    forges: dict[str, Forge] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    reviewers: dict[str, int] = field(default_factory=dict)
    threads: WorkerThreads | None = None
    """Where this process runs its jobs concurrently; None: one after the other."""
    reading: Reading = field(default_factory=Reading)
    next_beat: float = 0.0
    gives_logins: bool = False
    """Whether this process gives keys and logins to agents, and so tells when one has changed."""
    next_logins: float = 0.0
    known_logins: Mapping[str, str] = field(default_factory=dict)
    known_not_here: Mapping[str, str] = field(default_factory=dict)
    known_installation: str | None = None
    next_walls: float = 0.0
    known_walls: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Context:
        """From the settings alone."""
        know(*settings.secrets(), stays=True)
        return cls(settings, Store(connect(settings.store_url)))

    def beat(self) -> None:
        """Send a heartbeat if one is due; if the store is unavailable, the next one will do."""
        if monotonic() < self.next_beat:
            return
        self.next_beat = monotonic() + BEAT_S
        try:
            self.store.alive(self.process)
            if self.gives_logins:
                lacks = _lacking_here(self.settings.home)
                self.store.report_logins(self.process, _logins_here(self.settings.agent_env, lacks))
                self.store.report_not_here(self.process, lacks)
        except Unavailable as error:
            _log.warning("the store does not answer", reason=str(error))

    def installation(self) -> str:
        """The id of this installation, which the repository's lock names."""
        if self.known_installation is None:
            home = self.settings.home
            name = self.store.installation(read_installation(home) or new_installation())
            keep_installation(home, name)
            self.known_installation = name
        return self.known_installation

    def reserve(self) -> Reserve:
        """The free space that this machine must keep."""
        return Reserve.of(self.settings.home, self.settings.disk_reserve_mb)

    def forge(self, lane: str) -> Forge:
        """The client of the lane's forge."""
        kind = kind_of(lane)
        if kind not in self.forges:
            self.forges[kind] = client_for(kind, self.settings)
        return self.forges[kind]

    def know_accounts(self) -> None:
        """Ask each forge for our account, for the processes that cannot ask."""
        for kind in self.settings.forges:
            self.account(kind)

    def account(self, lane: str) -> Account:
        """Our own account on the lane's forge; fetched once, then cached."""
        kind = kind_of(lane)
        if kind not in self.accounts:
            known = self.store.account(kind)
            if TOKENS[kind] & withheld():
                if known is None:
                    raise Unavailable(kind, "our account there is not known yet")
            elif known is None or (self.settings.owners and "app" not in known):
                known = self.forge(lane).me()
                self.store.set_account(kind, known)
            self.accounts[kind] = known
        return self.accounts[kind]

    def our_accounts(self, lane: str) -> frozenset[int]:
        """The ids of our accounts on the lane's forge: of the one that acts and the one that reviews."""
        kind = kind_of(lane)
        ids = {int(self.account(lane)["id"])}
        token = self.settings.reviewer_token_of(kind)
        if token and kind not in self.reviewers:
            self.reviewers[kind] = int(client_for(kind, self.settings, token=token).me()["id"])
        return frozenset(ids | ({self.reviewers[kind]} if token else set()))

    def repository(self, lane: str, repo: str) -> Repository:
        """The shell's own copy of the lane's repository; nothing is fetched yet."""
        forge = self.forge(lane)
        path = Paths(self.settings.home).repository(lane)
        return Repository(path, forge.clone_url(repo), lambda: Credential(*forge.credential(repo)))

    def admission(self, lane: str) -> Admission:
        """Whether the lane's repository is let in; UNKNOWN where the forge has to be asked (again)."""
        facts, installed = self.store.facts(lane)
        found = admission_of(self.settings, facts, installed or lane in installed_lanes(self.settings.home))
        asked_ms = int(facts.get("at_ms") or 0) if facts else 0
        again = not found.verified and milliseconds() - asked_ms > ASK_AGAIN_MS
        return UNKNOWN if again else found

    def lets_in(self, lane: str, found: ForgeRepository) -> bool:
        """Whether another repository on the forge of this lane is let in, by what that forge says of it."""
        facts, _ = self.store.facts(lane)
        theirs: Facts = {"repo": found["full_name"], "owner_id": found["owner_id"]}
        if facts and "app" in facts:
            theirs["app"] = facts["app"]
        other = f"{lane.rpartition('-')[0]}-{found['id']}"
        installed = self.store.installed() | installed_lanes(self.settings.home).keys()
        return admission_of(self.settings, theirs, other in installed).let_in

    def may_start(self, lane: str) -> bool:
        """Whether an agent may start: its repository is let in, its sprint is not paused, and the operator's
        caps leave something.

        Where a cap is reached the boards are written again, so that they say so.
        """
        admission = self.admission(lane)
        state = self.store.load(lane).state
        if not admission.let_in or _is_paused(state) or _has_no_lock(state) or _is_archived(state):
            return False
        if self.budget_spent(lane, admission):
            self.store.show_again(lane, now()[:10])
            return False
        return True

    def budget_spent(self, lane: str, admission: Admission) -> str | None:
        """Which of the operator's caps is reached today, in words."""
        day, owner = self.settings.budget_day, self.settings.budget_owner_day
        if day is None and owner is None:
            return None
        spent = self.store.spent(now()[:10])
        caps = ((day, "all", ""), (owner, owner_key(lane, admission.owner_id), " for this owner"))
        for cap, whose, who in caps:
            if cap is not None and spent.get(spent_key(whose, cap.unit), 0) >= cap.amount:
                return (
                    f"the operator's budget of {cap} a day{who} is used up; agents start again at 00:00 UTC"
                )
        return None

    def repo(self, lane: str) -> str:
        """The lane's repository, `owner/name`."""
        name = self.store.about(lane).get("repo")
        if name:
            return name
        return self.store.load(lane).state["repo"]["full_name"]

    def walls(self) -> dict[str, str]:
        """The policy's `walls`, where workers of agents say that theirs do not stand; asked now and then."""
        if monotonic() >= self.next_walls:
            self.next_walls = monotonic() + BEAT_S
            states = {one["state"] for one in self.store.walls().values()}
            self.known_walls = next((state for state in ("off", "refused", "bare") if state in states), None)
        return {"walls": self.known_walls} if self.known_walls else {}

    def logins(self) -> Mapping[str, str]:
        """Framework → what changes with its key or login, as its workers say; asked now and then."""
        if monotonic() >= self.next_logins:
            self.next_logins, self.known_logins = monotonic() + BEAT_S, self.store.logins()
            self.known_not_here = self.store.not_here()
        return self.known_logins

    def policy(self, lane: str, admission: Admission) -> Callable[[State], Policy]:
        """What holds for this lane now, by its state: settings, `.caloron.yml`, and what there is here."""
        from handlers.repository_labels import declared_policy
        from shell.policy import policy_for
        from shell.repository_config import merged

        account, declared = self.account(lane), declared_policy()
        spent = self.budget_spent(lane, admission)
        now_and_then = {
            **self.walls(), "logins": self.logins(), "not_here": self.known_not_here,
            **({"budget_spent": spent} if spent else {}),
            "installation": self.installation(), "lock_s": 60 * self.settings.lock_m,
        }  # fmt: skip

        def policy(state: State) -> Policy:
            own, beneath = state.get("config"), state.get("organisation")
            values = merged(beneath["defaults"] if beneath else {}, own["values"] if own else {})
            known = policy_for(self.settings, account, values, declared)
            today = {"spent_today": self.store.spent_in(lane, now()[:10])} if known.get("budget_day") else {}
            return cast("Policy", {**known, **now_and_then, **today})

        return policy

    def decider(self, lane: str) -> Decider:
        """How events of this lane are decided: the switchboard and the compositions."""
        from compositions import fingerprint
        from handlers.switchboard import INSTEAD, composition_for, expand, expand_unread, outside

        admission = self.admission(lane)
        policy = self.policy(lane, admission)

        def run(name: str, turn: Turn) -> tuple[Turn, Trace]:
            return self.run(name, turn)

        def refuses(event: Event) -> str | None:
            return refusal_of(admission, event)

        reader = expand if admission.let_in else outside

        def read(event: Event, state: State) -> list[Event]:
            try:
                with self.reading.limited(lane):
                    return reader(event, state)
            except TooLong:
                _log.warning("text given up", lane=lane, key=event.get("key"))
                return expand_unread(event, state) if admission.let_in else []

        seen = self.store.seen
        return Decider(read, composition_for, run, policy, now, seen, fingerprint(), INSTEAD, refuses)


def _is_paused(state: State) -> bool:
    kickoff = state["kickoffs"].get(str(state.get("running")))
    return kickoff is not None and kickoff["status"] == "Paused"


def _is_archived(state: State) -> bool:
    """Whether nobody may write in the repository, as the forge said last."""
    repo = state.get("repo")
    return bool(repo and repo.get("archived"))


def _has_no_lock(state: State) -> bool:
    """Whether another installation has the lock of the repository, or may have it."""
    lock = state.get("lock")
    return lock is not None and not lock["held"]


def _lacking_here(home: Path) -> dict[str, str]:
    """Which frameworks cannot work on this machine, and what to do; imported here, as below."""
    from shell.agent.frameworks import ALL
    from shell.agent.paths import operator_environment
    from shell.agent.ready import missing

    machine = operator_environment()
    found = {framework.name: missing(framework, machine, home) for framework in ALL}
    return {name: words for name, words in found.items() if words}


def _logins_here(agent_env: tuple[str, ...], lacks: Mapping[str, str]) -> dict[str, str]:
    """Imported here, because only a worker of agents needs it."""
    from shell.agent.frameworks import ALL
    from shell.agent.logins import mark_of
    from shell.agent.own_framework import NAME, own_framework
    from shell.agent.paths import operator_environment

    machine = operator_environment()
    frameworks = [*ALL, own_framework([NAME])]
    return {one.name: mark_of(one, machine, agent_env, lacks.get(one.name)) for one in frameworks}


def refusal_of(admission: Admission, event: Event) -> str | None:
    """Why this event is not handled: nobody let its repository in, or its signer may not speak for it."""
    signer = event.get("hook")
    if not admission.verified:
        return admission.reason
    if signer is not None and signer != admission.owner_id:
        return (
            f"the webhook of organisation {signer} signed it, but the repository is not that organisation's"
        )
    if not admission.let_in and event["type"] != "issue_comment":
        return admission.reason
    return None


_current: Context | None = None


def current() -> Context:
    """This process's context, created from the settings when first needed."""
    global _current
    if _current is None:
        _current = Context.of(Settings.load())
    return _current


def use(context: Context | None) -> None:
    """Use this context from now on; None: create a new one when needed (after a fork, in tests)."""
    global _current
    _current = context
