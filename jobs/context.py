"""What the jobs of one process share: settings, store, forge clients, and where decisions come from."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from jobs.decide import Decider, Trace, Turn
from shell.clock import now
from shell.event import ForgeKind
from shell.forge import Forge, client_for
from shell.settings import Settings
from shell.store import Store, connect
from shell.store.fields import State

Runner = Callable[[str, Any], tuple[Any, Trace]]


def run_pure(name: str, given: Any) -> tuple[Any, Trace]:
    """Run a composition that may have no effects; its output and the stages that it ran through."""
    import compositions

    run = compositions.run(name, given, effects=frozenset({"Pure"}))
    return run.output, [(entry.leaf.name, entry.nanoseconds // 1000 / 1000) for entry in run.record.entries]


@dataclass
class Context:
    """One process's hands."""

    settings: Settings
    store: Store
    process: str = field(default_factory=lambda: os.environ.get("CALORON_PROCESS", f"worker:{os.getpid()}"))
    run: Runner = run_pure
    forges: dict[str, Forge] = field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Context":
        """From the settings alone."""
        return cls(settings, Store(connect(settings.store_url)))

    def forge(self, lane: str) -> Forge:
        """The client of the lane's forge."""
        kind = cast(ForgeKind, lane.partition("-")[0])
        if kind not in self.forges:
            self.forges[kind] = client_for(kind, self.settings)
        return self.forges[kind]

    def account(self, lane: str) -> dict[str, Any]:
        """Our own account on the lane's forge; asked once, then kept."""
        kind = lane.partition("-")[0]
        if kind not in self.accounts:
            known = self.store.account(kind)
            if known is None:
                known = self.forge(lane).me()
                self.store.set_account(kind, known)
            self.accounts[kind] = known
        return self.accounts[kind]

    def repo(self, lane: str) -> str:
        """The lane's repository, `owner/name`."""
        told = self.store.about(lane).get("repo")
        if told:
            return told
        repo = self.store.load(lane).state.get("repo") or {}
        return str(repo["full_name"])

    def decider(self, lane: str) -> Decider:
        """The switchboard and the compositions, for one lane."""
        from compositions import fingerprint
        from handlers.labels import LABEL_COMMANDS, OFFERED_LABELS
        from handlers.switchboard import composition_for, expand
        from shell.policy import policy_for

        account = self.account(lane)
        words = {
            "labels": [label.as_dict() for label in OFFERED_LABELS],
            "command_labels": sorted(LABEL_COMMANDS),
        }

        def policy(state: State) -> Any:
            config = state.get("config") or {}
            return policy_for(self.settings, account, config.get("values") or {}) | words

        def run(name: str, turn: Turn) -> tuple[Turn, Trace]:
            return self.run(name, turn)

        return Decider(expand, composition_for, run, policy, now, self.store.seen, fingerprint())


_current: Context | None = None


def current() -> Context:
    """This process's context, made from the settings when it is first asked for."""
    global _current
    if _current is None:
        _current = Context.of(Settings.load())
    return _current


def use(context: Context | None) -> None:
    """Take this context from now on; None: make one anew (after a fork, in tests)."""
    global _current
    _current = context
