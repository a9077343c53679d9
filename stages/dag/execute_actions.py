"""Perform what a tick decided, on the forge and through the shell, and report on every action."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NotRequired, TypedDict

from shell.errors import Refused, Unavailable
from shell.forge_at import ask_shell, comment_once, create_issue_once, forge_at

if TYPE_CHECKING:
    from stages.world import Json

NAME = "execute_actions"
EFFECTS = ["Fallible", "Network"]

STATE_LABELS = (
    "caloron:assigned",
    "caloron:in-progress",
    "caloron:changes-requested",
    "caloron:stalled",
    "caloron:review-pending",
    "caloron:merge-ready",
    "caloron:blocked",
    "caloron:escalated",
    "caloron:done",
    "caloron:sprint-cancelled",
)
LOOKS = {"color": "0366d6", "description": "Managed by Caloron"}


class Action(TypedDict, total=False):
    """A decision of `dag_evaluate`, a step of the supervisor, or an action that a caller writes himself.

    What an action lacks is told in `errors`, and the others are performed.
    """

    type: str
    action: str
    task_id: str
    agent_id: str
    reason: str | None
    message: str
    number: int
    issue_number: int
    pr_number: int
    head_sha: str | None
    style: str
    attempt: int
    key: str | None
    title: str
    body: str
    labels: list[str]


class TaskInWork(TypedDict, total=False):
    """What is read of a task."""

    title: str
    status: str
    agent_id: str | None
    issue_number: int | None
    pr_number: int | None
    attempt: int
    round: int
    started_at: str | None
    last_activity_at: str | None


class Tasks(TypedDict, total=False):
    tasks: dict[str, TaskInWork] | None


class Answer(TypedDict, total=False):
    """What the forge or the shell answered to an action, or why it was not performed."""

    issue_number: int
    url: str
    comment_id: int
    labels: list[str]
    merge_sha: str | None
    pid: Json  # as the shell's answer has it
    error: str


class Result(Answer):
    """What came of an action."""

    action: Action
    ok: bool


class Input(TypedDict):
    repo: str
    dag_actions: NotRequired[list[Action] | None]
    supervisor_actions: NotRequired[list[Action] | None]
    sprint_id: NotRequired[str | None]
    state: NotRequired[Tasks | None]
    token_env: NotRequired[str | None]
    shell_url: NotRequired[str | None]
    host: NotRequired[str | None]


class Output(TypedDict):
    actions_taken: list[str]
    errors: list[str]
    results: list[Result]


Performed = tuple[str, Answer]
"""The line for `actions_taken`, and the answer."""


class Target:
    """What an action needs: the forge, the shell, the sprint and its tasks."""

    def __init__(self, given: Input) -> None:
        self.forge = forge_at(given.get("host"), given.get("token_env"))
        self.repo = given["repo"]
        self.shell_url = given.get("shell_url")
        self.sprint_id = given.get("sprint_id") or ""
        self.tasks: dict[str, TaskInWork] = (given.get("state") or {}).get("tasks") or {}

    def ask_shell(self, path: str, body: dict[str, str]) -> dict[str, Json]:
        return ask_shell(self.shell_url, path, body)

    def say(self, number: int, body: str, kind: str, key: str) -> Answer:
        comment = comment_once(self.forge, self.repo, number, body, kind, key)
        return {"comment_id": comment["comment_id"]}

    def label(self, number: int, wanted: str) -> list[str]:
        """One state label at a time."""
        self.forge.make_labels(self.repo, [{"name": wanted, **LOOKS}])
        others = [name for name in STATE_LABELS if name != wanted]
        labels: list[str] = self.forge.set_labels(self.repo, number, [wanted], others)
        return labels

    def task_of(self, action: Action) -> tuple[str, TaskInWork]:
        """The task of an action: the one it names, else the one its agent works on."""
        if action.get("task_id"):
            return str(action["task_id"]), self.tasks.get(action["task_id"]) or {}
        own = [
            (name, task) for name, task in self.tasks.items() if task.get("agent_id") == action["agent_id"]
        ]
        working = [(name, task) for name, task in own if task.get("status") == "InProgress"]
        return (working or own or [("", {})])[0]

    def thread_of(self, action: Action) -> int:
        """Where to comment on an action: on its issue or pull request, else on its task's."""
        task_id, task = self.task_of(action)
        for place in (action, task):
            if number := place.get("issue_number") or place.get("pr_number"):
                return int(number)
        who = f"task '{task_id}'" if task_id else f"the agent '{action.get('agent_id')}'"
        raise ValueError(f"{who} has no issue or pull request to comment on")


