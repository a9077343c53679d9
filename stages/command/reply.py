"""Give every answer of a turn its form: a reaction, and a line where there is something to say; log it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, Comment, Event, Kickoff, LoggedCommand, Policy, State

NAME = "command_reply"


class Input(TypedDict):
    state: State
    events: list[Event]
    actions: list[Action]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    events: list[Event]
    actions: list[Action]
    now: str
    policy: Policy


REST = (
    "I answer only the first few commands of a text one by one. I handled the others too; to see the answer "
    "to one of them, say it in a comment of its own."
)


def execute(input: Input) -> Output:
    return {
        "state": logged_all(input["state"], input["actions"], input["now"]),
        "events": input["events"],
        "actions": [made for action in input["actions"] for made in spelled_out(action)],
        "now": input["now"],
        "policy": input["policy"],
    }


MOST_LOGGED = 30
ENDED = ("Done", "Failed", "Cancelled")


def logged_all(state: State, actions: list[Action], now: str) -> State:
    for action in actions:
        state = logged(state, action, now)
    return state


def logged(state: State, action: Action, now: str) -> State:
    """Remember on the kickoff who steered it, for its board to show."""
    if action["type"] != "answer" or "line" not in action["where"]:
        return state
    kickoff = kickoff_of(state, action["where"]["number"])
    if kickoff is None or (kickoff["status"] in ENDED and not action["good"]):
        return state  # the board of an ended sprint stays as it is
    log = [*(kickoff.get("command_log") or []), entry(action, now)][-MOST_LOGGED:]
    steered: Kickoff = {**kickoff, "command_log": log}
    return {**state, "kickoffs": {**state["kickoffs"], str(kickoff["number"]): steered}}


def entry(action: Answer, now: str) -> LoggedCommand:
    where = action["where"]
    return {"handled_at": now, "asker": where.get("asker"), "line": where["line"], "good": action["good"],
            "number": where["number"], "comment_id": where.get("comment_id")}  # fmt: skip


def kickoff_of(state: State, number: int) -> Kickoff | None:
    """The one that the thread is of: itself, or the running one's task."""
    own = {task.get(field) for task in state["tasks"].values() for field in ("issue_number", "pr_number")}
    kickoff = state.get("running") if number in own else number
    return state["kickoffs"].get(str(kickoff))


def spelled_out(action: Action) -> list[Action]:
    """A yes needs no words, unless there are some or nothing can carry a reaction: a review, a label.

    What stands behind the commands of a text that are answered in words gets one line, all of it together.
    """
    if action["type"] != "answer":
        return [action]
    reaction = reactions(action)
    if behind := action["where"].get("behind"):
        return [*reaction, line({**action, "words": REST})] if behind == 1 else reaction
    quiet = action["good"] and not action.get("aloud") and reaction
    return reaction if quiet else [*reaction, line(action)]


def reactions(action: Answer) -> list[Action]:
    """On the comment, or on the issue whose own text asked."""
    where, content = action["where"], "rocket" if action["good"] else "confused"
    if number := where.get("comment_id"):
        key = f"react:{number}:{content}"
        return [{"type": "react", "comment_id": number, "content": content, "key": key}]
    if where.get("own_text"):
        key = f"react:issue:{where['number']}:{content}"
        return [{"type": "react", "number": where["number"], "content": content, "key": key}]
    return []


def line(action: Answer) -> Comment:
    key, number = f"answer:{action['key']}", action["where"]["number"]
    return {
        "type": "comment",
        "number": number,
        "body": action["words"],
        "key": key,
        "mark": {"kind": "answer"},
        "answers": action["where"],
    }


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
