"""Whatever people write into a kickoff, its plan is complete and holds together."""

import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.dag.validate import Output as Check
from stages.dag.validate import Plan
from stages.dag.validate import execute as validate
from stages.kickoff.generate_dag import asks
from stages.kickoff.generate_dag import execute as generate
from stages.world import Dag

PIECES = "Add a page. then fix, v1.2 login: (after x) - * ` < /plan # ### Goal [x] 1."
WORDS = st.sampled_from(PIECES.split())
TEXTS = st.lists(WORDS | st.just("\n") | st.text(max_size=3), max_size=40).map(" ".join)
NAMES = [a + b + c for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "rd", "st", "lopa", "mirek")]
TITLES = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map(lambda pair: f"Write {' '.join(pair)}")
"""Two drawings each: with one for each letter, a list of thirty was too slow on a busy machine."""


def tasks_of(brief: str, **more: Any) -> dict[str, Any]:
    return dict(generate({"brief": brief, **more})["dag"]["tasks"])  # type: ignore[typeddict-item]


def check(dag: Dag) -> Check:
    """A generated plan is one that may be checked; a plan written by hand need not be a generated one."""
    return validate({"dag": cast(Plan, dag)})


def edges_of(brief: str) -> dict[str, list[str]]:
    return {task["title"]: task["depends_on"] for task in tasks_of(brief).values()}


@given(TEXTS)
def test_any_text_gives_a_plan_with_good_ids(text: str) -> None:
    plan = generate({"brief": text, "title": "Anything", "lenient": True})
    dag, told = plan["dag"], plan.get("errors")
    if told:
        assert told[0].startswith(("Two tasks have the id", "Nothing is left to plan"))
        return
    errors = check(dag)["errors"]
    assert [error for error in errors if "unknown task" not in error and "cycle" not in error] == []
    assert all(task["title"] for task in dag["tasks"].values())


@given(st.lists(TITLES, min_size=1, max_size=30, unique=True), st.sampled_from(["- ", "* ", "+ ", "- [ ] "]))
def test_every_item_of_a_list_is_a_task_of_its_own(titles: list[str], mark: str) -> None:
    tasks = tasks_of("The goal.\n\n" + "\n".join(mark + title for title in titles))
    assert [task["title"] for task in tasks.values()] == titles
    assert [task["depends_on"] for task in tasks.values()] == [[] for _ in titles]


@given(st.lists(TITLES, min_size=1, max_size=30, unique=True))
def test_every_sentence_is_a_task_and_none_is_cut(titles: list[str]) -> None:
    assert [task["title"] for task in tasks_of(". ".join(titles) + ".").values()] == titles


@given(st.lists(TITLES, min_size=2, max_size=12, unique=True))
def test_then_makes_a_chain(titles: list[str]) -> None:
    tasks = tasks_of(", then ".join(titles))
    names = list(tasks)
    assert [task["depends_on"] for task in tasks.values()] == [[], *[[name] for name in names[:-1]]]


