"""The secrets in a file of settings (JSON, TOML, YAML or lines NAME=value), known by their names."""

import re
from collections.abc import Iterator
from typing import Any

from shell.sanitize import read_json

SHORTEST = 16
"""Characters: what is named like a secret and is shorter is a word, such as the name of a key."""
_SECRET = re.compile(
    "token|key|secret|passw|passphrase|credential|authorization|bearer|cookie", re.IGNORECASE
)
_NO_SECRET = re.compile(
    r"(helper|file|path|tokenizer|(key_?)?binds?|keymap|env(ironment)?_?(key|vars?|names?)?)$", re.IGNORECASE
)
"""Names of what says where a secret is, or has nothing to do with one."""
_ALL_SECRET = re.compile(r"(api[_-]?)?(keys|tokens|secrets|passwords|credentials)", re.IGNORECASE)
"""Whatever stands below such a name is secret, whatever its own name."""
_VARIABLE = re.compile(r"\$?\{?(env:)?[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\}?|\$\{?\w+\}?|\{(env|file):[^}]*\}")
"""A value that only names an environment variable."""
_PAIR = re.compile(r"([\w.-]+)=([^\s&,;\"']+)")
_IN_ADDRESS = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
_ADDRESS = re.compile(r"[a-z]+://\S*")
"""What an address holds is looked at part by part."""
_LINE = re.compile(
    r"""^[ \t,{#/;-]*(?:export[ \t]+)?["']?([\w.-]+)["']?[ \t]*[:=][ \t]*"""
    r"""("[^"\n]*"|'[^'\n]*'|[^"'\s,#][^\n,#]*)""",
    re.MULTILINE,
)


def secrets_in(text: str) -> Iterator[str]:
    """The values that are named like secrets, whatever the file's form; what is no JSON also by line."""
    try:
        yield from _below(read_json(text))
        return
    except ValueError:
        yield from _below(_structure(text))
    for name, value in _LINE.findall(text):  # comments too, and where neither form fits
        yield from _of_leaf(name, value.strip().strip("\"'"))


def _structure(text: str) -> Any:
    """The content of a TOML or a YAML file; nothing where it is neither."""
    import tomllib  # here, as is `yaml`: every process imports this module, and few read such a file

    try:
        return tomllib.loads(text)
    except ValueError:
        return _yaml(text)


def _yaml(text: str) -> Any:
    """Of a YAML file that holds more than words, with every value as text."""
    import yaml

    try:
        found = yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return found if isinstance(found, dict | list) else None


_Named = tuple[str, Any, bool]
"""A name, the value that it stands for, and whether all below it is secret."""


def _below(root: Any) -> Iterator[str]:
    waiting: list[_Named] = [("", root, False)]
    seen: set[int] = set()
    while waiting:
        name, value, secret = waiting.pop()
        if isinstance(value, str):
            yield from _of_leaf("secret" if secret else name, value)
        elif isinstance(value, dict | list) and id(value) not in seen:  # YAML's aliases can lead in circles
            seen.add(id(value))
            within = secret or bool(_ALL_SECRET.fullmatch(name))
            if isinstance(value, dict):
                waiting += [(str(key), part, within) for key, part in value.items()]
            else:
                waiting += [(_flag_before(value, at) or name, part, secret) for at, part in enumerate(value)]


def _flag_before(items: list[Any], at: int) -> str:
    """Of `--api-key`, `…` among a command's words the first names the second."""
    before = items[at - 1] if at else None
    return before if isinstance(before, str) and before.startswith("-") and "=" not in before else ""


def _of_leaf(name: str, value: str) -> Iterator[str]:
    """The secrets in one value: all of it, each long word of it, and what it names or addresses itself."""
    secret = _is_secret(name)
    found = dict.fromkeys([value.strip(), *value.split()] if secret else [])
    found |= dict.fromkeys(part for named, part in _PAIR.findall(value) if secret or _is_secret(named))
    yield from filter(_can_be_one, found | dict.fromkeys(_IN_ADDRESS.findall(value)))


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _NO_SECRET.search(name)


def _can_be_one(value: str) -> bool:
    return len(value) >= SHORTEST and not _VARIABLE.fullmatch(value) and not _ADDRESS.fullmatch(value)
