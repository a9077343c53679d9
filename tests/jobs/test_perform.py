"""Performing: nothing is done twice, what is away is waited for, every answer becomes an event."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import action_handlers, perform
from shell.errors import NotYet, Refused, Unavailable
from shell.forge import read_delivery

LANE = "gitea-7"


def make_issue(key: str = "issue:t1") -> dict[str, Any]:
    mark = {"kind": "task", "sprint": "s", "task": "t1"}
    return {"type": "create_issue", "key": key, "title": "T", "body": "B", "labels": ["x"], "mark": mark}


def test_what_is_not_approved_right_now_is_not_merged(bench: Any, forge: Any) -> None:
    verdict = {"allowed": False, "message": "`ada` pushed to its branch.", "wait": "an approval"}
    bench.compositions["weigh_approval"] = lambda given: verdict
    bench.put({"type": "merge_pr", "key": "m", "pr_number": 9, "head_sha": "abc"})
    bench.work()
    assert not forge.asked("merge")
    [answer] = bench.journalled("performed")
    assert answer["result"] == {"merged": False, "message": verdict["message"], "wait": "an approval"}


def test_answers_come_back_as_events(bench: Any, forge: Any) -> None:
    bench.put(
        make_issue(),
        {"type": "react", "key": "r", "content": "eyes", "comment_id": 3},
        {"type": "look", "key": "look:issue:4", "what": "issue", "number": 4},
        {"type": "merge_pr", "key": "m", "pr_number": 9, "head_sha": "abc"},
    )
    bench.work()
    assert [verb for verb, _ in forge.calls[:2]] == ["react_comment", "create_issue"]
    assert ("merge", (9, "abc", "squash")) in forge.calls
    by_key = {event["action"]["key"]: event["result"] for event in bench.journalled("performed")}
    assert by_key["issue:t1"] == {"number": 1, "html_url": "u"}
    assert by_key["m"] == {"merged": True, "merge_sha": "abc"}
    [seen] = bench.journalled("seen")
    assert (seen["what"], seen["number"], seen["there"]["number"]) == ("issue", 4, 4)
    assert seen["request"]["key"] == "look:issue:4"
    assert forge.issues[0]["body"].endswith("<!-- caloron:task key=issue:t1 sprint=s task=t1 -->")


@pytest.mark.parametrize("verb", ["create_issue", "comment"])
def test_a_lost_answer_makes_no_second_one(bench: Any, forge: Any, verb: str) -> None:
    action = make_issue() if verb == "create_issue" else {"type": verb, "key": "c", "number": 1, "body": "B"}
    forge.after[verb] = [Unavailable("forge.test", "read timed out")]
    bench.put(action)
    bench.work()
    assert bench.take() == []
    bench.hasten()
    bench.work()
    assert forge.asked(verb) == 1
    [done] = bench.journalled("performed")
    assert done["action"]["key"] == action["key"] and done["result"]


def test_one_wrong_reviewer_keeps_no_other_from_being_asked(bench: Any, forge: Any) -> None:
    forge.faults["request_review"] = [Refused(422, "not a collaborator"), Refused(404, "no such user")]
    bench.put({"type": "ask_review", "key": "a", "pr_number": 9, "reviewers": ["nobody", "ada"]})
    bench.work()
    assert [given for verb, given in forge.calls if verb == "request_review"] == [
        (9, ["nobody", "ada"]), (9, ["nobody"]), (9, ["ada"]),
    ]  # fmt: skip
    [answer] = bench.journalled("performed")
    assert answer["result"] == {"not_asked": [{"reviewer": "nobody", "message": "no such user"}]}


@pytest.mark.parametrize("how", ["refused", "left out", "assigned"])
def test_who_cannot_be_assigned_is_told(bench: Any, forge: Any, how: str) -> None:
    """Whether the forge leaves a name out or refuses the whole call."""
    forge.faults["edit_issue"] = [Refused(422, "user does not exist")] if how == "refused" else []
    forge.assignable = ["Bob"] if how == "assigned" else []
    bench.put({"type": "assign_issue", "key": "a", "number": 5, "assignees": ["bob"]})
    bench.work()
    [answer] = bench.journalled("performed")
    told = {"refused": "user does not exist", "left out": "it assigns only people of the repository"}
    assert answer["result"] == ({"not_assigned": told[how]} if how in told else {})


def test_what_the_world_refuses_is_told(bench: Any, forge: Any) -> None:
    forge.faults["merge"] = [Refused(403, "protected branch")]
    bench.put({"type": "merge_pr", "key": "m", "pr_number": 9, "head_sha": "abc", "style": "merge"})
    bench.work()
    [refused] = bench.journalled("refused")
    assert (refused["status"], refused["message"]) == (403, "protected branch")


def test_our_mistake_is_kept_and_told(bench: Any, forge: Any) -> None:
    bench.put({"type": "juggle", "key": "j"})
    bench.work()
    [refused] = bench.journalled("refused")
    [letter] = bench.store.dead_letters()
    assert refused["status"] == 500 and letter["id"] in refused["message"]
    assert "juggle" in letter["reason"]


def test_a_host_that_is_away_is_told_once_and_waited_for(bench: Any, forge: Any) -> None:
    forge.faults["create_issue"] = [Unavailable("forge.test", "refused") for _ in range(3)]
    bench.put(make_issue(), make_issue("issue:t2"))
    waits = []
    for _ in range(4):
        bench.work()
        away = bench.away()
        waits.append(away["tries"] if away else None)
        bench.hasten()
    assert waits == [1, 2, 3, None]
    assert forge.asked("create_issue") == 5
    assert len(bench.journalled("unavailable")) == 1
    assert len(bench.journalled("available")) == 1
    assert len(bench.journalled("performed")) == 2
    assert len(forge.issues) == 2


def test_the_wait_doubles_up_to_five_minutes_and_heeds_the_hosts_word() -> None:
    waits = [perform._delay(count, None) for count in (0, 1, 2, 9, 400)]
    assert waits == [1.0, 2.0, 4.0, 300.0, 300.0]
    assert perform._delay(0, 900.0) == 900.0


def test_a_fault_of_one_call_holds_up_no_other(bench: Any, forge: Any) -> None:
    forge.faults["issue"] = [Unavailable("forge.test", "internal error", status=500)]
    bench.put(
        {"type": "look", "key": "l", "what": "issue", "number": 4},
        {"type": "comment", "key": "c", "number": 1, "body": "B"},
    )
    bench.work()
    assert [event["key"].split(":")[1] for event in bench.journalled("performed")] == ["c"]
    bench.hasten()
    bench.work()
    assert len(bench.journalled("seen")) == 1
    assert [len(bench.journalled(kind)) for kind in ("unavailable", "available")] == [1, 1]


LATE = "no answer in time"


def three_things(bench: Any) -> None:
    bench.put(
        {"type": "look", "key": "l", "what": "issue", "number": 4},
        make_issue(),
        {"type": "comment", "key": "c", "number": 1, "body": "B"},
    )


def test_a_call_that_never_answers_holds_up_no_other(bench: Any, forge: Any) -> None:
    forge.faults["issue"] = [Unavailable("forge.test", LATE) for _ in range(9)]
    three_things(bench)
    bench.work()
    assert forge.asked("create_issue") == 0 and bench.away()["tries"] == 1
    bench.hasten()
    bench.work()
    assert {event["action"]["key"] for event in bench.journalled("performed")} == {"issue:t1", "c"}
    assert bench.away() is None and forge.asked("issue") == 2
    for n in range(3):  # now it is known to be that call alone
        bench.hasten()
        bench.put({"type": "comment", "key": f"c{n}", "number": 1, "body": "B"})
        bench.work()
        assert len(bench.journalled("performed")) == 3 + n and bench.away() is None
    assert forge.asked("issue") == 5
    assert [len(bench.journalled(kind)) for kind in ("unavailable", "available")] == [2, 1]
    forge.faults.clear()
    bench.hasten()
    bench.work()
    assert len(bench.journalled("seen")) == 1
    assert [len(bench.journalled(kind)) for kind in ("unavailable", "available")] == [2, 2]


def test_while_a_host_is_away_each_wait_costs_one_call_and_each_call_has_its_turn(
    bench: Any, forge: Any
) -> None:
    for verb in ("issue", "create_issue", "issues_with_label", "comment", "issue_comments"):
        forge.faults[verb] = [Unavailable("forge.test", LATE) for _ in range(9)]
    three_things(bench)
    for tries in range(1, 7):
        bench.work()
        assert bench.away()["tries"] == tries
        bench.hasten()
    asked = [verb for verb, _ in forge.calls if verb != "repository"]
    assert asked[:3] == ["issue", "create_issue", "comment"]
    assert asked[3:] == ["issue", "issues_with_label", "issue_comments"]


@pytest.mark.parametrize(("status", "calls"), [(None, 2), (503, 2), (429, 1), (401, 1)])
def test_a_host_that_goes_away_again_is_known_by_the_second_call_and_a_limit_by_the_first(
    bench: Any, forge: Any, status: int | None, calls: int
) -> None:
    forge.faults["issue"] = [Unavailable("forge.test", LATE, status=status) for _ in range(9)]
    looks = [{"type": "look", "key": f"l{n}", "what": "issue", "number": n} for n in range(3)]
    bench.put(*looks)
    for _ in looks:
        bench.work()
        bench.hasten()
    bench.put({"type": "comment", "key": "c", "number": 1, "body": "B"})
    bench.work()
    assert forge.asked("comment") == 1
    assert bench.away() is not None and forge.asked("issue") == len(looks) + calls


def test_a_merge_that_is_not_possible_yet_is_tried_for_a_minute(
    bench: Any, forge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge.faults["merge"] = [NotYet("forge.test", "checking", status=405) for _ in range(9)]
    bench.put({"type": "merge_pr", "key": "m", "pr_number": 9, "head_sha": "abc", "style": "merge"})
    bench.work()
    assert bench.journalled("refused", "unavailable") == []
    bench.hasten()
    [taken] = bench.take()
    assert taken.tries["not_yet"] == 1
    bench.work()
    monkeypatch.setattr(perform, "NOT_YET_FOR_S", -1.0)
    bench.hasten()
    bench.work()
    [refused] = bench.journalled("refused")
    assert (refused["status"], refused["message"], refused["reason"]) == (409, "conflict", "checking")
    assert forge.asked("merge") == 3


def merging(bench: Any, head: str | None, sprint: str = "s-1") -> None:
    """The running sprint's task t1 waits for the merge of this head."""
    tasks = {"t1": {"id": "t1", "status": "InReview", "merging": head}}
    bench.change(running=4, kickoffs={"4": {"id": sprint, "number": 4, "status": "Running"}}, tasks=tasks)


