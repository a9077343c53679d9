"""Plan a kickoff text: its goal and its tasks, in parallel where nothing orders them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Dag, Json, Task

NAME = "generate_sprint_dag"

ID = re.compile(r"[a-z0-9_-]{1,64}")
TITLE_LENGTH = 140
LONGEST_TEXT = 64_000
MOST_TASKS = 200

# Headings (or lines like "Tasks:") that mean something; every other one is only text.
SECTIONS = {
    "goal": {"goal", "goals", "sprint goal", "objective", "brief", "summary", "what"},
    "tasks": {"tasks", "task", "task list", "plan", "todo", "to do", "todos", "work"},
    "acceptance": {"acceptance", "acceptance criteria", "definition of done", "done when"},
    "constraints": {"constraints", "constraint", "conventions", "limits"},
    "out_of_scope": {"out of scope", "non-goals", "non goals", "not in scope"},
    "options": {"options", "option", "pipeline", "agents", "budget"},
    "notes": {"notes", "background", "context", "links", "references", "motivation", "why"},
}
NO_ANSWER = {"_no response_", "*no response*", "no response", "n/a", "none"}

# With these a clause begins that asks for something; other sentences explain.
ASKS = """
    accept add adjust align allow analyse analyze apply archive ask audit automate avoid backport batch
    benchmark block bring build bump cache calculate capture catch change check clean close collect combine
    compute configure connect convert copy correct count cover create cut debounce declare decouple define
    delete deliver deploy deprecate describe design detect develop disable display document download draft
    draw drop emit enable encrypt enforce ensure escape evaluate expand explain expose export extend extract
    fetch filter find fix flag format forbid generate give group guard handle harden hide highlight implement
    import
    improve include increase index inform inline inspect install integrate introduce investigate keep label
    lay let limit link lint list listen load localise localize lock log lower make map mark measure merge
    migrate mock modernise modernize monitor move name normalise normalize notify offer open optimise optimize
    order package paginate parse patch persist pin plan polish port prepare present prevent print produce
    profile promote propose protect provide prune publish pull push put query queue raise rate read rebuild
    record redirect reduce refactor refresh refuse register reject release reload remove rename render reorder
    reorganise reorganize repair replace report reproduce require research reset resolve respond restore
    restrict restructure retry return reuse revert review rewrite rework round run sanitise sanitize save scan
    schedule search secure send separate serve set setup share ship show simplify skip sort speed split start
    stop store stream strip structure style submit support swap switch sync tag test throttle tidy trace track
    translate trim tune turn unify update upgrade upload use validate verify wire wrap write
