"""`/config`: each setting of the repository as it is in effect, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import Action, Answer, Budget, Command, Config, Kickoff, Policy, State

NAME = "command_config"


class Input(TypedDict):
    state: State
    events: list[Command]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


KEYS = {
    "pipeline.parallel": "parallel",
    "pipeline.milestones": "milestones",
    "pipeline.default": "pipeline",
    "agents.framework": "framework",
    "agents.model": "model",
    "agents.models": "models",
    "agents.network": "network",
    "agents.env": "env",
    "agents.setup": "setup",
    "agents.mcp": "mcp",
    "agents.time_limit": "time_limit_s",
    "agents.max_unreviewed": "max_unreviewed",
    "merge.mode": "merge",
    "merge.style": "merge_style",
    "merge.update": "merge_update",
    "merge.checks": "merge_checks",
    "merge.checks_settle": "checks_settle_s",
    "review.reviewers": "reviewers",
    "review.rounds": "review_rounds",
    "gates.plan": "plan_gate",
    "gates.next": "next_gate",
    "commands.prefix": "command_prefix",
    "commands.minimum": "command_minimum",
    "commands.bots": "command_bots",
    "commits.sign_off": "sign_off",
    "commits.trailers.assisted_by": "assisted_by",
    "commits.style": "commit_style",
    "budget.task": "budget_task",
    "budget.sprint": "budget_sprint",
    "budget.day": "budget_day",
    "supervisor.stall": "stall_threshold_m",
    "supervisor.missing": "missing_after_s",
    "supervisor.cooldown": "cooldown_m",
    "supervisor.retries": "stuck_retry_limit",
    "verify": "verify",
    "protected_paths": "protected_paths",
}
"""Every key of the file, and what it sets in the policy."""
SECONDS = {
    "time_limit_s": 1,
    "checks_settle_s": 1,
    "missing_after_s": 1,
    "stall_threshold_m": 60,
    "cooldown_m": 60,
}
"""The durations, and how many seconds their unit has."""
SAID = {"agents": "parallel", "pipeline": "pipeline"}
"""What `/plan` may say of a sprint, and what that sets in the policy."""
MICRO = 1_000_000
MOST_NAMED = 5
FILE = ".caloron.yml"


def execute(input: Input) -> Output:
    state, policy, event = input["state"], input["policy"], input["events"][0]
    rows = [row(state, policy, key, sets) for key, sets in KEYS.items()]
    repo = state.get("repo")
    branch = repo.get("default_branch") if repo else None
    change = f"To change one, edit `{FILE}` on {as_code(branch)}." if branch else ""
    words = "\n\n".join(part for part in (head(state), "\n".join(rows), change) if part)
    answer: Answer = {"type": "answer", "key": event["key"], "where": event["where"], "words": words,
                      "good": True, "aloud": True}  # fmt: skip
    return {"state": state, "actions": [answer]}


def head(state: State) -> str:
    config = state.get("config")
    if config is None:
        return f"I have not read `{FILE}` yet. Until then these settings are in effect:"
    if config.get("problems"):
        old = (
            f"that of `{config['valid'][:10]}` stays in force" if config["valid"] else "nothing of it counts"
        )
        return (
            f"`{FILE}` as of `{config['commit'][:10]}` has mistakes, so {old}. These settings are in effect:"
        )
    return "These settings are in effect:"


def row(state: State, policy: Policy, key: str, sets: str) -> str:
    kickoff = state["kickoffs"].get(str(state.get("running")))
    said = (kickoff.get("options") or {}) if kickoff else {}
    for flag, chosen in (("agents", said.get("agents")), ("pipeline", said.get("pipeline"))):
        if kickoff and chosen and sets == SAID[flag]:
            here = f"`/plan --{flag}` of the running sprint, #{kickoff['number']}"
            return f"- `{key}`: {as_code(chosen)} — {here}"
    budget = sprint_budget(kickoff, policy["budget_sprint"]) if kickoff else None
    if kickoff and sets == "budget_sprint" and budget != policy["budget_sprint"]:
        return (
            f"- `{key}`: {of_budget(budget)} — `/plan --budget` of the running sprint, #{kickoff['number']}"
        )
    return f"- `{key}`: {value(state, policy, sets)} — {source(state, policy, key, sets)}"


def sprint_budget(kickoff: Kickoff, limit: Budget | None) -> Budget | None:
    """The one that was said with `/plan`, or the file's where that is less, or in another unit."""
    own = (kickoff.get("options") or {}).get("budget")
    if own is None or limit is None:
        return own or limit
    return own if own["unit"] == limit["unit"] and own["amount"] < limit["amount"] else limit


def source(state: State, policy: Policy, key: str, sets: str) -> str:
    """The line of the file; else the operator's setting, or the default."""
    config, operator = state.get("config"), policy.get("origins", {}).get(sets)
    ours = f"the operator's `{operator}`" if operator else "default"
    given: Mapping[str, object] = config["values"] if config else {}
    if config is None or sets not in given:
        return ours
    place = line_of(state, config, key)
    if sets == "protected_paths" or given[sets] == in_effect(policy, sets):
        return place
    return f"{ours}; {place} may only shorten it"