@pytest.mark.parametrize(
    ("brief", "edges"),
    [
        ("Bump to v1.2", {"Bump to v1.2": []}),
        ("Support e.g. dates. Fix it.", {"Support e.g. dates": [], "Fix it": ["task-1"]}),
        ("Add x, add y, then add z.", {"Add x": [], "Add y": [], "Add z": ["task-1", "task-2"]}),
        ("Once the API is ready, build the page.", {"Build the page": []}),
        ("After a typo, lock the page, then say so.", {"After a typo, lock the page, then say so": []}),
        ("If it is old then fail. Log it.", {"If it is old then fail": [], "Log it": ["task-1"]}),
        ("When it is new then show it, then go on.", {"When it is new then show it, then go on": []}),
        ("Add x then fix y, and then write z.", {"Add x": [], "Fix y": ["task-1"], "Write z": ["task-2"]}),
        ("- Next page button", {"Next page button": []}),
        ("Write an API. After that, build the page.", {"Write an API": [], "Build the page": ["task-1"]}),
        ("Use names, dates and places.", {"Use names, dates and places": []}),
        ("We need to add a page, and please fix the login", {"Add a page": [], "Fix the login": []}),
        ("- b: Second (after: a)\n- a: First", {"Second": ["a"], "First": []}),
        ("- a: One\n- b: Two\n  - after: a", {"One": [], "Two": ["a"]}),
        ("- One thing\n- Another (after: 1)", {"One thing": [], "Another": ["task-1"]}),
        ("- One thing\n- Another (after: one thing)", {"One thing": [], "Another": ["task-1"]}),
        ("- One thing\n- then another", {"One thing": [], "another": ["task-1"]}),
        ("- fix: the login\n- fix: the page", {"fix: the login": [], "fix: the page": []}),
        ("- Fix: the login\n- Note: slow", {"Fix: the login": [], "Note: slow": []}),
        ("- a line\n  that goes on\n- next", {"a line that goes on": [], "next": []}),
        ("1. One\n2. Two", {"One": [], "Two": []}),
        ("Tasks:\n- One\n\nAcceptance:\n- it works", {"One": []}),
        ("Constraints: stdlib only\n\n- One", {"One": []}),
        ("## Context\n- it is slow\n\n## Work\n- One", {"One": []}),
        ("## Tasks\n### Back\n- One\n### Front\n- Two\n## Else\n- no", {"One": [], "Two": []}),
        ("# Big\n## Back\n- One\n## Front\n- Two", {"One": [], "Two": []}),
        ("Context: it is slow\n- One", {"One": []}),
        ("~~~\n- code\n~~~\n- One\r\n- Two", {"One": [], "Two": []}),
        ("[Add a page](https://example.org/x.y)", {"Add a page": []}),
    ],
)  # fmt: skip
def test_order_is_read_where_it_is_said(brief: str, edges: dict[str, list[str]]) -> None:
    assert edges_of(brief) == edges


@pytest.mark.parametrize(
    "sentence",
    [
        "Add a page.",
        "Please also search the archive.",
        "Search by name.",
        "Log failed attempts.",
        "Kill the old shop.",
        "Fix tests that are slow.",
        "Can you add a page?",
        "We need a page.",
        "As a parent I want to share a list.",
        "The page should be fast.",
        "It would be nice to have a page.",
        "If the file is missing then fail.",
        "If the file is missing, stop the import.",
        "The search is slow, add a cache.",
        "Sell shoes, then show what was sold.",
    ],
)
def test_a_sentence_asks(sentence: str) -> None:
    assert asks(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The page is slow.",
        "Search is slow.",
        "Build fails on Windows.",
        "Build failed on Windows.",
        "Import of large files takes a minute.",
        "Customers complained in March.",
        "Users log in then they see an error.",
        "If it rains then we get wet.",
        "Should we add a page?",
        "No new dependencies.",
        "It must not flicker.",
        "Today the page is white.",
        "Using the old page is hard.",
        "Thanks!",
    ],
)
def test_a_sentence_only_explains(sentence: str) -> None:
    assert not asks(sentence)


def test_a_long_wish_keeps_its_words() -> None:
    wish = "Write " + "word " * 60 + "end"
    [task] = tasks_of(f"- {wish}").values()
    assert task["title"].endswith("…")
    assert len(task["title"]) <= 140
    assert task["description"] == wish


def test_agents_go_round_where_their_number_is_given() -> None:
    agents = [task["agent_id"] for task in tasks_of("- a b\n- c d\n- e f", num_agents=2).values()]
    assert agents == ["agent-1", "agent-2", "agent-1"]
    assert len({task["agent_id"] for task in tasks_of("- a b\n- c d\n- e f").values()}) == 3


# -- texts that were written to be slow to read --------------------------------------------------------------

