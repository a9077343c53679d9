"""Work out what `/add-task`, `/drop-task`, `/break-down` or `/hotfix` would make of a plan."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Command, Dag, Kickoff, Policy, Repository, State, Task

NAME = "draft_change"


class Input(TypedDict):
    state: State
    events: list[Command]
    policy: Policy


class Output(TypedDict):
    dag: Dag  # the plan as it would be
    errors: list[str]  # why there is no such plan


NO_PLAN = "There is no plan here. Say `/plan` on the issue that states the goal."
NO_SPRINT = "No sprint runs here, so this issue is no task. Say `/plan` on an issue that states a goal."
NO_TASK = "Say `/break-down` on the issue or the pull request of a task."
UNDER_WAY = ("Running", "Paused")
CHANGEABLE = ("Proposed", "AwaitingApproval", "Approved", *UNDER_WAY)
ENDED = ("Done", "Skipped", "Cancelled")
LONGEST_TITLE, LONGEST_TEXT = 140, 20_000
MOST_NAMED, MOST_PARTS = 20, 20
WITH_A_PERSON = ("Escalated", "HumanAssigned")
FENCE = re.compile(r"\s*(?:[-*+]\s+)?(`{3,}|~{3,})")
POINT = re.compile(r"(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(?:\[([ xX])\]\s+)?(\S.*)")
NOT_NOW = {
    "Planning": "I am planning this sprint. Say it again when the board shows the plan.",
    "Review": "Every task of this sprint has ended. Open a new issue for what is still to do.",
}


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    if event["name"] == "hotfix":
        return hotfix(state, event, input["policy"])
    labelled, splits = bool(event["where"].get("label")), event["name"] == "break-down"
    number = state.get("running") if labelled or splits else event["where"]["number"]
    kickoff = state["kickoffs"].get(str(number))
    if kickoff is None:
        return refused(NO_SPRINT if labelled else NO_TASK if splits else elsewhere(state, event))
    if words := objection(kickoff, event, input["policy"]) or (labelled and no_task(state, event)):
        return refused(words)
    running = kickoff["status"] in UNDER_WAY
    tasks = state["tasks"] if running else kickoff.get("plan") or {}
    changed = changed_by(tasks, kickoff, event)
    if isinstance(changed, str):
        return refused(changed)
    dag: Dag = {"sprint_id": kickoff["id"], "goal": kickoff.get("goal") or "", "tasks": changed}
    return {"dag": dag, "errors": []}


def changed_by(tasks: dict[str, Task], kickoff: Kickoff, event: Command) -> dict[str, Task] | str:
    """The tasks as they would be, or why not."""
    match event["name"]:
        case "add-task" if event["where"].get("label"):
            return adopt(tasks, kickoff, event)
        case "add-task":
            return add(tasks, kickoff, event)
        case "drop-task":
            return drop(tasks, kickoff, event)
        case "break-down":
            return break_down(tasks, kickoff, event)
        case name:
            raise ValueError(f"draft_change: `/{name}` changes no plan")


def no_task(state: State, event: Command) -> str:
    """Why the issue with the label cannot be a task; empty if it can."""
    if event["where"].get("is_pull"):
        return "A pull request cannot be a task. Set the label on an issue."
    if str(event["where"]["number"]) in state["kickoffs"]:
        return "This issue is a kickoff, so it cannot be a task. Say `/add-task` here instead."
    text = event.get("text")
    if text and not text["is_open"]:
        return "This issue is closed. Reopen it, then set the label again."
    if text and len(text["issue_body"]) > LONGEST_TEXT:
        return f"This text is longer than {LONGEST_TEXT} characters. Shorten it, then set the label again."
    return ""


def refused(words: str) -> Output:
    return {"dag": {"goal": "", "tasks": {}}, "errors": [words]}


def elsewhere(state: State, event: Command) -> str:
    """On another thread than a kickoff."""
    running, number = state.get("running"), event["where"]["number"]
    threads = [task.get(name) for task in state["tasks"].values() for name in ("issue_number", "pr_number")]
    if running is not None and number in threads:
        return f"Say `/{event['name']}` on the kickoff, #{running}."
    return NO_PLAN


def objection(kickoff: Kickoff, event: Command, policy: Policy) -> str | None:
    """Why the plan may not be changed by this; None if it may."""
    status = kickoff["status"]
    if event.get("actor_id") == policy["me"]["id"]:
        return "This is my own account; a person must change the plan from an account of their own."
    if status not in CHANGEABLE:
        over = f"This sprint is {status}. Open a new issue for what is still to do."
        return NOT_NOW.get(status, over)
    if status not in UNDER_WAY and not kickoff.get("plan"):
        return "There is no plan to change yet. Edit this issue, then say `/plan`."
    return None


def add(tasks: dict[str, Task], kickoff: Kickoff, event: Command) -> dict[str, Task] | str:
    """One task more, behind those that it names; or why not."""
    title, flags = " ".join(" ".join(event["args"]["positional"]).split()), event["args"]["flags"]
    words, scope = values(flags.get("after")), values(flags.get("scope"))
    after = [(word, named_task(tasks, word)) for word in words]
    if unknown := [word for word, name in after if name is None]:
        return f"The plan has no task {as_code(unknown[0], 60)}. {those_of(tasks)}"
    before = list(dict.fromkeys(name for _, name in after if name is not None))
    if never := [name for name in before if tasks[name]["status"] in ("Skipped", "Cancelled")]:
        status = tasks[never[0]]["status"]
        return f"`{never[0]}` is {status}, so nothing can come after it. Name another task."
    task = new_task(free_id(tasks, kickoff), title, before, scope, tasks)
    return {**tasks, task["id"]: task}


def adopt(tasks: dict[str, Task], kickoff: Kickoff, event: Command) -> dict[str, Task]:
    """An issue becomes a task, and its words are what an agent is told. Unread, it changes nothing."""
    text = event.get("text")
    if text is None:
        return tasks
    title = " ".join(text["issue_title"].split())
    task = new_task(free_id(tasks, kickoff), title, [], [], tasks)
    task = told(task, [as_page(text["issue_body"]).strip()])
    task = {**task, "issue_number": event["where"]["number"], "issue_asked": True}
    return {**tasks, task["id"]: task}


def told(task: Task, more: list[str]) -> Task:
    """With what else is said of it."""
    said = [words for words in (task.get("description") or "", *more) if words]
    return {**task, "description": "\n\n".join(said)} if said else task


def new_task(name: str, title: str, before: list[str], scope: list[str], tasks: dict[str, Task]) -> Task:
    last = max((task.get("position") or 0 for task in tasks.values()), default=0)
    short = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"
    task: Task = {
        "id": name,
        "title": short,
        "status": "Pending",
        "depends_on": before,
        "agent_id": name,
        "reviewer_id": "reviewer-1",
        "issue_number": None,
        "pr_number": None,
        "started_at": None,
        "completed_at": None,
        "attempt": 0,
        "round": 1,
        "intervention_count": 0,
        "scope": scope,
        "acceptance": [],
        "position": max(last, len(tasks)) + 1,
    }
    if short != title:
        task["description"] = title
    return task


def drop(tasks: dict[str, Task], kickoff: Kickoff, event: Command) -> dict[str, Task] | str:
    """One task less, or why not; of a running sprint it stays to be seen, as Cancelled."""
    word = str(event["args"]["positional"][0])
    name = named_task(tasks, word)
    if name is None:
        return f"The plan has no task {as_code(word, 60)}. {those_of(tasks)}"
    task = tasks[name]
    if task["status"] == "Done":
        return f"`{name}` is Done, so it cannot be dropped. Add a task that undoes it."
    if task["status"] in ENDED:
        return f"`{name}` is already {task['status']}."
    if behind := followers(tasks, name):
        come, them = ("comes", "it") if len(behind) == 1 else ("come", "them")
        return f"{codes(behind)} {come} after `{name}`, so I keep it. Drop {them} first."
    if kickoff["status"] in UNDER_WAY:
        return {**tasks, name: {**task, "status": "Cancelled"}}
    if len(tasks) == 1:
        return f"`{name}` is the only task of this plan. Say `/stop` to drop the whole sprint."
    return {other: one for other, one in tasks.items() if other != name}


# hotfixes


def hotfix(state: State, event: Command, policy: Policy) -> Output:
    """One task more of the sprint that runs; where none does, a sprint of it alone.

    No task until the issue was read that it is about; no sprint where it first needs an issue.
    """
    if words := no_hotfix(state, event, policy):
        return refused(words)
    number, running = issue_of(state, event), state["kickoffs"].get(str(state.get("running")))
    if number is not None and "text" not in event and "opened" not in event:
        return {"dag": {"goal": "", "tasks": {}}, "errors": []}
    if running is not None and running["status"] in UNDER_WAY:
        tasks = state["tasks"]
        task = fix(tasks, running, event)
        if number is not None:
            task = {**task, "issue_number": number, "issue_asked": True}
        goal = running.get("goal") or ""
        dag: Dag = {"sprint_id": running["id"], "goal": goal, "tasks": {**tasks, task["id"]: task}}
        return {"dag": dag, "errors": []}
    task = fix({}, None, event)
    alone: Dag = {"goal": task["title"], "tasks": {task["id"]: task}}
    if number is not None:
        alone["sprint_id"] = sprint_id(state["repo"], number)
    return {"dag": alone, "errors": []}


def no_hotfix(state: State, event: Command, policy: Policy) -> str:
    """Why nothing is fixed; empty if it is."""
    repo, text = state.get("repo"), event.get("text")
    if event.get("actor_id") == policy["me"]["id"]:
        return "This is my own account; a person must ask for a hotfix from an account of their own."
    if repo and repo.get("empty"):
        return "This repository is empty: push a first commit, then say `/hotfix` again."
    if issue_of(state, event) is None and not event["args"]["positional"]:
        what = "a pull request" if event["where"].get("is_pull") else "a kickoff or a task already"
        return f"This is {what}, so I need to know what to fix: say `/hotfix <description>`."
    if text and not text["is_open"]:
        return "This issue is closed. Reopen it, then say `/hotfix` again."
    if text and len(text["issue_body"]) > LONGEST_TEXT:
        return f"This text is longer than {LONGEST_TEXT} characters. Shorten it, then say `/hotfix` again."
    return ""


def issue_of(state: State, event: Command) -> int | None:
    """The issue that is to be fixed; None where the thread is a pull request, or a sprint's already."""
    where, number = event["where"], event["where"]["number"]
    tasks = state["tasks"].values()
    threads = [task.get(name) for task in tasks for name in ("issue_number", "pr_number")]
    known = str(number) in state["kickoffs"] or f"issue:{number}:board" in state["shown"]
    is_taken = where.get("is_pull") or known or number in threads
    return event.get("opened") or (None if is_taken else number)


