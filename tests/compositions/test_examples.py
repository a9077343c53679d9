"""Examples say what differs from a base: they are made whole, made short again, and their faults named."""

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pytest

from compositions.examples import Document, ExampleFault, expand, file_faults, read
from compositions.layout import WIDTH, format_document
from compositions.shorten import shorten
from stages import world
from stages.world import Json

TASK = {"id": "api", "status": "InReview", "labels": ["a", "b"], "wait": None}
STATE = {"tasks": {"api": TASK, "ui": {"id": "ui", "status": "Done"}}}
NOW = "2026-11-21T07:00:00.000Z"
DOCUMENT = Document(
    bases={
        "turn": {
            "input": {"now": NOW, "events": []},
            "output": {"state": {"$input": "state"}, "actions": []},
        },
        "running": {"base": "turn", "input": {"state": STATE}},
    },
    values={
        "merged": {"type": "pr_merged", "number": 7, "actor": "ada", "at": NOW},
        "over": {"status": "Done", "ended_at": {"$input": "now"}},
    },
    texts={"greeting": "Hello {who}, how are you?"},
)


def made(**example: Any) -> dict[str, Any]:
    document = Document(DOCUMENT.bases, DOCUMENT.values, DOCUMENT.texts, [{"name": "It is so", **example}])
    return expand(document)[0]


def test_what_an_example_does_not_say_is_its_base() -> None:
    assert made(base="running", output={}) == {
        "name": "It is so",
        "input": {"now": NOW, "events": [], "state": STATE},
        "output": {"state": STATE, "actions": []},
    }


@pytest.mark.parametrize(
    ("said", "task"),
    [
        ({"wait": "a review"}, TASK | {"wait": "a review"}),
        ({"labels": ["b"]}, TASK | {"labels": ["b"]}),
        ({"status": None}, TASK | {"status": None}),
        ({"$without": ["wait", "labels"]}, {"id": "api", "status": "InReview"}),
        ({"$only": {"id": "api"}}, {"id": "api"}),
        ({"checks": {"state": "green"}}, TASK | {"checks": {"state": "green"}}),
    ],
)  # fmt: skip
def test_an_object_is_laid_over_the_base_and_all_else_replaces(said: Any, task: Any) -> None:
    example = made(base="running", input={"state": {"tasks": {"api": said}}}, output={})
    assert example["input"]["state"]["tasks"] == {"api": task, "ui": STATE["tasks"]["ui"]}
    assert example["output"]["state"] == example["input"]["state"]


def test_an_output_says_what_differs_from_the_input_it_hands_on() -> None:
    example = made(
        base="running",
        input={"events": [{"$like": "merged", "number": 8}]},
        output={
            "state": {"tasks": {"api": {"$with": "over"}}},
            "actions": [{"$input": "events/0", "type": "tell"}],
            "said": {"$text": "greeting", "who": "Ada"},
            "lines": {"$lines": ["# Retro", {"$text": "greeting", "who": "Bob"}]},
        },
    )
    event = {"type": "pr_merged", "number": 8, "actor": "ada", "at": NOW}
    assert example["output"] == {
        "state": {"tasks": STATE["tasks"] | {"api": TASK | {"status": "Done", "ended_at": NOW}}},
        "actions": [event | {"type": "tell"}],
        "said": "Hello Ada, how are you?",
        "lines": "# Retro\nHello Bob, how are you?",
    }


def test_an_error_takes_nothing_of_the_output_of_its_base() -> None:
    assert made(base="running", error="no").keys() == {"name", "input", "error"}