LONG = 60_000
SOON_S = (
    3.0  # a hundredth of it is usual; what goes over the text once for each of its signs takes far longer
)


def slow(piece: str, before: str = "", after: str = "") -> str:
    return before + piece * (LONG // len(piece)) + after


def seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


@pytest.mark.parametrize(
    "text",
    [
        slow("["),
        slow("!["),
        slow("[a]("),
        slow("<p "),
        slow("a. "),
        slow("e.g. "),
        slow(".", after="x"),
        slow("#", "# a ", " b"),
        slow("(", "# "),
        slow(" ", "- a", "b"),
        slow(" ", "- a (after", "("),
        slow("a, ", "- a: b (after: ", ")"),
        slow("add a, "),
        slow("- a\n"),
        slow("a\n", "- a\n"),
        slow("once a, "),
        slow("Ab. "),
        slow("the a, then b, "),
        slow("Add a\n"),
        slow("# Add a b\n"),
        slow("# Add a b\n", "# Tasks\n"),
        slow("**Add a b**\n"),
        slow("# Add a b\n## Notes\n"),
        slow("- [ ] I agree\n- [ ] b\n"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_text_takes_long_to_read(text: str) -> None:
    def plan() -> None:
        dag = generate({"brief": text, "title": "Anything", "lenient": True})["dag"]
        check(dag)

    assert seconds(plan) < SOON_S


def scoped(*scopes: list[str]) -> dict[str, Any]:
    return {f"t{n}": {"agent_id": "a", "scope": scope} for n, scope in enumerate(scopes)}


@pytest.mark.parametrize(
    "tasks",
    [
        scoped(["*a" * 4 + "b"], ["a" * 600]),
        scoped(["a/" * 9000 + "x"], ["a/" * 9000 + "y"]),
        scoped(*[["*/" * 15 + f"*{n}x{m}" for m in range(5)] for n in range(100)]),
        scoped(*[[f"{n}/{m}" for m in range(40)] for n in range(200)]),
        scoped(*[[]] * 5000),
    ],
    ids=["stars", "deep", "many stars", "many paths", "many tasks"],
)
def test_no_plan_takes_long_to_check(tasks: dict[str, Any]) -> None:
    assert seconds(lambda: validate({"dag": {"tasks": tasks}})) < SOON_S


def test_as_many_tasks_as_a_sprint_takes_are_planned() -> None:
    plan = generate({"brief": "- a\n" * 200, "lenient": True})
    assert "errors" not in plan
    assert check(plan["dag"]) == {"valid": True, "errors": []}


def test_a_plan_of_more_tasks_is_refused_in_words() -> None:
    errors = validate({"dag": {"tasks": scoped(*[[]] * 201)}})["errors"]
    assert errors == [
        "The plan has 201 tasks, but a sprint can have at most 200: split it into several sprints"
    ]


def test_a_plan_of_too_many_paths_is_refused_in_words() -> None:
    errors = validate({"dag": {"tasks": scoped([f"src/{n}" for n in range(501)])}})["errors"]
    assert errors == [
        "The scopes of the plan name 501 paths, but at most 500 are allowed: "
        "name folders instead of single files, or split the plan into several sprints"
    ]


def test_a_text_too_long_to_read_is_refused_in_words() -> None:
    assert generate({"brief": "a" * 64_001, "title": "", "lenient": True})["errors"] == [
        "This text has 64001 characters, but I read at most 64000: "
        "shorten it, or split it into several sprints, each with its own issue"
    ]


def test_a_model_that_plans_more_tasks_than_a_sprint_takes_is_not_followed() -> None:
    tasks = [{"id": f"t{n}", "title": "Do it"} for n in range(201)]
    plan = generate({"brief": "Add a page.", "answered": {"dag": {"tasks": tasks}}})
    assert list(plan["dag"]["tasks"]) == ["task-1"]
    note = "Planned by rules instead of the model: the model's answer has 201 tasks, more than 200"
    assert plan["notes"] == [note]
