"""Others' words in what the bot says call nobody, link to nothing, order nothing and end no code of ours."""

import copy
import json
import types
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositions.examples import FOLDER, examples_of
from compositions.rules import effects_of, loaded, name_of, stage_files
from handlers.read import read_commands
from shell.neutralize import as_code, as_text, as_title, common_block
from tests.stages.forge_rendering import live_elsewhere, live_in_body, live_in_title

PLAIN = "Plain words"
TEXTS: dict[str, str] = {
    name: text if isinstance(text, str) else text[0] * text[1]
    for name, text in json.loads(Path(__file__).with_name("hostile_texts.json").read_text()).items()
}
PIECES = st.sampled_from(
    [
        *[
            "@bob",
            "#7",
            "!7",
            "http://evil.test",
            "www.evil.test",
            "&commat;bob",
            "&#64;bob",
            "GH-7",
            "[[x]]",
        ],
        *[
            "[x](http://evil.test)",
            "![x](y)",
            "<img src=x>",
            "<!--",
            "-->",
            "<http://evil.test>",
            "\\",
            "$",
            "/stop",
        ],
        *[
            "`",
            "``",
            "```",
            "*x*",
            "__x__",
            "~~x~~",
            "|",
            "\n",
            "\n\n",
            "    ",
            "x",
            " ",
            "-",
            "1.",
            "\u200b",
            "fixes ",
        ],
    ]
)
MIXED = st.lists(PIECES, max_size=8).map("".join)


# -- the block -----------------------------------------------------------------------------------------------


def in_place(text: str) -> str:
    """Where a stage puts them: within a sentence, at the start of an item, of a quote and of a cell."""
    rest = f"- {text}\n\n> {text}\n\n**{text}**\n\n| a | b |\n|---|---|\n| {text} | {text} |"
    return f"We say: {text} (end)\n\n{rest}"


def leaks(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: after[name] for name in before if before[name] != after[name]}


@pytest.mark.parametrize("name", TEXTS)
def test_they_are_text(name: str) -> None:
    text = as_text(TEXTS[name]) or "x"
    assert not leaks(live_in_body(in_place("x")), live_in_body(in_place(text)))
    assert not leaks(live_elsewhere(in_place("x")), live_elsewhere(in_place(text)))
    assert not live_in_title(as_title(TEXTS[name]))
    assert len(text) <= 3 * 2000


@pytest.mark.parametrize("name", TEXTS)
def test_they_are_code(name: str) -> None:
    text = as_code(TEXTS[name]) or "`x`"
    sentence, plain = f"We say: {text} (end)\n\n- {text}", "We say: `x` (end)\n\n- `x`"
    assert not leaks(live_in_body(plain), live_in_body(sentence))


@given(MIXED)
def test_what_is_put_together_of_them_is_text_too(text: str) -> None:
    assert not leaks(live_in_body(in_place("x")), live_in_body(in_place(as_text(text) or "x")))
    assert not live_in_title(as_title(text))
    code = as_code(text) or "`x`"
    assert not leaks(live_in_body("We say: `x` (end)"), live_in_body(f"We say: {code} (end)"))


def test_what_is_harmless_stays_as_it_is() -> None:
    said = "C'est à dire: 5 > 3? “Yes”, 12:30, a/b-c.py, 50 %. 👩‍💻 می‌خواهم"
    assert as_text(said) == said.replace(">", "\\>")
    assert as_title(said) == said and as_code("src/@types/x.d.ts") == "`src/@types/x.d.ts`"


TAME = {
    *(
        "a footnote",
        "a definition",
        "a pipe",
        "an escaped pipe",
    ),  # only Gitea, or another cell, would show it
    *("a backtick", "emphasis that ends ours", "the end of a comment"),  # only beside its other half
    *("a word of order", "emoji with joiners", "combining marks"),  # to stay as they are
}


def test_each_text_of_the_corpus_is_hostile() -> None:
    """Without the block something in it is live, in a body or in a title, or it is too long."""
    assert {name for name, text in TEXTS.items() if len(text) < 5000 and is_tame(text)} == TAME


def is_tame(text: str) -> bool:
    bodies = [(in_place("x"), in_place(text)), ("a\nx", f"a\n{text}")]
    found = [leaks(live_in_body(plain), live_in_body(hostile)) for plain, hostile in bodies]
    return not any(found) and not live_in_title(text)


# -- every stage that repeats them ---------------------------------------------------------------------------

