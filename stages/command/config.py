"""`/config`: each setting as it is in effect and where it comes from; what a pull request would change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, Answer, Budget, Command, Comment, Config, ConfigProblem, ConfigProposed, Kickoff,
        OrganisationConfig, Policy, SetStatus, State,
    )  # fmt: skip

NAME = "command_config"


class Input(TypedDict):
    state: State
    events: list[Command | ConfigProposed]
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
CONTEXT = f"caloron/{FILE}"
"""The commit status of a pull request that changes the file; no command of `verify` can have this name."""
JOINED = ("models", "mcp", "command_minimum", "protected_paths")
"""What the organisation sets of these counts beside what the repository sets."""
AGAIN = "I look at each new head again, and change this comment."


def execute(input: Input) -> Output:
    event = input["events"][0]
    if event["type"] == "config_proposed":
        return propose(input["state"], input["policy"], event)
    return tell(input["state"], input["policy"], event)


# what a pull request would change


def propose(state: State, policy: Policy, event: ConfigProposed) -> Output:
    """A status of its head; and one comment, where there is something to say, which each head changes."""
    number, changes = str(event["pr_number"]), changed(state, policy, event)
    proposals = state.get("proposals", {})
    known = proposals.get(number)
    if known is None:
        return {"state": state, "actions": []}
    actions: list[Action] = [status(state, event, changes)]
    if event["problems"] or changes or known.get("commented"):
        body = "\n".join(described(state, event, changes))
        comment: Comment = {"type": "comment", "number": event["pr_number"], "body": body, "grows": True,
                            "key": f"config:pull:{number}", "mark": {"kind": "config"}}  # fmt: skip
        actions.append(comment)
        state = {**state, "proposals": {**proposals, number: {**known, "commented": True}}}
    return {"state": state, "actions": actions}


def status(state: State, event: ConfigProposed, changes: dict[str, str]) -> SetStatus:
    problems, sha = event["problems"], event["head_sha"]
    if problems:
        words = f"It has {counted(len(problems), 'mistake')}, the first on line {problems[0]['line']}"
    elif not event["touched"]:
        words = "The file is as it is in the base"
    else:
        words = f"It changes {counted(len(changes), 'setting') if changes else 'no setting'}"
    page = here(state, sha, problems[0]["line"] if problems else 1) if event["touched"] else ""
    return {"type": "set_status", "sha": sha, "context": CONTEXT, "description": words, "link": page,
            "status": "failure" if problems else "success", "key": f"status:{CONTEXT}:{sha}"}  # fmt: skip


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def described(state: State, event: ConfigProposed, changes: dict[str, str]) -> list[str]:
    sha = event["head_sha"]
    if not event["touched"]:
        return [f"This pull request does not change `{FILE}` any more."]
    if event["problems"]:
        wrong = [f"- {place(state, sha, one)}: {one['message']}" for one in event["problems"]]
        head = f"I cannot use `{FILE}` as it is at `{sha[:10]}`:"
        return [
            head,
            "",
            *wrong,
            "",
            f"Merged like this it would not count: what is in effect now would stay so. {AGAIN}",
        ]
    if not changes:
        return [f"`{FILE}` as it is at `{sha[:10]}` changes no setting that is in effect. {AGAIN}"]
    rows = [f"- {named_on(state, event, key)}: {words}" for key, words in changes.items()]
    head = f"Merged as it is at `{sha[:10]}`, `{FILE}` changes these settings:"
    return [head, "", *rows, "", f"Until then nothing of it is in effect. {AGAIN}"]


def place(state: State, sha: str, problem: ConfigProblem) -> str:
    words = f"line {problem['line']}, column {problem['column']}"
    page = here(state, sha, problem["line"])
    return f"[{words}]({page})" if page else words


def named_on(state: State, event: ConfigProposed, key: str) -> str:
    """The key, with a link to its line; one that the file does not set any more has none."""
    line = event.get("lines", {}).get(key)
    page = here(state, event["head_sha"], line) if line else ""
    return f"[`{key}`]({page})" if page else f"`{key}`"


def changed(state: State, policy: Policy, event: ConfigProposed) -> dict[str, str]:
    """Each key whose effective value would be another one, with both."""
    if "settings" not in event:
        return {}
    after: Policy = {**policy, **event["settings"]}
    differing = [(key, sets) for key, sets in KEYS.items() if differs(policy, after, sets)]
    return {key: both(state, policy, after, sets) for key, sets in differing}


def differs(policy: Policy, after: Policy, sets: str) -> bool:
    other = sets == "framework" and policy["acp"] != after["acp"]
    return other or in_effect(policy, sets) != in_effect(after, sets)


def both(state: State, policy: Policy, after: Policy, sets: str) -> str:
    if sets == "protected_paths":
        before, then = policy["protected_paths"], after["protected_paths"]
        more, less = (
            [one for one in paths if one not in others] for paths, others in ((then, before), (before, then))
        )
        words = [f"{what} {named(paths)}" for what, paths in (("adds", more), ("drops", less)) if paths]
        return "; ".join(words) or "in another order"
    now, later = value(state, policy, sets), value(state, after, sets)
    return f"{now} → {later}" if now != later else f"{now}, in its details"


# what is in effect


def tell(state: State, policy: Policy, event: Command) -> Output:
    rows = [row(state, policy, key, sets) for key, sets in KEYS.items()]
    repo = state.get("repo")
    branch = repo.get("default_branch") if repo else None
    change = f"To change one, edit `{FILE}` on {as_code(branch)}." if branch else ""
    words = "\n\n".join(part for part in (head(state), "\n".join(rows), change) if part)
    answer: Answer = {"type": "answer", "key": event["key"], "where": event["where"], "words": words,
                      "good": True, "aloud": True}  # fmt: skip
    return {"state": state, "actions": [answer]}


def head(state: State) -> str:
    config, theirs = state.get("config"), state.get("organisation")
    if config is None:
        return f"I have not read `{FILE}` yet. Until then these settings are in effect:"
    wrong = [mistaken(f"`{FILE}`", config["commit"], config["valid"])] if config.get("problems") else []
    if theirs and (problems := theirs.get("problems")):
        name = f"`{FILE}` of {as_code(theirs['held_in'])}"
        first = f"The first one is on line {problems[0]['line']}: {problems[0]['message']}."
        wrong += [mistaken(name, theirs["commit"], theirs["valid"]), first]
    return " ".join([*wrong, "These settings are in effect:"])


def mistaken(name: str, commit: str, valid: str | None) -> str:
    force = f"that of `{valid[:10]}` stays in force" if valid else "nothing of it counts"
    return f"{name} as of `{commit[:10]}` has mistakes, so {force}."


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
    """The line of the file, or of the organisation's; else the operator's setting, or the default."""
    config, theirs = state.get("config"), state.get("organisation")
    operator = policy.get("origins", {}).get(sets)
    ours = f"the operator's `{operator}`" if operator else "default"
    own: Mapping[str, object] = config["values"] if config else {}
    below: Mapping[str, object] = theirs["defaults"] if theirs else {}
    places = [line_of(state, config, key)] if config and sets in own else []
    if theirs and sets in below and (not places or sets in JOINED):
        places.append(line_of_organisation(state, theirs, key))
    if not places:
        return ours
    given = own.get(sets, below.get(sets))
    if sets in JOINED or given == in_effect(policy, sets):
        return " and ".join(places)
    return f"{ours}; {places[0]} may only shorten it"


def in_effect(policy: Policy, sets: str) -> object:
    return cast("Mapping[str, object]", policy)[sets]


def line_of(state: State, config: Config, key: str) -> str:
    page, line = state["repo"].get("html_url"), config.get("lines", {}).get(key)
    return linked(state, f"`{FILE}`", page, config["valid"], line)


def line_of_organisation(state: State, theirs: OrganisationConfig, key: str) -> str:
    page, line = theirs.get("html_url"), theirs.get("lines", {}).get(key)
    return linked(state, f"`{FILE}` of {as_code(theirs['held_in'])}", page, theirs["valid"], line)


def linked(state: State, name: str, page: str | None, commit: str | None, line: int | None) -> str:
    if line is None:
        return name
    words = f"line {line} of {name}"
    return f"[{words}]({address(state, page, commit, line)})" if page and commit else words


def address(state: State, page: str | None, commit: str, line: int) -> str:
    """Where people see that line of the file."""
    tree = "blob" if state["repo"]["forge"] == "github" else "src/commit"
    return f"{page}/{tree}/{commit}/{FILE}#L{line}" if page else ""


def here(state: State, commit: str, line: int) -> str:
    return address(state, state["repo"].get("html_url"), commit, line)


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
    config, theirs = state.get("config"), state.get("organisation")
    own = config["values"].get("protected_paths", []) if config else []
    each = [theirs["defaults"].get("protected_paths", []) if theirs else [], own]
    more = list(dict.fromkeys(path for paths in each for path in paths))
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