def fix(tasks: dict[str, Task], kickoff: Kickoff | None, event: Command) -> Task:
    """The task of a hotfix: what was said, else the issue's title; its agent is told the issue's text."""
    text, words = event.get("text"), " ".join(" ".join(event["args"]["positional"]).split())
    about = " ".join(text["issue_title"].split()) if text else ""
    task = new_task(free_id(tasks, kickoff, "hotfix", 1), words or about, [], [], tasks)
    title = [f"The issue: {about}"] if words and about else []
    body = [as_page(text["issue_body"]).strip()] if text else []
    return {**told(task, [*title, *body]), "hotfix": True}


def sprint_id(repo: Repository, number: int) -> str:
    """As of a sprint that is planned."""
    name = re.sub(r"[^a-z0-9_-]+", "-", repo["full_name"].rpartition("/")[2].lower()).strip("-")[:40]
    code = hashlib.sha256(f"{repo['forge']}:{repo['repo_id']}".encode()).hexdigest()[:4]
    return f"{name or 'repo'}-{code}-{number}"


# parts of a task


class Point(TypedDict):
    """An item of a list, with what stands beneath it."""

    lines: list[str]
    numbered: bool
    ticked: bool


def break_down(tasks: dict[str, Task], kickoff: Kickoff, event: Command) -> dict[str, Task] | str:
    """A task's parts instead of it, or why not; what came after it comes after all of them."""
    name = task_of(tasks, kickoff, event["where"]["number"])
    if name is None:
        return NO_TASK
    task = tasks[name]
    if task["status"] in ENDED:
        return f"`{name}` is already {task['status']}, so it has no parts."
    parts = parts_of(name, task, tasks)
    if len(parts) < 2:
        return nothing_to_split(name, kickoff)
    if len(parts) > MOST_PARTS:
        many = f"`{name}` would have {len(parts)} parts, but at most {MOST_PARTS} are allowed."
        return f"{many} Say `/add-task` for those that you want."
    names = [part["id"] for part in parts]
    others = {other: behind(one, name, names) for other, one in tasks.items()}
    gone: Task = {**task, "status": "Cancelled"}
    return {**others, **{part["id"]: part for part in parts}, name: gone}


