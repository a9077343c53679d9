"""Every line that a person wrote in a kickoff is in a brief, or named on the board with the reason."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dag.validate import execute as validate
from stages.kickoff import generate_dag
from stages.kickoff.generate_dag import execute as generate
from stages.kickoff.generate_dag import known_section
from stages.plan import write_briefs
from stages.plan.take_draft import execute as take_draft
from stages.plan.write_briefs import execute as write

FOLDER = Path(__file__).parents[1] / "fixtures" / "kickoffs"
ENOUGH = 60
UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
FIELD = re.compile(
    r"(?i)\(?\b(scope|files|accept|acceptance|after|depends on|skills|model|framework|complexity):?\s+"
    r"([^()]*)\)?"
)


class Kickoff(NamedTuple):
    """A text of the corpus: its title and body, and the titles of the tasks that it asks for."""

    title: str
    body: str
    tasks: list[str]


def read(name: str) -> Kickoff:
    """A file: its title, `tasks:` with their titles, `---`, the body; `CRLF` ends a line as Windows does."""
    title, tasks, _, body = (FOLDER / f"{name}.md").read_text(encoding="utf-8").split("\n", 3)
    named = tasks.removeprefix("tasks:").split(" | ")
    return Kickoff(title, body.replace("CRLF\n", "\r\n"), [one.strip() for one in named])


NAMES = sorted(file.stem for file in FOLDER.glob("*.md"))
CORPUS = {name: read(name) for name in NAMES}


def told(title: str, body: str, **more: Any) -> tuple[dict[str, Any], str]:
    """The plan, and all that agents are told of it or the board names, in plain words."""
    dag: Any = generate({"brief": body, "title": title, "sprint_id": "s", **more})["dag"]  # type: ignore[typeddict-item]
    event: Any = {"issue_number": 4, "title": title}
    briefs = write(take_draft({"plan": {"dag": dag, "errors": []}, "events": [event]}))
    texts = [briefs["sprints"]["4"]["text"]]
    texts += [f"{name}\n{brief['text']}" for name, brief in briefs["tasks"]["4"].items()]
    return dag, "\n".join([*texts, *(line["line"] for line in dag.get("unused", []))])


def plain(text: str) -> str:
    """Words and signs in one row, without what only forms them: marks of lists, boxes, emphasis, links."""
    text = UNSEEN.sub("", text)
    text = re.sub(r"!\[[^\]]*\]\(([^)\s]*)[^)]*\)", r" \1 ", text)
    text = re.sub(r"<img\b[^>]*\bsrc=\"([^\"]*)\"[^>]*>", r" \1 ", text)
    text = re.sub(r"\[([^\[\]]*)\]\(([^)\s]*)[^)]*\)", r" \1 \2 ", text)
    text = re.sub(r"</?(?:details|summary|p|br)\b[^>]*>", " ", text)
    text = re.sub(r"(?m)^\s*(?:(?:[-*+•・]|\d+[.)]|#{1,6}|>)+(?:\s+|・|$))+|・", " ", text)
    text = re.sub(r"\[[ xX]\](?=\s)|[*_`|]|image:", " ", text)
    return " ".join(re.sub(r"[()\[\]:：.,;!?<>-]+", " ", text).casefold().split())


def said(body: str) -> list[str]:
    """What the lines of a text say, piece by piece: a title, what stands in parentheses, a field's value."""
    pieces: list[str] = []
    definitions = dict(re.findall(r"(?m)^\[(?!\^)([^\]]+)\]: (\S+)", body))
    body = re.sub(r"(?m)^\[(?!\^)[^\]]+\]: .*$", "", re.sub(r"(?s)<!--.*?-->", "", body))
    for name, address in definitions.items():
        body = body.replace(f"][{name}]", f"]({address})")
    for line in body.replace("\r\n", "\n").split("\n"):
        heading = re.fullmatch(r"(?:#{1,6}\s+|\*\*)?(.*?)(?:\*\*)?", line.strip())
        if (heading and known_section(heading[1])) or line.strip().lower() in ("_no response_", "n/a"):
            continue
        label = re.match(r"[*_]*([^\W\d_][^:：]*)[:：](.*)", line)
        if label and known_section(label[1]):
            line = label[2]
        rest = FIELD.sub("\n", line) if re.match(r"\s*(?:[-*+]|\d+\.)|\s+\w", line) else line
        values = [value for found in FIELD.finditer(line) for value in re.split(r"[,;]", found[2])]
        own = re.match(r"\s*(?:[-*+]|\d+[.)])\s+(?:\[.\]\s+)?([a-z0-9_-]+):\s+(.*)", rest, re.S)
        rest = re.sub(r"^\s*\d+\. then ", "", rest)  # who says "then" gets an edge
        if re.fullmatch(r"\s*- (?:scope|accept):", line):
            continue
        pieces += [*([own[1], *own[2].split("\n")] if own else rest.split("\n")), *values]
    return [piece for piece in map(plain, pieces) if re.search(r"\w", piece)]


def lost(title: str, body: str, **more: Any) -> list[str]:
    """The pieces that are neither told nor named; the number of a task names it as well as its id."""
    _, texts = told(title, body, **more)
    words = f" {plain(texts)} "
    numbers = {str(n) for n in range(1, 1 + body.count("\n"))}
    return [piece for piece in said(f"{title}\n{body}") if piece not in words and piece not in numbers]


def test_the_corpus_is_large_enough() -> None:
    assert len(NAMES) >= ENOUGH


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_written_is_lost(name: str) -> None:
    kickoff = CORPUS[name]
    assert lost(kickoff.title, kickoff.body) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_written_is_lost_where_the_model_plans(name: str) -> None:
    kickoff = CORPUS[name]
    answered = {"dag": {"tasks": [{"id": "own", "title": "What the model makes of it"}]}}
    assert lost(kickoff.title, kickoff.body, answered=answered) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_told_twice(name: str) -> None:
    dag, _ = told(CORPUS[name].title, CORPUS[name].body)
    texts = [dag["goal"], *dag.get("background", []), *dag.get("notes", [])]
    assert len(texts) == len(set(texts))


def test_a_text_is_told_with_the_fences_with_which_it_is_read() -> None:
    assert write_briefs.FENCE == generate_dag.FENCE


@pytest.mark.parametrize("name", NAMES)
def test_the_tasks_are_those_that_are_asked_for(name: str) -> None:
    kickoff = CORPUS[name]
    dag, _ = told(kickoff.title, kickoff.body)
    assert [task["title"] for task in dag["tasks"].values()] == kickoff.tasks


PIECES = [piece for kickoff in CORPUS.values() for piece in kickoff.body.replace("\r", "").split("\n\n")]
WHOLE = [piece for piece in PIECES if "```" not in piece and "~~~" not in piece and "<!--" not in piece]


@given(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=9, unique=True), st.sampled_from(NAMES))
@settings(deadline=None)
def test_nothing_is_lost_of_what_is_mixed_of_them(pieces: list[str], name: str) -> None:
    title, body = CORPUS[name].title, "\n\n".join(pieces)
    plan: Any = generate({"brief": body, "title": title, "sprint_id": "s", "lenient": True})
    if not plan.get("errors") and validate({"dag": plan["dag"]})["valid"]:  # else it is refused in words
        assert lost(title, body) == []