def execute(input: Input) -> Output:
    target = Target(input)
    taken: list[str] = []
    errors: list[str] = []
    results: list[Result] = []
    asked = [
        *(input.get("dag_actions") or []),
        *map(supervisor_action, input.get("supervisor_actions") or []),
    ]
    for action in asked:
        try:
            line, answer = perform(target, action)
        except (Unavailable, Refused, ValueError, KeyError) as fault:
            message = described(fault)
            errors.append(f"{name_of(action)}: {message}")
            results.append({"action": action, "ok": False, "error": message})
        else:
            taken.append(line)
            results.append({"action": action, "ok": True, **answer})
    return {"actions_taken": taken, "errors": errors, "results": results}


def supervisor_action(action: Action) -> Action:
    return {"type": "intervene", **action}


def name_of(action: Action) -> str:
    kind = action.get("action") or action.get("type") or "an action without a type"
    return f"{kind}:{action.get('task_id') or action.get('agent_id') or '?'}"


def described(fault: Exception) -> str:
    return f"the action has no {fault}" if isinstance(fault, KeyError) else str(fault)


def perform(target: Target, action: Action) -> Performed:
    handler = HANDLERS.get(str(action.get("type")))
    if handler is None:
        raise ValueError(f"unknown action type '{action.get('type')}'")
    return handler(target, action)


# -- the task's life -----------------------------------------------------------------------------------------


def create_issue(target: Target, action: Action) -> Performed:
    task_id = action["task_id"]
    title, what = as_title(action.get("title") or task_id), as_text(action.get("title") or task_id)
    body = action.get("body") or f"{what}\n\n**Sprint:** {target.sprint_id}\n**Task ID:** {task_id}"
    labels = action.get("labels") or ["caloron:task"]
    target.forge.make_labels(target.repo, [{"name": name, **LOOKS} for name in labels])
    key, of = f"task:{target.sprint_id}:{task_id}", {"sprint": target.sprint_id, "task": task_id}
    issue = create_issue_once(target.forge, target.repo, title, body, labels, "task", key, **of)
    return f"issue:#{issue['number']}", {"issue_number": issue["number"], "url": issue["html_url"]}


def spawn_agent(target: Target, action: Action) -> Performed:
    """The agent first: if it cannot start, nothing is announced."""
    agent, answer = action["agent_id"], spawn(target, action)
    if number := action.get("issue_number"):
        target.label(number, "caloron:assigned")
        key = f"spawn:{target.sprint_id}:{action['task_id']}:{action.get('attempt', 1)}"
        target.say(number, f"`@caloron-agent-{agent}` is now assigned to this task.", "spawn", key)
    return f"spawn:{agent} (pid={answer.get('pid')})", {"pid": answer.get("pid")}


def spawn(target: Target, action: Action) -> dict[str, Json]:
    task_id, _ = target.task_of(action)
    body = {
        "sprint_id": target.sprint_id,
        "task_id": task_id,
        "agent_id": action["agent_id"],
        "repo": target.repo,
    }
    return target.ask_shell("/spawn", body)


def submit_pr_for_review(target: Target, action: Action) -> Performed:
    number = action["pr_number"]
    return f"review:PR#{number}", {"labels": target.label(number, "caloron:review-pending")}


def merge_pr(target: Target, action: Action) -> Performed:
    number = action["pr_number"]
    pull = target.forge.pull(target.repo, number)
    if pull["merged"]:
        return f"merge:PR#{number}", {"merge_sha": pull["merge_sha"]}
    style = action.get("style") or target.forge.repository(target.repo)["default_merge_style"]
    head_sha = action.get("head_sha") or pull["head"]["sha"]
    answer = target.forge.merge(target.repo, number, head_sha, style, True)
    return f"merge:PR#{number}", {"merge_sha": answer["merge_sha"]}


def mark_done(target: Target, action: Action) -> Performed:
    number = action.get("issue_number")
    if not number:
        raise ValueError("the task has no issue to close")
    labels = target.label(number, "caloron:done")
    target.forge.edit_issue(target.repo, number, state="closed")
    return f"done:#{number}", {"labels": labels}


def notify_agent(target: Target, action: Action) -> Performed:
    agent, number = action["agent_id"], target.thread_of(action)
    task_id, task = target.task_of(action)
    key = f"notify:{target.sprint_id}:{task_id}:{task.get('round', 1)}:{action.get('pr_number') or ''}"
    return f"notify:{agent}", target.say(
        number, f"`@caloron-agent-{agent}` {as_text(action['message'])}", "notify", key
    )


