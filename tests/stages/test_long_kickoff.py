"""A kickoff that is too long is refused in words, and costs no planning."""

from typing import Any

from stages.plan import propose_plan, take_brief

KICKOFF = {"id": "shop-1a2b-4", "number": 4, "status": "Planning", "asked_at": "2026-11-21T07:00:00.000Z"}
READ: Any = {
    "type": "kickoff_read", "key": "kickoff_read:4", "issue_number": 4, "title": "Sell shoes",
    "author": "ada", "author_id": 2, "body": "- a line of a long plan\n" * 3000,
}  # fmt: skip


def test_a_kickoff_beyond_its_longest_is_refused_in_words() -> None:
    state = {"kickoffs": {"4": KICKOFF}}
    brief = take_brief.execute({"state": state, "events": [READ]})  # type: ignore[typeddict-item]
    assert brief["brief"] == "Sell shoes", "the planner reads none of it"
    given = {
        "state": state, "events": [READ], "now": "2026-11-21T07:00:00.000Z", "policy": {},
        "plan": {"dag": {"tasks": {}}, "errors": []}, "check": {"valid": True, "errors": []},
        "briefs": {"sprints": {"4": {"text": "", "markdown": ""}}, "tasks": {"4": {}}},
    }  # fmt: skip
    out = propose_plan.execute(given)  # type: ignore[arg-type]
    [said] = out["actions"]
    assert "longer than 64 KiB" in said["body"]  # type: ignore[typeddict-item]
    assert out["state"]["kickoffs"]["4"]["status"] == "Proposed"


def test_take_brief_and_propose_plan_mean_the_same_length() -> None:
    assert take_brief.LONGEST == propose_plan.LONGEST