def task_of(tasks: dict[str, Task], kickoff: Kickoff, number: int) -> str | None:
    """The task whose thread it is; on the kickoff the one that needs a person, if there is just one."""
    own = named_task(tasks, str(number))
    if own or number != kickoff["number"]:
        return own
    stuck = [name for name, task in tasks.items() if task["status"] in WITH_A_PERSON]
    return stuck[0] if len(stuck) == 1 else None


def nothing_to_split(name: str, kickoff: Kickoff) -> str:
    return (
        f"I find no parts in `{name}`: its text has no list of two points or more, and it has less than two "
        f"points of acceptance. Say `/add-task <title>` on #{kickoff['number']} for each part, then "
        f"`/drop-task {name}`."
    )


def behind(task: Task, name: str, parts: list[str]) -> Task:
    before = task.get("depends_on") or []
    if name not in before or task["status"] in ENDED:
        return task
    return {**task, "depends_on": [one for old in before for one in (parts if old == name else [old])]}


def parts_of(name: str, task: Task, tasks: dict[str, Task]) -> list[Task]:
    """Of the list in its description, else of its acceptance; each is told of the whole."""
    prose, points = read_points(task.get("description") or "")
    wanted = task.get("acceptance") or []
    todo = [point for point in points if not point["ticked"]]
    if len(todo) > 1:
        done = [f"Done already: {point['lines'][0]}" for point in points if point["ticked"]]
        whole = whole_of(task, [*prose, *done], wanted)
        ordered = bool(task.get("scope")) or all(point["numbered"] for point in todo)
        return built(name, task, tasks, [(point["lines"], whole, []) for point in todo], ordered)
    whole = whole_of(task, (task.get("description") or "").split("\n"), [])
    said = [(point.split("\n"), whole, [point]) for point in wanted]
    return built(name, task, tasks, said, bool(task.get("scope")))