def of_a_task(verb: str) -> dict[str, Any]:
    asked = {"type": verb, "key": "m", "pr_number": 9, "head_sha": "abc", "style": "merge"}
    return asked | {"sprint_id": "s-1", "task_id": "t1"}


@pytest.mark.parametrize(
    ("head", "sprint", "done"),
    [("abc", "s-1", True), (None, "s-1", False), ("def", "s-1", False), ("abc", "s-2", False)],
)
@pytest.mark.parametrize("verb", ["merge_pr", "update_branch"])
def test_a_merge_that_waits_is_done_only_while_it_is_wanted(
    bench: Any, forge: Any, verb: str, head: str | None, sprint: str, done: bool
) -> None:
    call, forge.heads = verb.removesuffix("_pr"), {9: "abc"}
    forge.faults[call] = [Unavailable("forge.test", "refused")]
    merging(bench, "abc")
    bench.put(of_a_task(verb))
    bench.work()
    assert forge.asked(call) == 1 and bench.journalled("performed", "refused") == []
    merging(bench, head, sprint)
    bench.hasten()
    bench.work()
    assert forge.asked(call) == 1 + done and bench.take() == []
    [answer] = bench.journalled("performed", "refused")
    assert answer.get("withdrawn", False) is not done


def test_what_was_withdrawn_does_not_tell_that_its_host_is_back(bench: Any, forge: Any) -> None:
    forge.faults["merge"] = [Unavailable("forge.test", "refused")]
    merging(bench, "abc")
    bench.put(of_a_task("merge_pr"))
    bench.work()
    merging(bench, None)
    bench.hasten()
    bench.work()
    assert bench.away() is not None and bench.journalled("available") == []