# -- the ladder ----------------------------------------------------------------------------------------------


def intervene(target: Target, action: Action) -> Performed:
    """One step of the supervisor: probe, restart, or ask a person."""
    steps = {"probe": probe, "restart": restart, "escalate_human": escalate_human}
    step = steps.get(action["action"])
    if step is None:
        raise ValueError(f"unknown intervention '{action['action']}'")
    return step(target, action)


def probe(target: Target, action: Action) -> Performed:
    agent, reason = action["agent_id"], action.get("reason") or "no sign of life"
    number = target.thread_of(action)
    asks = f"`@caloron-agent-{agent}`, are you still there? ({as_text(reason)})"
    text = f"{asks} Please reply here with your status."
    answer = target.say(number, text, "probe", step_key(target, "probe", action))
    target.label(number, "caloron:stalled")
    return f"probe:{agent} ({reason})", answer


def restart(target: Target, action: Action) -> Performed:
    agent = action["agent_id"]
    try:
        target.ask_shell("/stop", {"agent_id": agent})
    except Refused as refusal:
        if refusal.status != 404:  # one that is gone already needs no stop
            raise
    answer = spawn(target, action)
    return f"restart:{agent}", {"pid": answer.get("pid")}


def escalate_human(target: Target, action: Action) -> Performed:
    """Open at most one escalation issue per step, and label the task's own issue."""
    agent, reason = action["agent_id"], action.get("reason") or "no reason given"
    task_id, task = target.task_of(action)
    title = f"Escalation: {agent} — {as_title(reason)}"
    what, why = as_text(task.get("title") or task_id), as_text(reason)
    body = (
        f"## Human intervention required\n\n**Agent:** `{agent}`\n**Task:** {what}\n"
        f"**Why:** {why}\n\nComment `resolved` when the cause is gone, or `caloron:take-over` to finish "
        "the task yourself."
    )
    target.forge.make_labels(target.repo, [{"name": "caloron:escalated", **LOOKS}])
    key = step_key(target, "escalation", action)
    of = {"sprint": target.sprint_id}
    issue = create_issue_once(
        target.forge, target.repo, title, body, ["caloron:escalated"], "escalation", key, **of
    )
    if number := task.get("issue_number"):
        target.label(number, "caloron:escalated")
    return f"escalate:{agent}", {"issue_number": issue["number"], "url": issue["html_url"]}


def step_key(target: Target, step: str, action: Action) -> str:
    """The same until the task gets a new attempt or shows a new sign of life."""
    task_id, task = target.task_of(action)
    since = task.get("last_activity_at") or task.get("started_at") or ""
    return f"{step}:{target.sprint_id}:{task_id or action['agent_id']}:{task.get('attempt', 0)}:{since}"


# -- plain writes --------------------------------------------------------------------------------------------


def comment(target: Target, action: Action) -> Performed:
    number = action.get("number") or target.thread_of(action)
    key = action.get("key")
    if key:
        return f"comment:#{number}", target.say(number, action["body"], "comment", key)
    written = target.forge.comment(target.repo, number, action["body"])
    return f"comment:#{number}", {"comment_id": written["comment_id"]}


def close_issue(target: Target, action: Action) -> Performed:
    number = action.get("number") or action["issue_number"]
    target.forge.edit_issue(target.repo, number, state="closed")
    return f"close:#{number}", {}


def reopen_issue(target: Target, action: Action) -> Performed:
    number = action.get("number") or action["issue_number"]
    target.forge.edit_issue(target.repo, number, state="open")
    return f"reopen:#{number}", {}


def stop_agent(target: Target, action: Action) -> Performed:
    target.ask_shell("/stop", {"agent_id": action["agent_id"]})
    return f"stop:{action['agent_id']}", {}


HANDLERS: dict[str, Callable[[Target, Action], Performed]] = {
    "create_issue": create_issue,
    "spawn_agent": spawn_agent,
    "submit_pr_for_review": submit_pr_for_review,
    "merge_pr": merge_pr,
    "mark_done": mark_done,
    "notify_agent": notify_agent,
    "escalate": intervene,
    "intervene": intervene,
    "comment": comment,
    "close_issue": close_issue,
    "reopen_issue": reopen_issue,
    "stop_agent": stop_agent,
}


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
