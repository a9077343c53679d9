"""Look at each pull request on whose head a check reported before we knew that head."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, State

NAME = "recall_status"


class Input(TypedDict):
    state: State


class Output(TypedDict):
    state: State
    actions: list[Action]


def execute(input: Input) -> Output:
    state = input["state"]
    early = state.get("early") or []
    heads = early_heads(state, early) if early else {}
    if not heads:
        return {"state": state, "actions": []}
    left = [sha for sha in early if sha not in heads.values()]
    looks = [look_at_pull(state, number) for number in sorted(heads)]
    return {"state": {**state, "early": left}, "actions": looks}


def early_heads(state: State, early: list[str]) -> dict[int, str]:
    """Pull request → its head, of which a status told before it was known."""
    tasks = state["tasks"].values()
    return {
        number: head
        for task in tasks
        if (number := task.get("pr_number")) and (head := task.get("head_sha")) and head in early
    }


def look_at_pull(state: State, number: int) -> Action:
    known = state["pulls"][str(number)]["reviews"] if str(number) in state["pulls"] else {}
    return {
        "type": "look",
        "what": "pull",
        "number": number,
        "key": f"look:pull:{number}",
        "known_reviews": sorted(int(name) for name in known),
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
