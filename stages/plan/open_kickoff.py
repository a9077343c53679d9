"""Make an issue a kickoff: remember what was asked for, and fetch the issue before planning."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action,
        Answer,
        Budget,
        Command,
        Kickoff,
        Options,
        Policy,
        Repository,
        State,
        Where,
    )

NAME = "open_kickoff"


class Input(TypedDict):
    state: State
    events: list[Command]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


PLANNABLE = ("Proposed", "Planning", "AwaitingApproval", "Cancelled", "Failed")
ANOTHER = "To run another one, open a new issue with its goal."
OPTIONS = ("pipeline", "auto", "agents")
TOKENS = re.compile(r"([0-9]+)(k|m|)(?:tokens)?")
DOLLARS = re.compile(r"\$([0-9]+(?:\.[0-9]{1,2})?)|([0-9]+(?:\.[0-9]{1,2})?)(?:usd|\$)")
TIMES = {"": 1, "k": 1_000, "m": 1_000_000}
MICRO = 1_000_000
UNREAD = "I do not know what that amount is: write dollars, such as `--budget $5`, or tokens, such as `500k`."
KEPT = (
    "title",
    "author",
    "author_id",
    "goal",
    "brief",
    "plan",
    "plan_hash",
    "changes",
    "rejections",
    "auto_by",
)


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    number = event["where"]["number"]
    known = state["kickoffs"].get(str(number))
    if words := over_or_under_way(known, f"issue:{number}:board" in state["shown"]):
        return no(state, event, words)
    if event["where"].get("is_pull"):
        words = "A sprint starts from an issue, not from a pull request. Open an issue with the goal."
        return no(state, event, words)
    if state["repo"].get("empty"):
        words = "This repository is empty: push a first commit, then say `/plan` again."
        return no(state, event, words)
    limit = input["policy"].get("budget_sprint")
    budget = budget_asked(event, limit)
    if words := too_much(event, budget, limit):
        return no(state, event, words)
    kickoff: Kickoff = {**kept_of(known), **fresh(event, state, input["now"], budget)}
    look: Action = {"type": "look", "what": "issue", "number": number, "key": f"look:issue:{number}"}
    state = {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}
    looks = [look, *look_at_config(state)]
    return {"state": state, "actions": [*looks, quiet(event)]}


def over_or_under_way(known: Kickoff | None, has_board: bool) -> str:
    """Why the issue is not planned again; empty if it is. The board of a sprint that is over stays."""
    if known is None:
        return f"This sprint has ended. {ANOTHER}" if has_board else ""
    if known["status"] == "Done" or (known.get("started_at") and known["status"] in PLANNABLE):
        return f"This sprint has ended ({known['status']}). {ANOTHER}"
    return "" if known["status"] in PLANNABLE else f"This sprint is already {known['status']}."


def look_at_config(state: State) -> list[Action]:
    """The repository's own settings, where its branch has another commit than the one they were read at."""
    repo, config = state.get("repo"), state.get("config")
    if not repo or not repo.get("default_branch"):
        return []
    known = config["commit"] if config else None
    return [
        {
            "type": "look",
            "what": "config",
            "branch": repo["default_branch"],
            "known": known,
            "key": "look:config",
        }
    ]


def kept_of(known: Kickoff | None) -> Kickoff:
    """What a kickoff that is planned again keeps until the new plan is there."""
    kept = {name: value for name, value in (known or {}).items() if name in KEPT}
    return cast("Kickoff", kept)


def budget_asked(event: Command, limit: Budget | None) -> Budget | None:
    """What `--budget` says; a bare number is of the unit that the repository's budget has."""
    word = str(event["args"]["flags"].get("budget") or "").lower()
    if limit and limit["unit"] == "usd" and re.fullmatch(r"[0-9.]+", word):
        word = f"${word}"
    if found := DOLLARS.fullmatch(word):
        return {"amount": round(float(found[1] or found[2]) * MICRO), "unit": "usd"}
    found = TOKENS.fullmatch(word)
    if not found or (word.isdecimal() and limit is None):
        return None
    return {"amount": int(found[1]) * TIMES[found[2]], "unit": "tokens"}


def too_much(event: Command, budget: Budget | None, limit: Budget | None) -> str:
    """Why this budget is refused; empty if it is not. With `/plan` it may only be lower than the file's."""
    if "budget" not in event["args"]["flags"]:
        return ""
    if budget is None or budget["amount"] < 1:
        return UNREAD
    if limit is None or (budget["unit"] == limit["unit"] and budget["amount"] <= limit["amount"]):
        return ""
    most = f"${limit['amount'] / MICRO:,.2f}" if limit["unit"] == "usd" else f"{limit['amount']:,} tokens"
    return f"A sprint may use {most} at most here (`budget.sprint`); `/budget`, by a maintainer, raises that."


def fresh(event: Command, state: State, now: str, budget: Budget | None) -> Kickoff:
    number, flags = event["where"]["number"], event["args"]["flags"]
    options = cast("Options", {name: flags[name] for name in OPTIONS if name in flags})
    if budget is not None:
        options = {**options, "budget": budget}
    return {"id": sprint_id(state["repo"], number), "number": number, "status": "Planning", "asked_at": now,
            "asked_by": event["actor"], "asked_by_id": event.get("actor_id"), "options": options}  # fmt: skip


def sprint_id(repo: Repository, number: int) -> str:
    """`<name>-<4 hex of forge and repository id>-<kickoff number>`: two owners may share a name."""
    name = (
        re.sub(r"[^a-z0-9_-]+", "-", repo["full_name"].rpartition("/")[2].lower()).strip("-")[:40] or "repo"
    )
    code = hashlib.sha256(f"{repo['forge']}:{repo['repo_id']}".encode()).hexdigest()[:4]
    return f"{name}-{code}-{number}"


def answer(event: Command, words: str, good: bool = True) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good}


def quiet(event: Command) -> Answer:
    """A reaction, where a label asked on the issue: the board answers, and what it says is not said twice."""
    where: Where = {**event["where"], "own_text": True} if "label" in event["where"] else event["where"]
    return {**answer(event, "I am planning this sprint."), "where": where}


def no(state: State, event: Command, words: str) -> Output:
    return {"state": state, "actions": [answer(event, words, good=False)]}


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
