"""Write the briefs: what agents are told about a sprint and its tasks, and the same as people see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from stages.world import Brief, Briefs, SprintBrief, Task, Telling

NAME = "write_briefs"


class Input(TypedDict):
    tellings: dict[str, Telling]  # kickoff number → what is to be told about it


class Output(TypedDict):
    sprints: dict[str, Brief]  # kickoff number → the sprint's brief
    tasks: dict[str, Briefs]  # kickoff number → task id → the task's brief


class Section(TypedDict):
    """One part of a brief: words on one line, points, paragraphs as they were written, or paths."""

    label: str
    form: Literal["words", "points", "text", "paths"]
    lines: list[str]


TITLE = "Title"  # an issue has it above its text, and the board beside the task's name
LONGEST_LINE = 20_000
MOST_FILES = 60
LONGEST_SUMMARY = 2000
FENCE = re.compile(r"\s*(?:[-*+]\s+)?(`{3,}|~{3,})")  # the same as where the kickoff's text is read
TRAILER = re.compile(r"^(?=[A-Za-z][A-Za-z-]*:)")  # what a commit's message ends with
ROW = re.compile(r"(\s*)(?:([-*+•‣◦▪●・]|\d{1,9}[.)])\s+(\[[ xX]\]\s+)?|(>)\s?|(#{1,6})\s+)(.*)")


def execute(input: Input) -> Output:
    told = input["tellings"]
    return {
        "sprints": {number: of_sprint(one) for number, one in told.items()},
        "tasks": {number: of_tasks(one) for number, one in told.items()},
    }


def of_sprint(told: Telling) -> Brief:
    return brief_of(sprint_sections(told["title"], told["goal"], told["brief"]))


def of_tasks(told: Telling) -> Briefs:
    tasks = told["sprint_tasks"]
    return {name: brief_of(task_sections(tasks[name], tasks)) for name in told["chosen"]}


# what a brief says


def sprint_sections(title: str | None, goal: str, said: SprintBrief) -> list[Section]:
    named = title if title and title.strip() != goal.strip() else ""
    sections = [
        words("Sprint", named),
        section("Goal of the sprint", "text", [goal]),
        section("Background", "text", said.get("background")),
        section("Constraints", "points", said.get("constraints")),
        section("Out of scope", "points", said.get("out_of_scope")),
        section("The sprint is done when", "points", said.get("acceptance")),
        section("Done already", "points", said.get("done")),
        section("Notes", "text", said.get("notes")),
    ]
    return [one for one in sections if one["lines"]]


def task_sections(task: Task, tasks: dict[str, Task]) -> list[Section]:
    chosen = [f"{name} {value}" for name in ("framework", "model") if (value := text_of(task.get(name)))]
    sections = [
        words(TITLE, str(task["title"])),
        section("Description", "text", [task.get("description") or ""]),
        section("Done when", "points", task.get("acceptance")),
        section("Change only", "paths", task.get("scope")),
        words("Milestone", task.get("milestone") or ""),
        words("Skills", ", ".join(task.get("skills") or [])),
        words("Complexity", task.get("complexity") or ""),
        words("Agent", ", ".join(chosen)),
        section(
            "Made before",
            "text",
            [made for name in task.get("depends_on") or [] if (made := made_by(tasks.get(name)))],
        ),
    ]
    return [one for one in sections if one["lines"]]


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def words(label: str, value: str) -> Section:
    return section(label, "words", [value])


def section(label: str, form: Literal["words", "points", "text", "paths"], lines: object) -> Section:
    kept = [shown(line) for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
    return {"label": label, "form": form, "lines": [line for line in kept if line.strip()]}


def made_by(task: Task | None) -> str:
    """What an agent made in a task that is done: a report, quoted as what it said."""
    made = task.get("made") if task else None
    if not task or task["status"] != "Done":
        return ""
    pull = f" (pull request #{task['pr_number']})" if task.get("pr_number") else ""
    rows = [f"{task['id']}: {one_line(task['title'], 200)}{pull}"]
    if made and (files := made.get("changed")):
        more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
        rows.append("Files: " + ", ".join(one_line(file, 200) for file in files[:MOST_FILES]) + more)
    if made and (summary := made.get("summary")):
        rows += [
            "Its agent reports:",
            *(f"> {line}" for line in shown(summary[:LONGEST_SUMMARY]).split("\n")),
        ]
    return "\n".join(rows)


# how an agent gets it, and how issue and board show it


def brief_of(sections: list[Section]) -> Brief:
    return {
        "text": "\n\n".join(map(plain, sections)),
        "markdown": "\n\n".join(marked_up(part) for part in sections if part["label"] != TITLE),
    }


def plain(part: Section) -> str:
    label, lines = part["label"], part["lines"]
    match part["form"]:
        case "words":
            return f"{label}: {one_line(lines[0], 1000)}"
        case "paths":
            return f"{label}: " + ", ".join(one_line(line, 200) for line in lines)
        case "points":
            return "\n".join([f"{label}:", *(point.replace("\n", "\n  ") for point in bulleted(lines))])
        case "text":
            return f"{label}:\n\n" + "\n\n".join(lines)


def marked_up(part: Section) -> str:
    label, lines = part["label"], part["lines"]
    match part["form"]:
        case "words":
            return f"**{label}** {as_text(lines[0], 1000)}"
        case "paths":
            return f"**{label}** " + ", ".join(map(as_code, lines))
        case "points":
            points = "\n".join(as_point(line) for line in bulleted(lines))
            return re.sub(r"\n{3,}", "\n\n", f"**{label}**\n\n{points}")
        case "text":
            return f"**{label}**\n\n" + "\n\n".join(map(as_lines, lines))


def bulleted(points: list[str]) -> list[str]:
    """A point that only names those behind it is none."""
    return [point if point.endswith(":") and "\n" not in point else f"- {point}" for point in points]


def as_point(point: str) -> str:
    """A point, and what stands beneath it, as Markdown."""
    first, *rest = point.split("\n")
    head = as_line(first) if first.startswith("- ") else f"\n{as_text(first, LONGEST_LINE)}\n"
    return (
        "\n".join([head, *("  " + line for line in as_lines("\n".join(rest)).split("\n"))]) if rest else head
    )


def shown(text: str) -> str:
    """A text without the signs that nobody sees."""
    text = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", TERMINAL.sub("", text.replace("\r\n", "\n")))
    return "\n".join(UNSEEN.sub("", line)[:LONGEST_LINE] for line in text.splitlines())


def as_lines(text: str) -> str:
    """Others' lines as Markdown: lists, quotes and code stay what they are, and nothing in them acts."""
    lines, fence = [], ""
    ticks = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", text) if len(run) > 2)])
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if fence:
            closes = line.strip().startswith(fence) and not line.strip().strip(fence[0])
            lines.append(ticks if closes else line.replace("<!--", f"<{JOINER}!--"))
            fence = "" if closes else fence
        elif mark and "`" not in line[mark.end() :]:
            fence = mark[1]
            lines.append(ticks)
        else:
            lines.append(as_line(line))
    return "\n".join([*lines, ticks] if fence else lines)


def as_line(line: str) -> str:
    found = ROW.fullmatch(line)
    if not found:
        return TRAILER.sub(JOINER, as_text(line, LONGEST_LINE))
    indent, mark, box, quote, heading, rest = found.groups()
    said = as_text(rest, LONGEST_LINE)
    if quote:
        return f"> {said}"
    if heading:
        return f"**{said}**" if said else ""
    ticked = "" if not box else "☑ " if "x" in box.lower() else "☐ "
    return f"{indent[:6]}{mark if mark[0].isdigit() else '-'} {ticked}{said}"


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