"""
VERBS = frozenset(ASKS.split())
ASKING = re.compile(
    r"(?:and |also,? |please,? |finally,? |(?:we|i|you|the bot|it)(?:'d| would)? (?:also )?"
    r"(?:need to|want to|like to|have to|should|must) |let's |let us |(?:need|want) to )+",
    re.I,
)
DONE = r"(?:done|ready|works|merged|finished)"
ORDERED = re.compile(
    r"(?:and |but |only )?(?:then|after (?:that|this|which)|afterwards?|next|finally|lastly|at last"
    r"|at the end|in the end"
    rf"|(?:once|when|after) (?:that|this|it|all|everything|both)[^,]{{0,40}}?{DONE}"
    r"|(?:once|after) [^,]{3,60}(?=,))\b[,:]?\s+",
    re.I,
)
OPENING = re.compile(r"(?:once|after|when) [^,]*$", re.I)
FIRST = re.compile(r"^(?:first(?:ly)?|first of all|to begin with|second(?:ly)?|third(?:ly)?)\b[,:]?\s+", re.I)
EXPLAINING = re.compile(
    r"(?:we|i|it|it's|they|this|that|these|those|there|he|she|users?|currently|today|right now|note|our"
    r"|because|as|since|so)\b(?!.*\b(?:needs?|should|must|shall)\b)",
    re.I,
)
JOINED = re.compile(
    r"(?:since|because|with|without|which|that|who|so|but|using|including|like|such|e\.g|i\.e|for|where|when|while"
    r"|as|if|unless|or|not|to|in|on|at|by|from|until|before|after)\b",
    re.I,
)
ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|no|nr|mr|mrs|ms|dr|resp|incl|[a-z])\.$", re.I
)

# A text may be written to be slow to read: no pattern below goes over the same signs again and again.
BLANK_LINE = re.compile(r"\n\s*\n")
STOP = re.compile(r"(?<![.!?;])[.!?;]+[\"')\]]*(?:\s+|$)")
TAG = re.compile(
    r"</?(?:details|summary|p|br|div|span|a|b|i|em|strong|sub|sup|img|picture|source|font|center)\b[^<>]*>",
    re.I,
)
ANY_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s[^<>]*)?)>")
HIDES = re.compile(r"(?:^|\s)hidden(?:$|[\s=/])|display\s*:\s*none|visibility\s*:\s*hidden", re.I)
UNREAD = ("script", "style", "template", "noscript", "iframe")
DEFINITION = re.compile(r"^ {0,3}\[[^\[\]\n]+\]:[^\n]*$", re.M)
ADDRESS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
IMAGE = re.compile(r"!\[[^\[\]]*\](?:" + ADDRESS + r"|\[[^\[\]]*\])")
LINK = re.compile(r"\[([^\[\]]+)\](?:" + ADDRESS + r"|\[[^\[\]]*\])")
FENCE = re.compile(r" {0,3}(?:[-*+]\s+)?(`{3,}|~{3,})")
ITEM = re.compile(r"(\s*)(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)")
COMMAND = re.compile(
    r"\s*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?:\[[ xX]\][ \t]+)?/[A-Za-z][\w-]*(?:[.,!?:])?(?:\s|$)"
)
HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)$")
LABEL = re.compile(r"\s{0,3}[*_]{0,2}([A-Za-z][A-Za-z -]{2,30}?)[*_]{0,2}:[*_]{0,2}\s*(.*)$")
OWN_ID = re.compile(r"[`*_]{0,2}([A-Za-z0-9][A-Za-z0-9_-]{0,63})[`*_]{0,2}:[`*_]{0,2}\s+(\S.*)")
AFTER = re.compile(r"(?<!\s)\s*\((?:after|depends on|needs)\b:?([^()]*)\)", re.I)
FIELD = re.compile(r"[*_`]{0,2}([A-Za-z][A-Za-z ]{1,20}?)[*_`]{0,2}:[*_`]{0,2}\s*(.*)")
KINDS = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "style", "test", "tests")
LISTS: dict[str, Literal["scope", "acceptance", "after", "skills"]] = {
    "scope": "scope",
    "files": "scope",
    "accept": "acceptance",
    "acceptance": "acceptance",
    "after": "after",
    "depends on": "after",
    "skills": "skills",
}
WORDS: dict[str, Literal["complexity", "agent_id", "reviewer_id"]] = {
    "complexity": "complexity",
    "agent": "agent_id",
    "reviewer": "reviewer_id",
}
POINTS: tuple[Literal["constraints", "acceptance", "out_of_scope", "notes"], ...] = (
    "constraints",
    "acceptance",
    "out_of_scope",
    "notes",
)


class Input(TypedDict):
    brief: str
    title: NotRequired[str | None]
    repo_context: NotRequired[Json]  # whatever the caller knows of it; the rules do not read it
    num_agents: NotRequired[float | None]
    sprint_id: NotRequired[str | None]
    lenient: NotRequired[bool | None]
    answered: NotRequired[Json]  # the model's answer, checked before it is used
    notes: NotRequired[list[str] | None]


class Output(TypedDict):
    dag: Dag
    errors: NotRequired[list[str] | None]
    notes: NotRequired[list[str] | None]


class Item(TypedDict):
    """An item of a list in the text, with what is nested in it."""

    text: str
    details: list[str]


class WishFields(TypedDict):
    """What the text says of something that it asks for."""

    text: str
    after: list[str]
    details: list[str]
    ordered: bool
    scope: NotRequired[list[str]]
    acceptance: NotRequired[list[str]]
    skills: NotRequired[list[str]]
    complexity: NotRequired[str]
    agent_id: NotRequired[str]
    reviewer_id: NotRequired[str]


class Wish(WishFields):
    """What the text asks for, with the id that it gives, if any."""

    id: str | None


class NamedWish(WishFields):
    """A wish with an id of its own and the title that people will read."""

    id: str
    title: str


def execute(input: Input) -> Output:
    """With `lenient` what is wrong with the text comes back in words, beside an empty plan.

    With `answered`, the model's, its tasks make the plan if they hold; else the text's do, with a note.
    """
    answered, notes, asked = input.get("answered"), list(input.get("notes") or []), None
    if answered is not None:
        try:
            asked = wishes_answered(answered)
        except ValueError as fault:
            notes.append(f"Planned by rules instead of the model: {fault}")
    try:
        output: Output = {"dag": plan_of(input, asked)}
    except ValueError as error:
        if not input.get("lenient"):
            raise
        output = {"dag": {"goal": "", "tasks": {}}, "errors": [str(error)]}
    return {**output, "notes": notes} if notes else output


def plan_of(input: Input, asked: list[NamedWish] | None) -> Dag:
    title = seen(input.get("title") or "").strip()
    agents = input.get("num_agents")
    if agents is not None and agents < 1:
        raise ValueError(f"num_agents must be at least 1, not {agents:g}")
    check_length(input["brief"], title)
    sections = read_sections(prose(seen(input["brief"])))
    goal, wishes = read_wishes(sections)
    wishes = worded(wishes) or worded(sentences(paragraphs([title])))
    if not wishes:
        raise ValueError("Nothing to plan: write a sentence or a list of tasks")
    if not asked and len(wishes) > MOST_TASKS:
        raise ValueError(
            f"This text has {len(wishes)} tasks, but a sprint can have at most {MOST_TASKS}: "
            "split it into several sprints, each with its own issue"
        )
    named = asked or name_wishes(wishes)
    dag: Dag = {
        "sprint_id": input.get("sprint_id") or sprint_id_of(title or goal or input["brief"]),
        "goal": goal or title or named[0]["title"],
        "tasks": {},
    }
    for section in POINTS:
        if points := listed(sections.get(section, [])):
            dag[section] = points
    edges = edges_of(named)
    for position, wish in enumerate(named):
        agent = f"agent-{position % int(agents or len(named)) + 1}"
        dag["tasks"][wish["id"]] = task_of(wish, edges[wish["id"]], agent)
    return dag


def check_length(brief: str, title: str) -> None:
    if (signs := len(brief) + len(title)) > LONGEST_TEXT:
        raise ValueError(
            f"This text has {signs} characters, but I read at most {LONGEST_TEXT}: "
            "shorten it, or split it into several sprints, each with its own issue"
        )


# -- what the model said -------------------------------------------------------------------------------------


def wishes_answered(answered: Json) -> list[NamedWish]:
    """The model's tasks in the form of wishes that were read and named, if each can be started some day."""
    named: dict[str, NamedWish] = {}
    tasks = said(said(answered, "dag", dict), "tasks", list)
    if len(tasks) > MOST_TASKS:
        raise ValueError(f"the model's answer has {len(tasks)} tasks, more than {MOST_TASKS}")
    for one in tasks:
        name, title = said(one, "id", str), title_of(seen(said(one, "title", str)))
        if not ID.fullmatch(name) or name in named:
            raise ValueError(
                f"the model's answer has the task id '{name}', which is not allowed or not unique"
            )
        lists = {field: texts(one.get(field)) for field in ("depends_on", "scope", "acceptance")}
        if late := [need for need in lists["depends_on"] if need not in named]:
            raise ValueError(f"in the model's answer '{name}' depends on '{late[0]}', which is not above it")
        named[name] = {
            "id": name,
            "title": title,
            "text": seen(one["title"]),
            "details": texts([one.get("description")]),
            "after": lists["depends_on"],
            "scope": lists["scope"],
            "acceptance": lists["acceptance"],
            "ordered": False,
        }
    return list(named.values())