SAID = ("body", "words", "title", "pr_title", "pr_body")
REFUSING = ("draft_change",)
"""Stages whose `errors` are what is answered."""
WHOLE = ("message", "report_markdown", "waits", "themes", "improvements", "learnings")
OURS = {
    "id": "ids of sprints, tasks and agents are read by a pattern",
    "agent_id": "as `id`",
    "depends_on": "as `id`",
    "critical": "as `id`",
    "left": "made by `forecast`",
    "handled_at": "our own",
    "started_at": "our own",
    "order": "as `id`",
    "stuck": "as `id`",
    "fault": "made by `play_change`",
    "plan_hash": "our own",
    "policy": "our own",
    "status": "our own",
    "health_status": "our own",
    "action": "our own",
    "name": "of a command that we know",
    "actor": "a login as the forge writes it, who is to be called",
    "approved_by": "as `actor`",
    "asked_by": "as `actor`",
    "changed_by": "as `actor`",
    "hash_before": "as `plan_hash`",
    "author": "as `actor`",
    "hold": "as `actor`",
    "paused_by": "as `actor`",
    "human": "as `actor`",
    "answered": "the model's lines, which `write_retro_report` puts into the report",
    "waits": "made by `tell_waits`",
    "not_here": "made by `shell/agent/ready.py` of our own words",
    "news": "made by `spell_out`",
    "call": "made by `spell_out`",
    "locked": "made by `tell_waits`",
    "denial": "made by `take_permission` and `ask_permission`",
    "help": "made by the handlers, below",
    "help_rows": "made by the handlers",
    "words": "made by the stage that answers",
    "retro_text": "made by `write_retro_report`",
    "report_markdown": "made by `write_retro_report`",
    "boards": "made by `draw_boards`",
    "offers": "made by `offer_edits`",
    "problems": "made by `shell/config_file.py`, whose test holds that nothing of the file is live in them",
    "html_url": "an address as the forge gives it",
    "commit": "a hash of git's",
    "markdown": "made by `write_briefs`",
    "why": "our own",
    "valid": "as `commit`",
}
OURS_IN = {
    ("command/change_plan", "plan", "errors"): "made by `draft_change`",
    ("command/config", "events", "head_sha"): "as `commit`",
}
VERBATIM = {
    "dag/evaluate": "its actions are decisions, which `spell_out` and `execute_actions` put into words",
    "turn/take_step": "it hands on actions that were put into words before",
    "command/gather_answers": "it joins comments that were put into words before",
    "life/restore_sprint": "it brings back actions that were put into words before",
}
Path_ = tuple[Any, ...]