def built(
    name: str, task: Task, tasks: dict[str, Task], said: list[tuple[list[str], str, list[str]]], ordered: bool
) -> list[Task]:
    """One after the other where they are numbered, or may change the same files."""
    parts: list[Task] = []
    for number, (lines, whole, acceptance) in enumerate(said, 1):
        before = [parts[-1]["id"]] if ordered and parts else list(task.get("depends_on") or [])
        first = new_task(part_id(name, number, tasks), without_marks(lines[0]), before, [], tasks)
        beneath = "\n".join(lines[1:]).strip("\n") if not acceptance else ""
        texts = [first.get("description") or "", beneath, whole]
        part: Task = {**first, "description": "\n\n".join(text for text in texts if text)}
        part["position"] = task.get("position") or first["position"]
        part["acceptance"] = acceptance
        parts.append(like(part, task))
    return parts


def like(part: Task, task: Task) -> Task:
    """With what holds for the whole task."""
    part["scope"] = list(task.get("scope") or [])
    if skills := task.get("skills"):
        part["skills"] = skills
    if framework := task.get("framework"):
        part["framework"] = framework
    if model := task.get("model"):
        part["model"] = model
    if milestone := task.get("milestone"):
        part["milestone"] = milestone
    return part


def part_id(name: str, number: int, tasks: dict[str, Task]) -> str:
    found = f"{name[:56]}-{number}"
    while found in tasks:
        found += "-b"
    return found