def said(answered: Json, field: str, kind: type) -> Json:
    """What the model said there; where there is nothing, ValueError says why."""
    told = answered if isinstance(answered, dict) else {}
    if isinstance(why := told.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = told.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


def texts(given: Json) -> list[str]:
    listed = [seen(one).strip() for one in given if isinstance(one, str)] if isinstance(given, list) else []
    return [one for one in listed if one]


# -- the text ------------------------------------------------------------------------------------------------


def seen(text: str) -> str:
    """Without the signs that nobody sees; a row of joiners is one."""
    return re.sub("([\u200c\u200d])[\u200c\u200d]+", r"\1", UNSEEN.sub("", TERMINAL.sub("", text)))


def without_hidden(text: str) -> str:
    """Without the elements that a page does not show; one that never ends hides nothing."""
    kept, start, name, depth, begun = [], 0, "", 0, 0
    for tag in ANY_TAG.finditer(text):
        ends, called = tag[1], tag[2].lower()
        if not name and not ends and (called in UNREAD or HIDES.search(tag[3])):
            name, depth, begun = called, 1, tag.start()
        elif name and called == name:
            depth += -1 if ends else 1
            if not depth:
                kept.append(text[start:begun])
                name, start = "", tag.end()
    return "".join([*kept, text[start:]])


def prose(text: str) -> list[str]:
    """The lines that say something: no code, quotes or commands, and nothing that a page does not show."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    lines = without_fences(text.expandtabs(4).split("\n"))
    text = re.sub(r"<!--.*?(?:-->|\Z)", "", "\n".join(lines), flags=re.S)
    text = DEFINITION.sub("", without_hidden(text))
    kept = []
    for line in text.split("\n"):
        if COMMAND.match(line) or re.match(r"\s{0,3}>", line) or re.fullmatch(r"\s*(?:[-*_=]\s*){3,}", line):
            continue
        line = IMAGE.sub("", TAG.sub("", line))
        kept.append(LINK.sub(r"\1", line).rstrip())
    return kept


def without_fences(lines: list[str]) -> list[str]:
    kept, fence = [], ""
    for line in lines:
        mark = FENCE.match(line)
        if fence:
            closing = line.strip()
            if closing.startswith(fence) and not closing.strip(fence[0]):
                fence = ""
        elif mark and "`" not in line[mark.end() :]:
            fence = mark[1]
        else:
            kept.append(line)
    return kept


def read_sections(lines: list[str]) -> dict[str, list[str]]:
    """Lines by the section they stand in; "body" holds what stands in none."""
    sections: dict[str, list[str]] = {}
    here, depth, one_paragraph = "body", 0, False
    for line in lines:
        heading, rest, level = heading_of(line)
        if heading is not None:
            known = known_section(heading)
            if known or level <= depth:
                here, depth = known or "body", level
            line, one_paragraph = rest, bool(rest)
            sections.setdefault(here, []).append("")
        elif one_paragraph and (not line.strip() or ITEM.match(line)):
            here, depth, one_paragraph = "body", 0, False
        if line.strip().lower() not in NO_ANSWER:
            sections.setdefault(here, []).append(line)
    return sections


def heading_of(line: str) -> tuple[str | None, str, int]:
    """A heading, what follows it on its line, and its depth; a line like "Tasks:" is the deepest."""
    if found := HEADING.match(line):
        return found[2].rstrip().rstrip("#").rstrip(), "", len(found[1])
    label = LABEL.match(line)
    if label and known_section(label[1]):
        return label[1], label[2], 7
    return None, line, 0


def known_section(heading: str) -> str | None:
    plain = re.sub(r"\([^()]*\)|[:*_`]", "", heading).strip().lower()
    return next((name for name, words in SECTIONS.items() if plain in words), None)


def listed(lines: list[str]) -> list[str]:
    """The points of a section: its list, or else its paragraphs."""
    items = [item for item in read_items(lines)[0] if item["text"]]
    if items:
        return [" ".join([item["text"], *item["details"]]) for item in items]
    return paragraphs(lines)


def paragraphs(lines: list[str]) -> list[str]:
    return [" ".join(part.split()) for part in BLANK_LINE.split("\n".join(lines)) if part.strip()]


# -- wishes: what the text asks for, not yet a task ----------------------------------------------------------


def read_wishes(sections: dict[str, list[str]]) -> tuple[str, list[Wish]]:
    """The goal, and the wishes: of the tasks section, else of the first list, else of the sentences."""
    free = [*sections.get("body", []), "", *sections.get("goal", [])]
    items, above = read_items(free)
    if asked := [line for line in sections.get("tasks", []) if line.strip()]:
        wishes = [wish_of(item) for item in read_items(asked)[0]] or sentences(paragraphs(asked))
        return "\n\n".join([*paragraphs(above), *[item["text"] for item in items]]), wishes
    if items:
        return "\n\n".join(paragraphs(above)), [wish_of(item) for item in items]
    texts = paragraphs(free)
    goal = "\n\n".join(texts)
    if len(texts) > 1 and is_headline(texts[0], free):
        return goal, sentences(texts[1:])
    return goal, sentences(texts)


def worded(wishes: list[Wish]) -> list[Wish]:
    """Without those that say nothing beside what they come after."""
    return [wish for wish in wishes if re.search(r"\w", wish["text"])]


def is_headline(text: str, lines: list[str]) -> bool:
    """A first line of its own, without a full stop, names what follows."""
    first = next(line for line in lines if line.strip())
    return " ".join(first.split()) == text and text[-1] not in ".!?;,"


def read_items(lines: list[str]) -> tuple[list[Item], list[str]]:
    """The outermost list items with what is nested in them, and the text above the first."""
    items: list[Item] = []
    above: list[str] = []
    margin, blank = 0, False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        item = ITEM.match(line)
        if item and (not items or indent < margin + 2):
            margin = indent
            add_item(items, item[2].strip())
        elif items and line.strip():
            if item:
                items[-1]["details"].append(item[2].strip())
            elif indent > margin or not blank:
                continue_item(items[-1], line.strip(), blank)
        elif not items:
            above.append(line)
        blank = not line.strip()
    return [item for item in items if item["text"]], above


def add_item(items: list[Item], text: str) -> None:
    """A field that lost its indentation still belongs to the item above it."""
    field = FIELD.fullmatch(text)
    if items and field and field[1].lower() in ("scope", "accept", "acceptance", "after", "depends on"):
        items[-1]["details"].append(text)
    else:
        items.append({"text": text, "details": []})


def continue_item(item: Item, text: str, blank: bool) -> None:
    if blank:
        item["details"].append(text)
    elif item["details"]:
        item["details"][-1] += " " + text
    else:
        item["text"] += " " + text


def wish_of(item: Item) -> Wish:
    text = item["text"]
    own = OWN_ID.fullmatch(text)
    wish: Wish = {"text": text, "id": None, "after": [], "details": [], "ordered": False}
    if own and looks_like_id(own[1]):
        wish["id"], wish["text"] = own[1].lower(), own[2]
    for after in AFTER.findall(wish["text"]):
        wish["after"] += words(after)
    wish["text"] = AFTER.sub("", wish["text"]).strip() or wish["id"] or ""
    ordered = ORDERED.match(wish["text"])
    wish["ordered"] = bool(ordered) and not wish["after"]
    if ordered:
        wish["text"] = wish["text"][ordered.end() :]
    for detail in item["details"]:
        add_detail(wish, detail)
    return wish


def looks_like_id(word: str) -> bool:
    """`api`, `T1` and `user-login` are ids; `Note` and `Fix` begin a sentence."""
    return word == word.lower() or any(sign.isdigit() or sign in "-_" for sign in word)


def add_detail(wish: Wish, detail: str) -> None:
    field = FIELD.fullmatch(detail)
    name, value = (field[1].lower(), field[2]) if field else ("", "")
    if listed := LISTS.get(name):
        parts = [value] if listed == "acceptance" else words(value)
        wish.setdefault(listed, []).extend(parts)
    elif word := WORDS.get(name):
        wish[word] = value.strip("` ").lower()
    else:
        wish["details"].append(detail)


def words(text: str) -> list[str]:
    cleaned = (
        word.strip("`*_# \"'") if "/" not in word else word.strip("` ")
        for word in re.split(r"[,;]| and ", text)
    )
    return [word for word in cleaned if word]


# -- free sentences ------------------------------------------------------------------------------------------


def sentences(texts: list[str]) -> list[Wish]:
    """A wish for each thing asked; a sentence that only explains stays with the one before it."""
    clauses = [
        clause for text in texts for sentence in split_sentences(text) for clause in split_clauses(sentence)
    ]
    asking = any(asks(clause["text"]) for clause in clauses)
    wishes: list[Wish] = []
    for clause in clauses:
        if asking and EXPLAINING.match(clause["text"]) and not asks(clause["text"]):
            if wishes:
                wishes[-1]["details"].append(clause["text"])
            continue
        wishes.append(clause)
    return wishes


def split_sentences(text: str) -> list[str]:
    found, start = [], 0
    for stop in STOP.finditer(text):
        follows = text[stop.end() : stop.end() + 1]
        if follows and not follows.isupper() and shortens(text[max(start, stop.start() - 9) : stop.end()]):
            continue
        found.append(text[start : stop.end()].strip())
        start = stop.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def shortens(ending: str) -> bool:
    """Whether the full stop only shortens the word before it; none of these words has nine letters."""
    return ABBREVIATED.search(ending.strip()) is not None


def split_clauses(sentence: str) -> list[Wish]:
    """Parts at commas and at "then", where each part asks for something of its own."""
    pieces = re.split(r",\s+|\s+(?=(?:and )?then\s)", sentence.rstrip(".!?; "))
    names_only = len(pieces) > 1 and all(names_a_thing(piece) for piece in pieces)
    parts: list[list[str]] = []
    for piece in pieces:
        bare = FIRST.sub("", piece.strip(), count=1)
        if not parts or ORDERED.match(piece + " ") or asks(bare) or (names_only and bare):
            parts.append([piece])
        else:
            parts[-1].append(piece)
    return [clause_of(part) for part in join_openings([", ".join(part) for part in parts])]


def join_openings(parts: list[str]) -> list[str]:
    """ "After that" and "Once the API is ready" belong to what follows their comma."""
    joined: list[str] = []
    for part in parts:
        if joined and (ORDERED.fullmatch(joined[-1] + ", ") or OPENING.match(joined[-1])):
            joined[-1] += ", " + part
        else:
            joined.append(part)
    return joined


def clause_of(text: str) -> Wish:
    text = FIRST.sub("", text.strip(), count=1)
    ordered = ORDERED.match(text)
    text = text[ordered.end() :] if ordered else text
    after = [word for found in AFTER.findall(text) for word in words(found)]
    text = AFTER.sub("", text).strip()
    builds_on = re.match(r"(?:and )?\w+ (?:it|them)\b", text, re.I)
    if asking := ASKING.match(text):
        text = text[asking.end() :]
    text = text[:1].upper() + text[1:]
    return {"text": text, "id": None, "after": after, "details": [], "ordered": bool(ordered or builds_on)}


def asks(text: str) -> bool:
    rest = text
    for opening in (ORDERED, ASKING):
        if found := opening.match(rest):
            rest = rest[found.end() :]
    first = re.match(r"[A-Za-z]+", rest)
    return first is not None and first[0].lower() in VERBS


def names_a_thing(text: str) -> bool:
    """A few words that neither ask nor explain: one of "login page, sign-up page, password reset"."""
    return not (asks(text) or JOINED.match(text) or EXPLAINING.match(text)) and len(text.split()) <= 6


# -- tasks ---------------------------------------------------------------------------------------------------


def name_wishes(wishes: list[Wish]) -> list[NamedWish]:
    """Each wish with an id of its own and the title that people will read."""
    called = Counter(wish["id"] for wish in wishes)
    kinds = {name for name in KINDS if called[name] > 1}
    wishes = [kind_as_text(wish) if wish["id"] in kinds else wish for wish in wishes]
    own = [wish["id"] for wish in wishes if wish["id"]]
    for name in own:
        if called[name] > 1:
            raise ValueError(f"Two tasks have the id '{name}'; give each its own")
    ids = [wish["id"] or free_id(f"task-{position}", own) for position, wish in enumerate(wishes, 1)]
    return [
        {**wish, "id": name, "title": title_of(wish["text"])} for name, wish in zip(ids, wishes, strict=True)
    ]


def kind_as_text(wish: Wish) -> Wish:
    """The "fix:" of many lines is a kind of change, not an id."""
    return {**wish, "id": None, "text": f"{wish['id']}: {wish['text']}"}


def free_id(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "-b"
    return name


def title_of(text: str) -> str:
    text = " ".join(text.split()).strip(" .;,")
    if len(text) <= TITLE_LENGTH:
        return text
    return text[: TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def task_of(wish: NamedWish, depends_on: list[str], agent: str) -> Task:
    task: Task = {
        "id": wish["id"],
        "title": wish["title"],
        "status": "Pending",
        "depends_on": depends_on,
        "agent_id": wish.get("agent_id") or agent,
        "reviewer_id": wish.get("reviewer_id") or "reviewer-1",
        "issue_number": None,
        "pr_number": None,
        "started_at": None,
        "completed_at": None,
        "intervention_count": 0,
        "scope": wish.get("scope") or [],
        "acceptance": wish.get("acceptance") or [],
    }
    described = [wish["text"]] if wish["title"].endswith("…") else []
    if wish["details"] or described:
        task["description"] = "\n".join([*described, *wish["details"]])
    if skills := wish.get("skills"):
        task["skills"] = skills
    if complexity := wish.get("complexity"):
        task["complexity"] = complexity
    return task


def edges_of(named: list[NamedWish]) -> dict[str, list[str]]:
    """What must be done first: what the text names, or for "then" all above that nothing follows yet."""
    edges: dict[str, list[str]] = {}
    followed: set[str] = set()
    ids = ids_by_name(named)
    for wish in named:
        meant = [resolve(name, ids) for name in wish["after"]]
        open_ends = [name for name in edges if name not in followed]
        edges[wish["id"]] = open_ends if wish["ordered"] else list(dict.fromkeys(meant))
        followed.update(edges[wish["id"]])
    return edges


def ids_by_name(named: list[NamedWish]) -> dict[str, str]:
    """Each id by itself, by its number and by its title; where two are alike, the first of these wins."""
    titles = {wish["title"].lower(): wish["id"] for wish in reversed(named)}
    numbers = {str(position): wish["id"] for position, wish in enumerate(named, 1)}
    return titles | numbers | {wish["id"]: wish["id"] for wish in named}


def resolve(name: str, ids: dict[str, str]) -> str:
    """The id that is meant by an id, a number or a title; an unknown one stays, for the check to tell."""
    plain = name.strip().lower()
    number = plain.lstrip("0") if plain.isdigit() else plain
    return ids.get(plain) or ids.get(number, plain)


def sprint_id_of(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:32].strip("-") or "sprint"
    return f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


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