def in_effect(policy: Policy, sets: str) -> object:
    return cast("Mapping[str, object]", policy)[sets]


def line_of(state: State, config: Config, key: str) -> str:
    line, page, commit = config.get("lines", {}).get(key), state["repo"].get("html_url"), config["valid"]
    if line is None:
        return f"`{FILE}`"
    if not page or not commit:
        return f"line {line} of `{FILE}`"
    tree = "blob" if state["repo"]["forge"] == "github" else "src/commit"
    return f"[line {line} of `{FILE}`]({page}/{tree}/{commit}/{FILE}#L{line})"


# what is in effect, in words


def value(state: State, policy: Policy, sets: str) -> str:
    match sets:
        case "merge_style" if not policy["merge_style"]:
            return "the repository's own"
        case "model" if not policy["model"]:
            return "the framework's own"
        case "models":
            return named([f"{hard}: {model}" for hard, model in policy["models"].items()])
        case "command_minimum":
            return named([f"/{name}: {right}" for name, right in policy["command_minimum"].items()])
        case "command_bots":
            return named([str(number) for number in policy["command_bots"]])
        case "framework" if policy["acp"]:
            return as_code(" ".join(policy["acp"]["command"]))
        case "protected_paths":
            return protected(state)
        case "verify":
            return named([step["name"] for step in policy["verify"]])
        case "mcp":
            return named([server["name"] for server in policy["mcp"]])
        case "budget_task":
            return of_budget(policy["budget_task"])
        case "budget_sprint":
            return of_budget(policy["budget_sprint"])
        case "budget_day":
            return of_budget(policy["budget_day"])
    found = in_effect(policy, sets)
    if isinstance(found, bool):
        return "`true`" if found else "`false`"
    if sets in SECONDS:
        return duration(float(cast("float", found)) * SECONDS[sets])
    return named(found) if isinstance(found, list) else as_code(found)


def named(items: list[str]) -> str:
    more = len(items) - MOST_NAMED
    shown = ", ".join(as_code(item, 80) for item in items[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def protected(state: State) -> str:
    config = state.get("config")
    more = config["values"].get("protected_paths") if config else None
    return f"the usual ones, and {named(more)}" if more else "the usual ones"


def of_budget(budget: Budget | None) -> str:
    if budget is None:
        return "none"
    if budget["unit"] == "tokens":
        return f"`{budget['amount']:,} tokens`"
    return f"`${budget['amount'] / MICRO:,.2f}`"


def duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"`{seconds / size:g} {unit}`"
    return f"`{seconds:g} s`"


# -- others' words: these lines are the same in every stage that repeats them --------------------------------

JOINER = "\N{WORD JOINER}"  # nobody sees it, and no forge links across it
TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
SURROGATE = re.compile("[\ud800-\udfff]")
UNSEEN = re.compile(  # the joiners of emoji, Persian and Indic texts stay: between two that are not ASCII
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
LIVE = re.compile(  # mentions, addresses, references, `[skip ci]`, `[[wiki]]`, links, hidden markers, drafts
    r"(?<=[@#\[])|(?<=!)(?=\d)|(?<=GH-|gh-|Gh-|gH-)(?=\d)|(?<=[A-Z]-)(?=\d)|(?<=:)(?=//)"
    r"|(?<=[Ww][Ww][Ww])(?=\.)|(?<=<)(?=!--)|(?<=^[Ww][Ii][Pp])(?=:)"
)
COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{7,64}(?![0-9A-Za-z])")
MARKUP = re.compile(r"([\\`*_~\[\]<>|&$])")
START = re.compile(r"^(\d*)([-+=:/.)])")  # a list, a heading's underline, a command


def as_text(text: object, longest: int = 2000) -> str:
    """Others' words as one line of Markdown, without any mention, link, markup or command in it."""
    return START.sub(r"\1\\\2", escaped(as_title(text, longest)))


def as_title(text: object, longest: int = 200) -> str:
    """Others' words where no Markdown is read: a title, and the subject of the commit that a merge makes."""
    return without_links(one_line(text, longest))


def as_code(text: object, longest: int = 200) -> str:
    """Others' words as code, which they cannot end; empty where nothing is left to show."""
    line = one_line(str(text).replace("`", "'"), longest).replace("<!--", f"<{JOINER}!--")
    return f"`{line}`" if line else ""


def escaped(line: str) -> str:
    return MARKUP.sub(r"\\\1", line)


def without_links(line: str) -> str:
    parted = COMMIT.sub(lambda found: JOINER.join(re.findall(".{1,6}", found[0])), line)
    return LIVE.sub(JOINER, parted)


def one_line(text: object, longest: int) -> str:
    """What a reader sees of it, with single blanks; an ellipsis for what is not seen, or too long."""
    shown = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", str(text)[: 9 * longest])
    line = " ".join(UNSEEN.sub("", TERMINAL.sub("", shown)).split()) or ("…" if shown.strip() else "")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


# -- end of others' words ------------------------------------------------------------------------------------


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