def without_marks(line: str) -> str:
    return " ".join(re.sub(r"(\*\*|__)(.+?)\1", r"\2", line).split()).strip(" .;,:")


def whole_of(task: Task, prose: list[str], wanted: list[str]) -> str:
    """What each part is told of the task that it is a part of."""
    texts = [f"Part of: {task['title']}", "\n".join(prose).strip()]
    texts += ["\n".join(["The whole is done when:", *(f"- {point}" for point in wanted)])] if wanted else []
    return "\n\n".join(text for text in texts if text)


def read_points(text: str) -> tuple[list[str], list[Point]]:
    """The items of its outermost lists, and all other lines."""
    prose: list[str] = []
    points: list[Point] = []
    fence, margin, within = "", None, False
    for line in text.split("\n"):
        mark, found = FENCE.match(line), None if fence else POINT.fullmatch(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        if found and (margin is None or len(found[1]) <= margin):
            margin, within = len(found[1]), True
            points.append(
                {"lines": [found[4]], "numbered": bool(found[2]), "ticked": (found[3] or " ") != " "}
            )
        elif within and (not line.strip() or len(line) - len(line.lstrip()) > (margin or 0)):
            points[-1]["lines"].append(line[(margin or 0) + 2 :])
        else:
            within = False
            prose.append(line)
    return prose, points


# what is there


def followers(tasks: dict[str, Task], name: str) -> list[str]:
    """The tasks that wait for this one."""
    later = [one for one, task in tasks.items() if name in (task.get("depends_on") or [])]
    return in_order(tasks, [one for one in later if tasks[one]["status"] not in ENDED])


def values(given: object) -> list[str]:
    """Of a flag that may be repeated, and may hold several values."""
    texts = given if isinstance(given, list) else []
    return list(dict.fromkeys(one.strip() for text in texts for one in str(text).split(",") if one.strip()))


def named_task(tasks: dict[str, Task], word: str) -> str | None:
    """By its id in any case, or by the number of its issue or pull request."""
    if word.lower() in tasks:
        return word.lower()
    number = word.removeprefix("#")
    if not number.isdecimal() or len(number) > 9:
        return None
    threads = {name: (task.get("issue_number"), task.get("pr_number")) for name, task in tasks.items()}
    return next((name for name, numbers in threads.items() if int(number) in numbers), None)


def free_id(tasks: dict[str, Task], kickoff: Kickoff | None, stem: str = "task", first: int = 0) -> str:
    """An id that no task of this plan has, or had before it was changed."""
    changes = (kickoff.get("changes") if kickoff else None) or []
    had = {line.split(" ")[1] for one in changes for line in one["differences"]}
    number = first or len(tasks) + 1
    while f"{stem}-{number}" in tasks or f"{stem}-{number}" in had:
        number += 1
    return f"{stem}-{number}"


def those_of(tasks: dict[str, Task]) -> str:
    names = in_order(tasks, list(tasks))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"Its tasks are {', '.join(f'`{name}`' for name in names[:MOST_NAMED])}{more}."


def codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:MOST_NAMED])


def in_order(tasks: dict[str, Task], names: list[str]) -> list[str]:
    """The plan's order: the store keeps none."""
    return sorted(names, key=lambda name: (tasks[name].get("position") or 0, name))


# -- what a page hides: these lines are the same in every stage that takes it out ----------------------------