@pytest.mark.parametrize(
    ("up_to_date", "head", "moved"), [(False, "abc", True), (True, "abc", False), (True, "def", True)]
)
def test_an_update_tells_whether_the_branch_is_another_one_now(
    bench: Any, forge: Any, up_to_date: bool, head: str, moved: bool
) -> None:
    forge.up_to_date, forge.heads = up_to_date, {9: head}
    merging(bench, "abc")
    bench.put(of_a_task("update_branch"))
    bench.work()
    [done] = bench.journalled("performed")
    assert done["result"] == {"moved": moved}


def test_labels_are_made_by_one_at_a_time(bench: Any, forge: Any) -> None:
    held = bench.store.lease(f"labels:{LANE}", 60)
    bench.put({"type": "make_labels", "key": "labels", "labels": [{"name": "a"}]})
    bench.work()
    assert forge.asked("make_labels") == 0
    held.release()
    bench.hasten()
    bench.work()
    assert forge.asked("make_labels") == 1


def test_a_busy_lane_lets_others_have_their_turn(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perform, "TURN_ACTIONS", 3)
    bench.put(*({"type": "comment", "key": f"c{n}", "number": 1, "body": "B"} for n in range(5)))
    bench.store.client.delete("rq:queue:actions")
    perform.perform_with(bench, LANE)
    assert len(bench.take()) == 2
    assert bench.store.client.llen("rq:queue:actions") == 1


