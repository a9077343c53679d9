"""Gather what is answered to one person beyond ten comments a minute into one comment."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answered, Comment, Event, Gathered, GatheredWords, Policy, State, Where

NAME = "gather_answers"
AT_ONCE = 10
"""So many answers to one person within a minute are comments of their own."""
MINUTE = datetime.timedelta(minutes=1)
LONGEST = 50_000
"""Signs of one gathered comment; what is longer goes on in the next one."""
HEAD = (
    f"You asked for more than {AT_ONCE} answers within a minute. I handled all that you asked for as usual; "
    "only the answers stand together here."
)
BETWEEN = "\n\n---\n\n"


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


def execute(input: Input) -> Output:
    state, now = input["state"], input["now"]
    answered = of_late(state.get("answered") or {}, now)
    actions: list[Action] = []
    for action in input["actions"]:
        made: Action = action
        if action["type"] == "comment" and "answers" in action:
            who = action["answers"].get("asker") or ""
            answered[who], made = limited(answered.get(who) or {"at": []}, action, state, now)
        actions.append(made)
    if answered != (state.get("answered") or {}):
        state = {**state, "answered": answered}
    return {
        "state": state,
        "events": input["events"],
        "actions": actions,
        "now": now,
        "policy": input["policy"],
    }


def of_late(answered: dict[str, Answered], now: str) -> dict[str, Answered]:
    """What still matters: comments of the last minute, and what is gathered and not yet written."""
    found = {who: recent(one, now) for who, one in answered.items()}
    return {who: one for who, one in found.items() if one["at"] or "gathered" in one}


def recent(one: Answered, now: str) -> Answered:
    gathered = one.get("gathered")
    if gathered and moment_of(gathered["due"]) > moment_of(now):
        return one
    at = [*one["at"], gathered["due"]] if gathered else one["at"]
    return {"at": [text for text in at if moment_of(text) + MINUTE > moment_of(now)]}


def limited(one: Answered, action: Comment, state: State, now: str) -> tuple[Answered, Comment]:
    """The comment as it is while there are few; else what is gathered, which replaces what waits of it."""
    gathered = one.get("gathered")
    if gathered is None and len(one["at"]) < AT_ONCE:
        return {"at": [*one["at"], now]}, action
    words = with_answer(gathered["words"] if gathered else [], action, state)
    if gathered is None or len(text_of(words)) > LONGEST:
        due = gathered["due"] if gathered else in_a_minute(now)
        words = with_answer([], action, state)
        gathered = {"key": f"gathered:{action['key']}", "number": action["number"], "due": due, "words": []}
    gathered = {**gathered, "words": words}
    return {"at": one["at"], "gathered": gathered}, comment_of(gathered, now)


def with_answer(known: list[GatheredWords], action: Comment, state: State) -> list[GatheredWords]:
    """The same words are said once, with every place that they answer."""
    words, place = action["body"], place_of(action["answers"], state)
    if any(one["words"] == words for one in known):
        return [{**one, "places": [*one["places"], place]} if one["words"] == words else one for one in known]
    return [*known, {"words": words, "places": [place]}]


def place_of(where: Where, state: State) -> str:
    """Where it was asked: the comment, where there is one and its address is known."""
    number, comment = where["number"], where.get("comment_id")
    repo = state.get("repo")
    url = repo.get("html_url") if repo else None
    return f"[#{number}]({url}/issues/{number}#issuecomment-{comment})" if url and comment else f"#{number}"


def text_of(words: list[GatheredWords]) -> str:
    return BETWEEN.join([HEAD, *(f"{', '.join(one['places'])}:\n\n{one['words']}" for one in words)])


def comment_of(gathered: Gathered, now: str) -> Comment:
    wait = (moment_of(gathered["due"]) - moment_of(now)).total_seconds()
    return {"type": "comment", "number": gathered["number"], "body": text_of(gathered["words"]),
            "key": gathered["key"], "mark": {"kind": "answer"}, "grows": True, "due_in_s": wait}  # fmt: skip


def in_a_minute(now: str) -> str:
    return (moment_of(now) + MINUTE).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime.datetime:
    """A time as text, taken for UTC where it names no zone."""
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else datetime.datetime.fromisoformat(text + "+00:00")


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