REMARK = re.compile(r"<!--|<\?|<!\[CDATA\[|<!(?=[A-Za-z])")
REMARK_ENDS = {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>", "<!": ">"}
ANY_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:[\s/][^<>]*)?)>")
HIDES = re.compile(r"(?:^|\s)hidden(?:$|[\s=/])|display\s*:\s*none|visibility\s*:\s*hidden", re.I)
UNREAD = ("script", "style", "template", "noscript", "iframe")
DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\[\]\n]+)\]:[ \t]*([^\n]*)$", re.M)
ADDRESS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
IMAGE = re.compile(r"!\[[^\[\]]*\](" + ADDRESS + r"|\[[^\[\]]*\])")
LINK = re.compile(r"\[([^\[\]]+)\](" + ADDRESS + r"|\[[^\[\]]*\])")
AT_MARGIN = re.compile(r"(`{3,})[^`\n]*$|(~{3,})")
BEHIND_FENCE = re.compile(r"^([\s>*+\-\d.)]*`{3,})([^`\n]+)$|^([\s>*+\-\d.)]*~{3,})(.+)$")
FENCE_LIKE = re.compile(r"[\s>*+\-\d.)]*(?:`{3}|~{3})")
HTML_LINE = re.compile(r"[\s>*+\-\d.)]*<[A-Za-z/!?]")
LASTING_HTML = re.compile(
    r"<(?:pre|script|style|textarea)\b|<\?|<![A-Za-z\[]", re.I
)  # goes on over blank lines
HELD = re.compile("\x00(\\d+)\x00")
LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
LONGEST_NAME = 20


def as_page(text: str) -> str:
    """A text as its readers see it: nothing hidden, and no words in the titles of links, images and tags."""
    shown, held = with_code_held(text)
    shown = IMAGE.sub(lambda found: f"![]({address_of(found[1])})", without_unseen(shown)[0])
    shown = LINK.sub(lambda found: f"[{found[1]}]({address_of(found[2])})", shown)
    return with_code(ANY_TAG.sub(lambda tag: f"<{tag[1]}{tag[2][:LONGEST_NAME]}>", shown), held)


def as_source(text: str) -> tuple[str, int]:
    """A text without what its page does not show, and how many pieces that were; links stay as they are."""
    shown, held = with_code_held(text)
    shown, removed = without_unseen(shown)
    return with_code(shown, held), removed


def with_code_held(text: str) -> tuple[str, list[str]]:
    """A number in place of what is code beyond doubt, and that code: what stands in it is shown.

    Where it is in doubt the text is read as if it were none, so that nobody hides words behind it.
    """
    held: list[str] = []

    def hold(code: str) -> str:
        held.append(code)
        return f"\x00{len(held) - 1}\x00"

    lines = text.replace("\x00", "").split("\n")
    if LASTING_HTML.search(text):
        return "\n".join(BEHIND_FENCE.sub(only_language, line) for line in lines), held
    kept: list[str] = []
    paragraph: list[str] = []
    for line, is_code in [*fenced_at_margin(lines), ("", False)]:
        if line.strip() and not is_code:
            paragraph.append(line)
            continue
        kept += with_spans_held(paragraph, hold)
        paragraph = []
        kept.append(hold(line) if is_code else line)
    return "\n".join(kept[:-1]), held


def with_code(text: str, held: list[str]) -> str:
    return HELD.sub(lambda found: held[int(found[1])], text)


def fenced_at_margin(lines: list[str]) -> list[tuple[str, bool]]:
    """Each line, and whether it belongs to a fence at the margin; none does behind one that may be none."""
    found: list[tuple[str, bool]] = []
    fence, html, doubt = "", False, False
    for line in lines:
        if fence:
            found.append((line, True))
            wide = line.expandtabs(4)
            near = len(wide) - len(wide.lstrip()) < 4
            if near and wide.strip().startswith(fence) and not wide.strip().strip(fence[0]):
                fence = ""
            continue
        html = bool(line.strip()) and (html or bool(HTML_LINE.match(line)))
        opens = AT_MARGIN.match(line)
        doubt = doubt or (bool(FENCE_LIKE.match(line)) and (html or not opens))
        fence = (opens[1] or opens[2]) if opens and not doubt else ""
        found.append((BEHIND_FENCE.sub(only_language, line), bool(fence)))
    return found


