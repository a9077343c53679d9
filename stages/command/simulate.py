"""`/simulate`: what a change of the running sprint would mean for its end, its order and its cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, Command, Forecast, State, Supposed

NAME = "command_simulate"


class Played(TypedDict):
    supposed: Supposed


class Foreseen(TypedDict):
    forecast: Forecast | None


class Input(TypedDict):
    state: State
    events: list[Command]
    played: Played
    before: Foreseen
    after: Foreseen


class Output(TypedDict):
    state: State
    actions: list[Action]


MOST_NAMED = 12


def execute(input: Input) -> Output:
    state, event = input["state"], input["events"][0]
    supposed = input["played"]["supposed"]
    before, after = input["before"]["forecast"], input["after"]["forecast"]
    if event["where"]["number"] != state.get("running"):
        return no(state, event, "Say `/simulate` on the kickoff of a running sprint.")
    if supposed["fault"]:
        return no(state, event, supposed["fault"])
    if before is None:
        none = "No task was done yet that tells how long the others take, or none is left to do."
        return no(state, event, none)
    return {"state": state, "actions": [answer(event, told(supposed["words"], before, after))]}


def told(change: str, before: Forecast, after: Forecast | None) -> str:
    """A table; with a change, beside it what is foreseen as it is."""
    heads, columns = (["as it is", change], [before, after]) if change else (["as it is"], [before])
    rows = [["ends", *map(end, columns)], ["longest chain", *map(chain, columns)],
            ["order of the ends", *map(order, columns)]]  # fmt: skip
    if before["usd"] is not None:
        rows.append(["cost of the rest", *map(cost, columns)])
    table = [["", *heads], ["---"] * (1 + len(heads)), *rows]
    stuck = ", ".join(named(before["stuck"]))
    waits = f" These need a person, and count as if they went on now: {stuck}." if stuck else ""
    count = "one task" if before["measured"] == 1 else f"{before['measured']:.0f} tasks"
    below = f"By how long {count} took. Nothing was changed.{waits}"
    return "\n".join([*(f"| {' | '.join(row)} |" for row in table), "", below])


def end(forecast: Forecast | None) -> str:
    return f"in {forecast['left']}" if forecast else "at once: nothing is left"


def chain(forecast: Forecast | None) -> str:
    return " → ".join(named(forecast["critical"] if forecast else [])) or "–"


def order(forecast: Forecast | None) -> str:
    return ", ".join(named(forecast["order"] if forecast else [])) or "–"


def named(names: list[str]) -> list[str]:
    more = [f"and {len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return [*(f"`{name}`" for name in names[:MOST_NAMED]), *more]


def cost(forecast: Forecast | None) -> str:
    return f"about ${forecast['usd']:,.2f}" if forecast and forecast["usd"] is not None else "–"


def answer(event: Command, words: str, good: bool = True) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good,
            "aloud": True}  # fmt: skip


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
