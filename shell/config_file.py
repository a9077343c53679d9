"""Reads `.caloron.yml`: the values that it sets, or everything that is wrong with it, by line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypedDict, cast

import yaml
from pydantic import ValidationError

from shell.repository_config import KEYS, KNOWN, NAMES, OTHER, RepositoryConfig

if TYPE_CHECKING:
    from stages.world import ConfigProblem, RepositoryValues

_MOST_CHARACTERS = 64_000
_MOST_PROBLEMS = 10
_DEEPEST = 20
_NULL = "tag:yaml.org,2002:null"


class Parsed(TypedDict):
    """What the file says, by the policy's keys; nothing of it counts where there is a problem."""

    values: RepositoryValues
    lines: dict[str, int]
    problems: list[ConfigProblem]


class _Wrong(Exception):
    """The file cannot be used, because of what stands here."""

    def __init__(self, mark: Any, message: str) -> None:
        super().__init__(message)
        self.mark, self.message = mark, message


def read_config(text: str, rights: Mapping[str, str] | None = None) -> Parsed:
    """The values of the file, or everything that is wrong with it; by the rights that commands need."""
    try:
        root = _compose(text)
        data = _plain(root) if root is not None and root.tag != _NULL else {}
        values = _values(RepositoryConfig.model_validate(data, context={"rights": rights or {}}))
        return {"values": values, "lines": _lines(root, values), "problems": []}
    except _Wrong as wrong:
        problems = [_at(wrong.mark, wrong.message)]
    except yaml.MarkedYAMLError as error:
        problems = [_at(error.problem_mark, f"the file is not valid YAML: {_quoted(error.problem)}")]
    except yaml.YAMLError as error:
        problems = [_at(None, f"the file is not valid YAML: {_quoted(str(error))}")]
    except ValidationError as error:
        problems = [_problem(root, item) for item in error.errors()]
    problems.sort(key=lambda problem: (problem["line"], problem["column"]))
    return {"values": {}, "lines": {}, "problems": problems[:_MOST_PROBLEMS]}


def unreadable(reason: str) -> Parsed:
    """Of a file that is no text."""
    return {"values": {}, "lines": {}, "problems": [_at(None, reason)]}


def _compose(text: str) -> yaml.Node | None:
    """The tree of the text; what could make a small text grow without end is refused first."""
    if len(text) > _MOST_CHARACTERS:
        raise _Wrong(None, f"the file is too long; at most {_MOST_CHARACTERS} characters are read")
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _Wrong(event.start_mark, "aliases (`*name`) are not supported; write the value itself")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _Wrong(event.start_mark, "this is nested too deeply")
    return yaml.compose(text, yaml.SafeLoader)


def _plain(node: yaml.Node) -> Any:
    """The node's value, keys always as text: `on:` is a key like any other."""
    match node:
        case yaml.MappingNode():
            return _mapping(node)
        case yaml.SequenceNode():
            return [_plain(item) for item in node.value]
    try:
        return yaml.SafeLoader("").construct_object(node)
    except ValueError:
        raise _Wrong(node.start_mark, "this value cannot be read; put it in quotes") from None


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _Wrong(key.start_mark, "a key must be a single word")
        if key.value in found:
            raise _Wrong(key.start_mark, f"`{_safe(key.value)}` is there twice; keep one of them")
        found[key.value] = _plain(value)
    return found


def _values(config: RepositoryConfig) -> RepositoryValues:
    """What is given, by the policy's keys."""
    found = {}
    for name, _, sets in KEYS:
        value: Any = config
        for part in name.split("."):
            value = getattr(value, part, None)
        if value is not None and (part := sets.part(value)) is not None:
            found[sets.policy] = part
    return cast("RepositoryValues", found)


def _lines(root: yaml.Node | None, values: RepositoryValues) -> dict[str, int]:
    """Where each key stands whose value counts."""
    names = dict.fromkeys(name for name, _, sets in KEYS if sets.policy in values)
    return {name: _mark(root, name.split("."), of_key=True).line + 1 for name in names}


# What is wrong, and where


def _problem(root: yaml.Node | None, item: Any) -> ConfigProblem:
    path = [str(part) for part in item["loc"] if part not in (KNOWN, OTHER, "[key]")]
    if item["type"] == "extra_forbidden":
        return _at(_mark(root, path, of_key=True), _unknown(path))
    if item["type"] == "model_type":
        name = f"`{_named(path)}`" if path else "the file"
        return _at(_mark(root, path), f"{name} should hold keys with values, one a line")
    words = re.sub("^(Value error, |Input |String |List )", "", str(item["msg"]))
    return _at(_mark(root, path), f"`{_named(path)}` {words}")


def _named(path: list[str]) -> str:
    return ".".join(map(_safe, path))


def _unknown(path: list[str]) -> str:
    """An unknown key, and the known one that was probably meant."""
    above = "".join(f"{part}." for part in path[:-1] if not part.isdigit())
    above = re.sub(r"^agents\.mcp\..*\.$", "agents.mcp.*.", above)
    here = sorted({name.removeprefix(above).split(".")[0] for name in NAMES if name.startswith(above)})
    close = [above + found for found in get_close_matches(path[-1], here, 1, 0.7)]
    elsewhere = [name for name in NAMES if get_close_matches(path[-1], [name.split(".")[-1]], 1, 0.8)]
    meant = [*close, *elsewhere]
    hint = f"did you mean `{meant[0]}`?" if meant else f"known here: {', '.join(f'`{one}`' for one in here)}"
    return f"unknown key `{above}{_safe(path[-1])}`; {hint}"


def _mark(node: yaml.Node | None, path: list[str], *, of_key: bool = False) -> Any:
    """Where the value stands that a path leads to, or its key; as near to it as there is something."""
    key = node
    for part in path:
        if isinstance(node, yaml.SequenceNode):
            key = node = node.value[int(part)]
        elif isinstance(node, yaml.MappingNode):
            key, node = next(((k, v) for k, v in node.value if k.value == part), (node, None))
    nearest = key if of_key or node is None else node
    return nearest.start_mark if nearest else None


def _at(mark: Any, message: str) -> ConfigProblem:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return {"line": line, "column": column, "message": message}


def _safe(key: str) -> str:
    """A key of the file in our words: no character of it may have a meaning on a forge."""
    return re.sub(r"[^A-Za-z0-9_-]", "?", key)[:40]


def _quoted(words: str | None) -> str:
    """The parser's words as inline code."""
    return f"`{' '.join((words or 'it cannot be read').replace('`', chr(39)).split())[:200]}`"
