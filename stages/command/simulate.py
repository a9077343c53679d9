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
    supposed, before, after = input["played"]["supposed"], input["before"], input["after"]["forecast"]
    if event["where"]["number"] != state.get("running"):
        return no(state, event, "Say `/simulate` on the kickoff of a running sprint.")
    if supposed["fault"]:
        return no(state, event, supposed["fault"])
    if after is None:
        none = "No task was done yet, here or in the sprint before, so I cannot tell how long tasks take."
        return no(state, event, none)
    words = told(supposed["words"], before["forecast"], after)
    return {"state": state, "actions": [answer(event, words)]}


def told(change: str, before: Forecast | None, after: Forecast) -> str:
    """A table; with a change, beside it what is foreseen as it is."""
    heads = ["", *(["as it is"] if change else []), change or "as it is"]
    columns = [before, after] if change else [after]
    rows = [["ends", *map(end, columns)], ["longest chain", *map(chain, columns)],
            ["order of the ends", *map(order, columns)]]  # fmt: skip
    if any(one and one["usd"] is not None for one in columns):
        rows.append(["cost of the rest", *map(cost, columns)])
    table = [heads, ["---"] * len(heads), *rows]
    stuck = ", ".join(f"`{name}`" for name in after["stuck"][:MOST_NAMED])
    waits = f" These need a person, and count as if they went on now: {stuck}." if stuck else ""
    count = "one task" if after["measured"] == 1 else f"{after['measured']:.0f} tasks"
    return "\n".join(
        [
            *(f"| {' | '.join(row)} |" for row in table),
            "",
            f"By how long {count} took. Nothing was changed.{waits}",
        ]
    )


def end(forecast: Forecast | None) -> str:
    if forecast is None:
        return "now"
    most, low, high = (length(forecast[name]) for name in ("minutes", "low", "high"))
    return f"in about {most} ({low} to {high})"


def length(minutes: float) -> str:
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


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
