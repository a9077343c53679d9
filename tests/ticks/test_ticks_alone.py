"""A sprint that only ticks move reaches its end, on the real engine and on ours alike; its page is true."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import compositions
from tests.ticks.engines import TICK, installed, noether, ours, registered
from tests.ticks.show import PAGE, REPO, page, settled
from tests.ticks.sprint import NOBODY, PLAN, Around, Tick, play, settings, where

CORE = "sprint_tick_core"


def outcome(ticks: list[Tick]) -> list[Any]:
    return [(tick.before, gist(settled(tick.envelope["data"])), tick.tasks, tick.issues) for tick in ticks]


def gist(data: dict[str, Any]) -> dict[str, Any]:
    """What both engines answer: all but how long it took."""
    compared = ("stage_id", "step_index", "status")
    trace = [{key: entry[key] for key in compared} for entry in data["trace"]["stages"]]
    return {**{key: data[key] for key in ("composition_id", "effects", "output")}, "trace": trace}


def assert_it_ended_well(ticks: list[Tick]) -> None:
    errors = [error for tick in ticks for error in tick.envelope["data"]["output"]["errors"]]
    assert ticks[-1].tasks == {"t1": "Done", "t2": "Done"}
    assert {one["state"] for one in ticks[-1].issues} == {"closed", "merged"}
    assert [error.split(":")[:2] for error in errors] == [["spawn_agent", "t1"], ["spawn_agent", "t2"]]
    assert "the shell does not answer" in errors[0]
    assert "404: unknown sprint" in errors[1]


@pytest.mark.gitea
def test_our_engine_moves_a_sprint_by_ticks_alone(gitea_server: dict[str, Any], tmp_path: Path) -> None:
    ticks = play(gitea_server, "ours", tmp_path, ours)
    assert_it_ended_well(ticks)
    written = written_outcome(PAGE.read_text(encoding="utf-8"))
    assert outcome(ticks) == written  # what the page tells of the real engine


@pytest.mark.gitea
@pytest.mark.noether
@pytest.mark.skipif(not installed, reason="the real engine is not built: tests/tools/noether install")
def test_the_real_engine_moves_a_sprint_by_ticks_alone(gitea_server: dict[str, Any], tmp_path: Path) -> None:
    engine = registered(tmp_path / "noether", TICK)
    ticks = play(gitea_server, REPO, tmp_path / "sprint", noether(engine))
    assert_it_ended_well(ticks)
    assert page(ticks) == PAGE.read_text(encoding="utf-8"), "write it anew: python -m tests.ticks.show"


@pytest.mark.gitea
@pytest.mark.noether
@pytest.mark.skipif(not installed, reason="the real engine is not built: tests/tools/noether install")
def test_a_tick_that_is_given_its_state_is_the_same_on_both(
    gitea_server: dict[str, Any], tmp_path: Path
) -> None:
    engine = registered(tmp_path / "noether", CORE)
    with settings(gitea_server, tmp_path / "kv"):
        around = Around(gitea_server, "core", tmp_path / "kv")
        silent = {"last_heartbeat_at": "2026-11-21T07:00:00Z", "task_started_at": "2026-11-21T07:00:00Z"}
        beside = {"agents": {"agent-2": silent}, "interventions": {"agent-2": 1}, "shell_url": NOBODY}
        given = {**where(around), **beside, "now": "2026-11-21T09:00:00.000Z"}
        first = ours({**given, "state": {"tasks": PLAN}}, CORE)["data"]["output"]
        there, here = (run({**given, "state": first["state"]}) for run in (noether(engine, CORE), in_core))
    assert first["actions_taken"] == ["issue:#1"]
    assert gist(settled(there["data"])) == gist(settled(here["data"]))
    output = there["data"]["output"]
    assert {error.split(" ")[0] for error in output["errors"]} == {"spawn_agent:t1:", "restart:agent-2:"}
    assert output["interventions"]["agent-2"]["count"] == 2


def in_core(given: dict[str, Any]) -> dict[str, Any]:
    return ours(given, CORE)


def test_the_page_of_the_ticks_keeps_its_form() -> None:
    text = PAGE.read_text(encoding="utf-8")
    told = written_outcome(text)
    assert len(told) >= 10
    first, last = told[0], told[-1]
    assert first[1]["output"]["actions_taken"] == ["issue:#1"]
    assert first[2] == {"t1": "Ready", "t2": "Pending"}
    assert last[2] == {"t1": "Done", "t2": "Done"}
    for envelope in envelopes(text):
        assert (envelope["ok"], envelope["meta"]["version"]) == (True, "0.8.2")
        assert envelope["data"]["composition_id"] == compositions.load(TICK).id
        names = [entry["stage_id"].strip("<>") for entry in envelope["data"]["trace"]["stages"]]
        assert sorted(names) == sorted(compositions.load(TICK).effects)
    assert not re.search(r"[0-9a-f]{64}|/tmp/|20\d\d-\d\d-\d\d", re.sub('"composition_id": ".*"', "", text))


def envelopes(text: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"The answer:\n\n```json\n(.*?)\n```", text, re.S)]


def written_outcome(text: str) -> list[Any]:
    """What the page tells, in the form of `outcome`."""
    overview = re.findall(r"^\| \[\d+\].*$", text, re.M)
    sections = text.split("\n## Tick ")[1:]
    return [
        (
            cells(line)[1],
            gist(envelope["data"]),
            dict(zip(("t1", "t2"), cells(line)[-2:], strict=True)),
            issues(part),
        )
        for line, envelope, part in zip(overview, envelopes(text), sections, strict=True)
    ]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def issues(section: str) -> list[dict[str, Any]]:
    rows = [cells(line) for line in re.findall(r"^\| \d+ \|.*$", section, re.M)]
    return [
        {
            "number": int(row[0]),
            "kind": row[1],
            "title": row[2],
            "state": row[3],
            "labels": re.findall("`(.*?)`", row[4]),
        }
        for row in rows
    ]
