"""The journals of the lanes: read in part, read completely with their state, and trimmed when old."""

import json
from itertools import takewhile

from shell.store import keys
from shell.store.base import Base
from shell.store.connection import lenient, reachable
from shell.store.fields import damaged, join
from shell.store.ledger import Entry, Fault, Ledger, with_policy
from shell.store.migrations import as_state

_DROPPED = "dropped"
"""Field of the lane's meta: how many entries were moved to a file."""


class Journals(Base):
    """Reading journals; they are written by a drain's commit."""

    @reachable
    def journal(self, lane: str, start: int = 0, n: int = 1000) -> list[Entry]:
        """Entries of the journal from number `start` on (negative: from the end), each with its policy."""
        first = json.loads(self.client.lindex(keys.journal(lane), 0) or "{}").get("seq", 0)
        start = max(0, start - first) if start >= 0 else start
        texts = self.client.lrange(
            keys.journal(lane), start, start + n - 1 if start >= 0 or n < -start else -1
        )
        policies = {name: json.loads(text) for name, text in self.client.hgetall(keys.policies(lane)).items()}
        return [with_policy(json.loads(text), policies) for text in texts]

    @reachable
    def ledger(self, lane: str) -> Ledger:
        """The complete journal and the state at the same moment."""
        with lenient(self.client) as client, client.pipeline(transaction=True) as pipe:
            pipe.lrange(keys.journal(lane), 0, -1)
            pipe.hmget(keys.lane_meta(lane), (_DROPPED, "seq", "head"))
            pipe.hgetall(keys.policies(lane))
            pipe.hgetall(keys.lane_state(lane))
            lines, (dropped, end, head), policies, raw = pipe.execute()
        broken = damaged(raw)
        state, _ = join({field: text for field, text in raw.items() if field not in broken}, {}, {})
        where = (int(dropped or 0), int(end or 0), head or "")
        return Ledger(lane, lines, *where, policies, as_state(state), broken)

    @reachable
    def journal_faults(self, lane: str) -> list[Fault]:
        """Everything that is wrong with the lane's journal."""
        return self.ledger(lane).faults()

    @reachable
    def old_journal(self, lane: str, before: str, n: int = 1000) -> list[str]:
        """The journal's first entries, as text, that are older than that time."""
        with lenient(self.client) as client:
            lines: list[str] = client.lrange(keys.journal(lane), 0, n - 1)
        return list(takewhile(lambda line: str(json.loads(line)["now"]) < before, lines))

    @reachable
    def drop_journal(self, lane: str, n: int) -> None:
        """Remove that many of the journal's first entries."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.ltrim(keys.journal(lane), n, -1)
            pipe.hincrby(keys.lane_meta(lane), _DROPPED, n)
            pipe.execute()