def only_language(fence: re.Match[str]) -> str:
    """Words behind a fence are not shown; one that can be a language's name stays."""
    word = ((fence[2] or fence[4]).split() or [""])[0]
    return (fence[1] or fence[3]) + (word if LANGUAGE.fullmatch(word) else "")


def with_spans_held(paragraph: list[str], hold: Callable[[str], str]) -> list[str]:
    """The lines of a paragraph with their code held, where each line alone tells what of it is code."""
    spans = [spans_of(line) for line in paragraph]
    outside = "\n".join(
        HELD.sub("", spanned(line, found or [], lambda _: ""))
        for line, found in zip(paragraph, spans, strict=True)
    )
    if None in spans or "\\" in outside or re.search(r"<[A-Za-z/!?]", outside):
        return paragraph
    return [spanned(line, found or [], hold) for line, found in zip(paragraph, spans, strict=True)]


def spans_of(line: str) -> list[tuple[int, int]] | None:
    """Where code stands in a line; None where a backtick lacks its other one."""
    runs = [found.span() for found in re.finditer("`+", line)]
    next_like: dict[int, int] = {}
    partner: dict[int, int | None] = {}
    for at in reversed(range(len(runs))):
        length = runs[at][1] - runs[at][0]
        partner[at], next_like[length] = next_like.get(length), at
    found, at = [], 0
    while at < len(runs):
        other = partner[at]
        if other is None:
            return None
        found.append((runs[at][0], runs[other][1]))
        at = other + 1
    return found


def spanned(line: str, spans: list[tuple[int, int]], put: Callable[[str], str]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [line[at:start], put(line[start:end])]
        at = end
    return "".join([*parts, line[at:]])


def without_remarks(text: str) -> tuple[str, int]:
    """Without comments and their like, and how many those were; a comment that never ends hides the rest."""
    kept, at, removed = [], 0, 0
    endless: set[str] = set()
    for found in REMARK.finditer(text):
        mark = REMARK_ENDS[found[0]]
        if found.start() < at or (mark in endless and mark != "-->"):
            continue
        end = text.find(mark, found.end())
        if end < 0 and mark != "-->":
            endless.add(mark)
            continue
        kept.append(text[at : found.start()])
        at, removed = len(text) if end < 0 else end + len(mark), removed + 1
    return "".join([*kept, text[at:]]), removed


def without_hidden(text: str) -> str:
    """Without the elements that a page does not show; one that never ends hides nothing."""
    kept, start, name, depth, begun = [], 0, "", 0, 0
    tags = [*ANY_TAG.finditer(text)]
    last = {tag[2].lower(): tag.start() for tag in tags if tag[1]}
    for tag in tags:
        ends, called = tag[1], tag[2].lower()
        if not name and not ends and (called in UNREAD or HIDES.search(tag[3])):
            if last.get(called, -1) > tag.start():
                name, depth, begun = called, 1, tag.start()
        elif name and called == name:
            depth += -1 if ends else 1
            if not depth or tag.start() == last[name]:
                kept.append(text[start:begun])
                name, start = "", tag.end()
    return "".join([*kept, text[start:]])


def without_unseen(text: str) -> tuple[str, int]:
    """Without what a page does not show, and how many pieces that were."""
    text, removed = without_remarks(text)
    shown = without_hidden(text)
    removed += shown != text
    defined = dict(DEFINITION.findall(shown))
    if defined:
        used = {m[2].strip("[]") or m[1] for m in LINK.finditer(shown) if m[2].startswith("[")}
        removed += len(set(defined) - used)
        shown = LINK.sub(lambda m: referred(m, defined), DEFINITION.sub("", shown))
    return shown, removed


def referred(link: re.Match[str], defined: dict[str, str]) -> str:
    """A link that names its address elsewhere gets it."""
    if not link[2].startswith("["):
        return link[0]
    address = defined.get(link[2].strip("[]") or link[1])
    return f"[{link[1]}]({address})" if address else link[0]


def address_of(target: str) -> str:
    """The address alone: a title beside it is seen by nobody."""
    return (target[1:-1].split() or [""])[0].strip("<>")


# -- end of what a page hides --------------------------------------------------------------------------------


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