def test_a_run_is_handed_to_the_agents(bench: Any) -> None:
    spawn = {"type": "spawn_agent", "key": "spawn:t1:1", "sprint_id": "s", "task_id": "t1", "agent_id": "a"}
    bench.put(spawn | {"attempt": 1})
    bench.work()
    spec = bench.store.claim_run(LANE, "spawn:t1:1", "w")
    assert spec["clone_url"] == "http://forge.test/acme/shop.git"
    assert (spec["lane"], spec["repo"], spec["repo_id"]) == (LANE, "acme/shop", 7)
    bench.put({"type": "stop_agent", "key": "stop", "sprint_id": "s", "task_id": "t1", "agent_id": "a"})
    bench.work()
    assert not bench.store.run_may_go_on(LANE, "spawn:t1:1")
    [done] = bench.journalled("performed")
    assert done["result"] == {}


@pytest.mark.parametrize("verb", ["create_issue", "comment"])
def test_a_marker_that_a_stranger_wrote_is_not_taken_for_ours(bench: Any, forge: Any, verb: str) -> None:
    action = (
        make_issue("k") if verb == "create_issue" else {"type": verb, "key": "k", "number": 1, "body": "B"}
    )
    kind = "task key=k sprint=s task=t1" if verb == "create_issue" else "comment key=k"
    pasted = {
        "number": 8,
        "comment_id": 8,
        "author_id": 9,
        "html_url": "u",
        "body": f"<!-- caloron:{kind} -->",
    }
    (forge.issues if verb == "create_issue" else forge.comments).append(pasted)
    forge.faults[verb] = [Unavailable("forge.test", "read timed out")]
    bench.put(action)
    bench.work()
    bench.hasten()
    bench.work()
    assert forge.asked(verb) == 2
    [event] = bench.journalled("performed")
    assert 8 not in event["result"].values()


def test_after_a_loss_what_is_there_already_is_found(bench: Any, forge: Any) -> None:
    line = "<!-- caloron:task key=issue:t1 sprint=s task=t1 -->"
    forge.issues.append({"number": 4, "author_id": 1, "html_url": "u", "body": line})
    bench.store.set_restored(LANE, "s")
    bench.put(make_issue())
    bench.work()
    assert forge.asked("create_issue") == 0
    assert bench.journalled("performed")[0]["result"]["number"] == 4


class Killed(BaseException):
    """The process dies here."""


CRASHES = st.lists(st.sampled_from(["create_issue", "comment", "set_intent", "answer"]), max_size=5)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(crashes=CRASHES, before=st.booleans())
def test_however_often_it_is_killed_each_thing_is_done_once(
    bench: Any, forge: Any, crashes: list[str], before: bool
) -> None:
    bench.store.client.flushall()
    bench.store._known.clear()
    bench.store.note_facts(LANE, {"repo": "acme/shop", "owner_id": 3})
    forge.__init__()
    bench.put(make_issue(), {"type": "comment", "key": "c1", "number": 1, "body": "B"})
    for point in crashes:
        _until_killed(bench, forge, point, before)
        bench.store.client.delete(f"lease:perform:{LANE}")
    bench.hasten()
    bench.work()
    assert len(forge.issues) == 1 and len(forge.comments) == 1
    assert len(bench.journalled("performed")) == 2


def _until_killed(bench: Any, forge: Any, point: str, before: bool) -> None:
    """Perform until the point is reached; there it dies, before or after what it does."""
    if point in ("create_issue", "comment"):
        (forge.faults if before else forge.after)[point] = [Killed()]
    with pytest.MonkeyPatch.context() as patch:
        if point in ("set_intent", "answer"):
            real = getattr(bench.store, point)

            def dies(*given: Any) -> None:
                if not before:
                    real(*given)
                raise Killed

            patch.setattr(bench.store, point, dies)
        try:
            perform.perform_with(bench, LANE)
        except Killed:
            return
        finally:
            forge.faults.clear()
            forge.after.clear()


def test_a_comment_found_by_looking_has_the_key_of_its_delivery() -> None:
    at = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    payload = {
        "action": "created",
        "issue": {"number": 5, "title": "T"},
        "comment": {"id": 9, "body": "/plan", "user": {"login": "ann", "id": 2}} | at,
        "repository": {"id": 7, "full_name": "acme/shop"},
        "sender": {"login": "ann", "id": 2},
    }
    told = {"X-Gitea-Event": "issue_comment", "X-Gitea-Event-Type": "issue_comment", "X-Gitea-Delivery": "d"}
    delivered: Any = read_delivery(told, json.dumps(payload).encode())
    comment: Any = {"comment_id": 9, "body": "/plan"}
    assert action_handlers.keyed(comment)["key"] == delivered["key"]