@pytest.mark.parametrize(
    ("example", "fault"),
    [
        ({"base": "nowhere"}, "there is no “nowhere” among its bases"),
        ({"input": [{"$like": "nobody"}]}, "there is no “nobody” among its values"),
        ({"input": {"$text": "greeting"}}, "the text “greeting” takes {who}"),
        ({"input": {"$text": "greeting", "who": "Ada", "where": "here"}}, "the text “greeting” takes {who}"),
        ({"input": {"$of": "Ada"}}, "there is no marker $of"),
        ({"base": "running", "input": {"$without": ["tasks"]}}, "$without names “tasks”"),
        ({"input": {}, "output": {"$input": "events/0"}}, "its input has no events/0"),
        ({"input": {"$only": {}, "tasks": {}}}, "$only must be the only key"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_whole_is_said(example: dict[str, Any], fault: str) -> None:
    with pytest.raises(ExampleFault, match="“It is so”: ") as raised:
        made(**example)
    assert fault in str(raised.value)


def test_a_value_made_of_itself_is_refused() -> None:
    document = Document(
        values={"one": {"$like": "two"}, "two": [{"$like": "one"}]},
        examples=[{"name": "A circle", "input": {"$like": "one"}}],
    )
    with pytest.raises(ExampleFault, match="refers to itself"):
        expand(document)


SENTENCE = "This sprint has no such task."
BODY = "# A retro with several lines\n\nHello Ada, how are you?\n\n- one\n- two"
WHOLE: list[dict[str, Any]] = [
    {"input": {"now": NOW, "events": [], "state": STATE}, "output": {"state": STATE, "actions": []}},
    {"input": {"state": {"tasks": {}}}, "output": {"state": {"tasks": {}}, "actions": [{"type": "tell"}]}},
    {"input": {"now": NOW, "state": {"tasks": {"api": {}}}, "events": [{}]}, "output": {"state": None}},
    {"input": {"now": NOW, "state": STATE, "events": DOCUMENT.values["merged"]}, "output": None},
    {"input": None, "error": "its input is no object"},
    {"input": 1, "output": [1.0, True, "Hello Ada, how are you?", {"a": []}]},
    {
        "input": {"now": NOW, "events": [], "state": STATE},
        "output": {
            "state": {"tasks": {"api": TASK | {"status": "Done", "ended_at": NOW}}},
            "actions": [{"type": "comment", "body": BODY}],
        },
    },
]  # fmt: skip


@pytest.mark.parametrize("whole_one", WHOLE)
def test_what_is_made_short_is_whole_again(whole_one: dict[str, Any]) -> None:
    example = {"name": "It is so", **whole_one}
    short = shorten(DOCUMENT, example)
    assert made(**short) == example


def test_the_shortest_form_uses_what_has_a_name() -> None:
    example = {"name": "It is so", **WHOLE[-1]}
    short = shorten(DOCUMENT, example)
    assert short["base"] == "running"
    assert "input" not in short
    assert short["output"]["state"]["tasks"] == {"$without": ["ui"], "api": {"$with": "over"}}
    assert {"$text": "greeting", "who": "Ada"} in short["output"]["actions"][0]["body"]["$lines"]


def test_what_is_written_is_read_again_and_stands_on_short_lines(tmp_path: Path) -> None:
    short = [shorten(DOCUMENT, {"name": "It is so", **one}) for one in WHOLE]
    document = Document(DOCUMENT.bases, DOCUMENT.values, DOCUMENT.texts, short)
    file = tmp_path / "planted.json"
    file.write_text(format_document(document), encoding="utf-8")
    assert [whole_one | {"name": "It is so"} for whole_one in WHOLE] == expand(read(file))
    assert max(map(len, format_document(document).splitlines())) <= WIDTH
    assert format_document(read(file)) == format_document(document)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (Document(bases={"turn": {"input": 1}}), "nothing uses “turn” of its bases"),
        (Document(texts={"greeting": "Hello"}), "nothing uses “greeting” of its texts"),
        (Document(bases={"turn": {"inputs": 1}}), "the base “turn” has inputs"),
        (
            Document(examples=[{"name": "Ada", "input": 1, "output": [SENTENCE] * 3}]),
            f"“{SENTENCE}” occurs 3 times",
        ),
        (Document(values={"many": ["x" * 90] * 1600}), "planted.json has 160"),
    ],
)
def test_what_is_there_for_nothing_is_a_fault(tmp_path: Path, document: Document, fault: str) -> None:
    path = tmp_path / "planted.py"
    path.with_suffix(".json").write_text(format_document(document), encoding="utf-8")
    assert any(found.startswith(fault) for found in file_faults(path))


# Records that an example need not say whole

RECORDS: dict[str, Any] = {
    "State": {"v": 1, "tasks": {}, "kickoffs": {}, "pulls": {}, "shown": {}, "waiting": {}, "own": {}},
    "Task": {"id": {"$key": True}, "title": "A task", "status": "Pending", "depends_on": []},
    "Kickoff": {
        "id": "shop-1a2b-4",
        "number": {"$key": True},
        "status": "Running",
        "asked_at": "2026-11-21T07:00:00.000Z",
    },
    "LookIssue": {"key": "look:issue:5", "number": 5},
    "LookPull": {"key": "look:pull:7", "number": 7},
}


class Given(TypedDict):
    state: world.State
    asked: NotRequired[list[world.Looks | None]]
    noted: NotRequired[Json]


class Answer(TypedDict):
    state: world.State


def typed(**example: Any) -> Document:
    shapes = {"input": Given, "output": Answer}
    return Document(records=RECORDS, shapes=shapes, examples=[{"name": "It is so", **example}])


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ({"tasks": {"api": {}}}, {"tasks": {"api": {**RECORDS["Task"], "id": "api"}}}),
        ({"tasks": {"api": {"title": "An API", "wait": None}}},
         {"tasks": {"api": {**RECORDS["Task"], "id": "api", "title": "An API", "wait": None}}}),
        ({"kickoffs": {"4": {}}}, {"kickoffs": {"4": {**RECORDS["Kickoff"], "number": 4}}}),
        ({"tasks": {"api": {"$lacks": ["title", "status"]}}},
         {"tasks": {"api": {"id": "api", "depends_on": []}}}),
        ({"kickoffs": {"4": {"number": 5, "plan": {"ui": {}}}}},
         {"kickoffs": {"4": RECORDS["Kickoff"] | {
             "number": 5, "plan": {"ui": {**RECORDS["Task"], "id": "ui"}}}}}),
    ],
)  # fmt: skip
def test_a_record_gets_the_fields_that_its_type_requires(said: Any, whole: Any) -> None:
    document = typed(input={"state": said}, output={"state": {"$input": "state"}})
    [example] = expand(document)
    assert example["input"] == example["output"] == {"state": {**RECORDS["State"], **whole}}
    assert shorten(document, example)["input"] == {"state": said}


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ({"type": "look", "what": "pull"}, {"type": "look", "what": "pull", **RECORDS["LookPull"]}),
        ({"type": "look", "what": "issue"}, {"type": "look", "what": "issue", **RECORDS["LookIssue"]}),
        ({"type": "look", "what": "a thing"}, {"type": "look", "what": "a thing"}),
        ({"key": "k"}, {"key": "k"}),
        (None, None),
        ("a text", "a text"),
    ],
)
def test_of_several_records_the_one_that_its_words_name_is_meant(said: Any, whole: Any) -> None:
    [example] = expand(typed(input={"state": {}, "asked": [said], "noted": said}, output={"state": {}}))
    assert example["input"]["asked"] == [whole]
    assert example["input"]["noted"] == said


def test_an_output_that_lacks_what_its_input_has_says_so() -> None:
    document = typed(input={"state": {"tasks": {"api": {}}}}, output={"state": {}})
    [example] = expand(document)
    example["output"]["state"]["tasks"] = {"api": {"id": "api", "title": "A task", "depends_on": []}}
    short = shorten(document, example)
    assert "$lacks" in json.dumps(short["output"]) and "$lacks" not in json.dumps(short["input"])
    assert expand(typed(**{key: short[key] for key in ("input", "output")})) == [example]
