"""What people read of a store, in words and as data: status, history, show, metrics, agents."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.cli.main import main
from shell.settings import Settings
from shell.store import Decision, Store
from shell.store.fields import differences, texts

LANE = "gitea-7"
TASKS = {
    "t2": {"id": "t2", "title": "The page", "status": "Pending", "depends_on": ["t1"], "position": 2},
    "t1": {
        "id": "t1",
        "title": "The catalogue",
        "status": "Escalated",
        "wait": "it broke twice",
        "position": 1,
    },
}
RUNNING = {"id": "shop-1a2b-3", "number": 3, "title": "A shop", "goal": "Sell", "status": "Running",
           "started_at": "2026-11-20T08:00:00.000Z"}  # fmt: skip
ENDED = {"id": "shop-1a2b-1", "number": 1, "title": "A start", "goal": "Begin", "status": "Done",
         "started_at": "2026-11-19T08:00:00.000Z", "ended_at": "2026-11-19T09:00:00.000Z",
         "tasks": {"a": {"id": "a", "title": "All", "status": "Done"}},
         "retro": {"completed_tasks": 1, "completion_rate": 1.0, "tasks": [{"task_id": "a"}]}}  # fmt: skip
WAITING = {"id": "shop-1a2b-4", "number": 4, "title": "More", "goal": "Grow", "status": "AwaitingApproval",
           "plan": {"x": {"id": "x", "title": "Next"}}}  # fmt: skip

Said = Callable[..., str]


@pytest.fixture
def said(
    store: Store,
    valkey: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    capsys: pytest.CaptureFixture[str],
) -> Said:
    given = {"CALORON_WEBHOOK_SECRET": "s", "GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t",
             "CALORON_HOME": str(tmp_path), "REDIS_URL": valkey}  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert Settings.load().home == tmp_path

    def run(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        assert (ended.value.code or 0) == code
        told = capsys.readouterr()
        return told.err if code else told.out

    return run


@pytest.fixture
def three(store: Store) -> None:
    """A sprint that ended, one that runs, one that waits."""
    loaded = store.load(LANE)
    kickoffs = {str(one["number"]): one for one in (ENDED, RUNNING, WAITING)}
    more = {"repo": {"full_name": "acme/shop"}, "running": 3, "kickoffs": kickoffs, "tasks": TASKS}
    state: Any = loaded.state | more
    lease = store.lease("test")
    assert lease
    decided = Decision(state, texts(differences(loaded.state, state)))
    assert store.commit(LANE, loaded, decided, lease.token)


@pytest.mark.parametrize("words", [["status"], ["history"], ["metrics"], ["agents"]])
def test_an_empty_store_is_told_in_words(said: Said, words: list[str]) -> None:
    assert said(*words).strip().endswith(".")
    assert json.loads(said(*words, "--output", "json")) in ([], {})
    assert said(*words, "--output", "table") == "(nothing)\n"


@pytest.mark.usefixtures("three")
def test_status_tells_what_waits_for_whom(said: Said) -> None:
    told = said("status")
    assert "acme/shop  shop-1a2b-3  Running  0/2 done" in told
    assert "waiting on you: t1: it broke twice" in told
    assert "waiting on you: /approve on #4" in told and "shop-1a2b-1" not in told
    assert told.index("The catalogue") < told.index("The page")
    [running, waiting] = json.loads(said("status", "--output", "json"))
    assert running["waiting_on_you"] == ["t1"] and waiting["tasks"]["x"]["status"] == "Planned"


@pytest.mark.usefixtures("three")
def test_history_lists_the_newest_last(said: Said) -> None:
    rows = json.loads(said("history", "--output", "json"))
    assert [row["sprint"] for row in rows] == ["shop-1a2b-1", "shop-1a2b-3", "shop-1a2b-4"]
    assert "There are no sprints yet" in said("history", "--repository", "acme/other")


@pytest.mark.usefixtures("three")
def test_one_sprint_is_shown_whole(said: Said) -> None:
    told = said("show", "shop-1a2b-1")
    assert "acme/shop #1, Done, 1/1 done" in told and "completion_rate" in told and "Begin" in told
    assert "t1 waits: it broke twice" in said("show", "shop-1a2b-3")
    whole = json.loads(said("show", "shop-1a2b-3", "--output", "json"))
    assert list(whole["tasks"]) == ["t1", "t2"] and whole["record"]["goal"] == "Sell"
    assert "There is no sprint or repository 'none'" in said("show", "none", code=1)
    assert "There is no sprint" in said("show", LANE, code=1)


@pytest.mark.usefixtures("three")
def test_figures_stand_beside_each_other(said: Said) -> None:
    assert json.loads(said("metrics", "--output", "json")) == {
        "shop-1a2b-1": {"completed_tasks": 1, "completion_rate": 1.0}
    }
    assert "completion_rate  1.0" in said("metrics", "shop-1a2b-1", "--output", "table")


def test_a_sprint_that_has_left_its_lane_is_known_still(said: Said, store: Store, three: None) -> None:
    loaded = store.load(LANE)
    state = loaded.state | {
        "kickoffs": {name: one for name, one in loaded.state["kickoffs"].items() if name != "1"}
    }
    lease = store.lease("again")
    assert lease
    changed = texts(differences(loaded.state, state))
    assert store.commit(LANE, loaded, Decision(state, changed), lease.token)
    assert "A start" in said("history") and "completion_rate" in said("show", "shop-1a2b-1")