def leaves(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(one, (*path, key))
    elif isinstance(value, str):
        yield path, value


def with_text(value: Any, path: Path_, text: str) -> Any:
    changed = copy.deepcopy(value)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = text
    return changed


def words(path: Path_) -> list[str]:
    return [key for key in path if isinstance(key, str)]


def said_by(module: types.ModuleType, given: Any) -> dict[Path_, str]:
    """What people would read of its output; what it only keeps or hands on as an event they do not."""
    try:
        output = module.execute(given)
    except Exception as error:
        pytest.fail(f"{type(error).__name__}: {error}")
    return {path: text for path, text in leaves(output) if is_said(module, path)}


def is_said(module: types.ModuleType, path: Path_) -> bool:
    within = path[0] in ("actions", "boards") and path[-1] in SAID
    refusal = path[0] == "errors" and getattr(module, "NAME", "") in REFUSING
    return within or refusal or path[0] in WHOLE or path[-1] in ("denial", "markdown")


@lru_cache
def places(stage: Path) -> list[tuple[dict[str, Any], Path_]]:
    """Where others' words come out again: an example and a place in it, one for each shape of place."""
    module, found, tries = loaded(stage), dict[Path_, tuple[dict[str, Any], Path_]](), dict[Path_, int]()
    for example in examples_of(stage):
        for path, text in leaves(example["input"]):
            shape = shape_of(path)
            ours = not set(words(path)).isdisjoint(OURS) or (name_of(stage), *words(path)[:2]) in OURS_IN
            if shape in found or ours or tries.get(shape, 0) > 40:
                continue
            tries[shape] = tries.get(shape, 0) + 1
            if comes_out(module, example["input"], path, text):
                found[shape] = example["input"], path
    return list(found.values())


def shape_of(path: Path_) -> Path_:
    """The path without numbers and without the names of tasks."""
    named = [isinstance(key, int) or key.isdecimal() or before in ("tasks", "plan", "shown")
             for before, key in zip(("", *path), path, strict=False)]  # fmt: skip
    return tuple("*" if one else key for one, key in zip(named, path, strict=True))


def comes_out(module: types.ModuleType, given: Any, path: Path_, text: str) -> bool:
    try:
        output = module.execute(with_text(given, path, "Xqz canary"))
    except Exception:  # not a place for words
        return False
    return any(
        "Xqz canary" in one
        for there, one in leaves(output)
        if is_said(module, there) and there[0] != "events"
    )


PURE = [stage for stage in stage_files() if not effects_of(stage) and name_of(stage) not in VERBATIM]


@pytest.mark.parametrize("stage", PURE, ids=name_of)
def test_what_a_stage_repeats_of_others_words_is_not_live(stage: Path) -> None:
    found, module, wrong = places(stage), loaded(stage), []
    assert not found or common_block() in stage.read_text(encoding="utf-8")
    for example, path in found:
        before = said_by(module, with_text(example, path, PLAIN))
        for name, text in TEXTS.items():
            after = said_by(module, with_text(example, path, text))
            wrong += [f"{path}: {name} → {fault}" for fault in faults(before, after)]
    assert not wrong


def faults(before: dict[Path_, str], after: dict[Path_, str]) -> Iterator[str]:
    for place, text in after.items():
        if str(place[-1]).endswith("title"):
            if more := live_in_title(text) - live_in_title(before[place]):
                yield f"{place} {more}"
        elif found := leaks(seen_at(place, before[place]), seen_at(place, text)):
            yield f"{place} {found}"


FORMS = {f"<{tag} []>" for tag in ("p", "strong", "ul", "ol", "li", "blockquote", "pre")}


def seen_at(place: Path_, text: str) -> dict[str, Any]:
    """What is live in it; a brief keeps the form of its text: lists, quotes, code."""
    found = live(text)
    if place[-1] != "markdown":
        return found
    return {**found, "tags": [tag for tag in found["tags"] if tag not in FORMS and "<ol" not in tag]}


def live(body: str) -> dict[str, Any]:
    """Code may be theirs: what the agents and the model write in the retro keeps it."""
    found = live_in_body(body)
    return {**found, "tags": [tag for tag in found["tags"] if tag != "<code []>"]}


def test_a_stage_that_forgets_the_block_is_found() -> None:
    stage = loaded(FOLDER / "look/take_answer.py")
    example = next(one for one, path in places(FOLDER / "look/take_answer.py") if path[-1] == "message")
    stage.as_text = str  # type: ignore[attr-defined]
    said = [said_by(stage, with_text(example, ("events", 0, "message"), text)) for text in (PLAIN, "@bob")]
    assert list(faults(*said))


# -- what has effects ----------------------------------------------------------------------------------------


class Forge:
    """Remembers what is written to it."""

    def __init__(self) -> None:
        self.said: dict[Path_, str] = {}

    def comment_once(self, _: Any, repo: str, number: int, body: str, *rest: Any) -> dict[str, Any]:
        self.said[(len(self.said), "body")] = body
        return {"comment_id": 1}

    def create_issue_once(
        self, _: Any, repo: str, title: str, body: str, *rest: Any, **of: Any
    ) -> dict[str, Any]:
        self.said |= {(len(self.said), "title"): title, (len(self.said), "body"): body}
        return {"number": 1, "html_url": ""}

    def make_labels(self, *_: Any) -> None: ...

    def set_labels(self, *_: Any) -> list[str]:
        return []


def carried_out(text: str) -> dict[Path_, str]:
    """What the tick's stage writes for actions whose every free word is `text`."""
    module, forge = loaded(FOLDER / "dag/execute_actions.py"), Forge()
    vars(module).update(forge_at=lambda *_: forge, ask_shell=lambda *_: {})
    vars(module).update(comment_once=forge.comment_once, create_issue_once=forge.create_issue_once)
    about = {"task_id": "api", "agent_id": "api", "issue_number": 3, "title": text, "message": text}
    steps = ("probe", "escalate_human", "restart")
    actions = [{"type": "escalate", **about, "action": step, "reason": text} for step in steps]
    actions += [{"type": type_, **about} for type_ in ("create_issue", "spawn_agent", "notify_agent")]
    state = {"tasks": {"api": {"title": text, "agent_id": "api", "issue_number": 3}}}
    output = module.execute({"repo": "team/shop", "dag_actions": actions, "state": state})
    assert not output["errors"]
    return forge.said


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_of_the_corpus_is_live_in_what_a_tick_writes(name: str) -> None:
    assert len(carried_out(PLAIN)) == 7
    assert not list(faults(carried_out(PLAIN), carried_out(TEXTS[name])))


# -- what the handlers say of a mistake ----------------------------------------------------------------------

LINES = (
    "/{}",
    "/plan {}",
    "/retry {}",
    "/retry --hint",
    "/status {}",
    "/approve {}",
    "/skip --{}",
    '/why "{}',
)


def mistakes_in(text: str) -> dict[Path_, str]:
    """What is answered to each line with this text in it."""
    answer, said = loaded(FOLDER / "command/answer.py"), dict[Path_, str]()
    for line in LINES:
        found = [one for one in read_commands(line.replace("{}", text)) if "error" in one]
        event = {"type": "mistakes", "key": "k", "where": {"number": 1}, "mistakes": found[:1]}
        words_ = answer.execute({"state": {}, "events": [event], "policy": {}})["actions"][0]["words"]
        said[(line, "words")] = words_ if found else ""
    return said


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if text.strip()])
def test_nothing_of_the_corpus_is_live_in_what_is_said_of_a_mistake(name: str) -> None:
    for place, said in mistakes_in(" ".join(TEXTS[name].split())[:3000]).items():
        found = live_in_body(said)
        assert set(found["tags"]) <= {"<ul []>", "<li []>", "<code []>"} and not found["text"], (place, said)
        assert not (found["markers"] or found["unseen"] or found["math"] or found["commands"]), (place, said)
