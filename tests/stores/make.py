"""`python -m tests.stores.make NAME`: kill this version's bot in the middle of a sprint; keep what is there.

What it left lies in `tests/fixtures/stores/NAME-<forge>`; every later version must bring it to its end.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from shell import processes
from shell.valkey import serving
from tests.flows.house import served
from tests.flows.play import Play
from tests.stores.dump import dump
from tests.stores.middle import KINDS, Kind, forge_of, house_of, recording_of_the_middle, to_the_middle
from tests.waiting import until

STORES = Path(__file__).parents[1] / "fixtures" / "stores"


def make(name: str, kind: Kind) -> Path:
    """One dump: `store.json`, `made.json`, and the forge's folder."""
    kept = STORES / f"{name}-{kind}"
    shutil.rmtree(kept, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="caloron-", dir="/tmp") as place:
        folder = Path(place)
        with (
            serving(folder / "store", appendonly="no") as url,
            forge_of(kind, folder / "forge") as forge,
        ):
            house = house_of(forge, url, recording_of_the_middle(folder / "recorded.json"))
            with served(house, folder / "bot"):
                play = Play(house, house.repository())
                made = to_the_middle(play)
                made |= kill_while_busy(play, folder / "bot" / "home", made["kickoff"])
            forge.save(kept / "forge")
            dump(url, kept / "store.json")
            (kept / "made.json").write_text(json.dumps(made, indent=1) + "\n")
    return kept


def kill_while_busy(play: Play, home: Path, kickoff: int) -> dict[str, int]:
    """`kill -9` with an action in the outbox, an event in the inbox, and an agent at work."""
    store = play.house.store
    assert store
    up = int((home / "up.lock").read_text())
    workers = processes.children(up)
    stop(workers, "actions")
    status = play.say(kickoff, "/status")
    play.wait(lambda: store.pending_actions(play.lane))
    stop(workers, "events")
    why = play.say(kickoff, "/why d")
    play.wait(lambda: store.inbox(play.lane, 1))
    assert store.live_runs()
    os.kill(up, signal.SIGKILL)
    until(lambda: not processes.workers_of(home))
    return {"status": status, "why": why}


def stop(workers: dict[str, int], queue: str) -> None:
    """Let the workers of a queue do nothing any more."""
    for name, pid in workers.items():
        if name.startswith(queue):
            os.kill(pid, signal.SIGSTOP)


if __name__ == "__main__":
    for forge_kind in KINDS:
        print(make(sys.argv[1], forge_kind))
