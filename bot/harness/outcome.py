"""What a sprint left on the forge, in words that are the same for two sprints that went the same way."""

import re
from typing import Any

from shell.forge import Forge

Outcome = dict[str, Any]
_LONG_AGO = "2000-01-01T00:00:00Z"


def normalised(text: str) -> str:
    """The text without what differs between two runs of one sprint: keys, times, shas, numbers."""
    for pattern, instead in (
        (r"(key|sprint)=[^\s>]+", r"\1=KEY"),
        (r"-[0-9a-f]{4}-\d+\b", "-KEY"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?", "TIME"),
        (r"\b(under a|\d+(\.\d+)?) ?(ms|s|seconds?|m|min|minutes?|h|hours?)\b", "TIME"),
        (r"TIME( TIME)+", "TIME"),
        (r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b", "SHA"),
        (r"\d+(\.\d+)?", "N"),
    ):
        text = re.sub(pattern, instead, text)
    return text


def outcome(forge: Forge, repo: str) -> Outcome:
    """Every issue and pull request with its title, state, labels and comments, and the merges."""
    there = forge.changes_since(repo, _LONG_AGO)
    pulls = [forge.pull(repo, number) for number in there["pulls"]]
    things = [_thing(forge, repo, "issue", issue) for issue in there["issues"]]
    things += [_thing(forge, repo, "pull request", pull) for pull in pulls]
    return {
        "things": sorted(things, key=lambda thing: (thing["kind"], thing["title"], thing["number"])),
        "merges": sum(pull["merged"] for pull in pulls),
    }


def _thing(forge: Forge, repo: str, kind: str, there: dict[str, Any]) -> dict[str, Any]:
    state = "merged" if there.get("merged") else there["state"]
    said = forge.issue_comments(repo, there["number"])
    return {
        "kind": kind,
        "number": there["number"],
        "title": normalised(there["title"]),
        "state": state,
        "labels": sorted(there["labels"]),
        "body": normalised(there["body"] or ""),
        "comments": sorted(f"{one['author']}: {normalised(one['body'])}" for one in said),
    }


def views(found: Outcome) -> dict[str, list[str]]:
    """An outcome under each aspect that is compared, as sorted lines."""
    things = found["things"]
    return {
        "titles": sorted(f"{thing['kind']}: {thing['title']}" for thing in things),
        "states": sorted(f"{_name(thing)}: {thing['state']}" for thing in things),
        "label sets": sorted(f"{_name(thing)}: {', '.join(thing['labels']) or 'none'}" for thing in things),
        "bodies": sorted(f"{_name(thing)}: {thing['body']}" for thing in things),
        "comment bodies": sorted(f"{_name(thing)}: {said}" for thing in things for said in thing["comments"]),
        "merges": [str(found["merges"])],
    }


def _name(thing: dict[str, Any]) -> str:
    return f"{thing['kind']} “{thing['title']}”"


def differences(plain: Outcome, other: Outcome) -> list[dict[str, Any]]:
    """A row for each aspect: how many there were, whether they are equal, and the lines that are not."""
    left, right = views(plain), views(other)
    return [_row(aspect, left[aspect], right[aspect]) for aspect in left]


def _row(aspect: str, plain: list[str], other: list[str]) -> dict[str, Any]:
    counts = (plain[0], other[0]) if aspect == "merges" else (str(len(plain)), str(len(other)))
    return {
        "compared": aspect,
        "plain": counts[0],
        "here": counts[1],
        "equal": "yes" if plain == other else "NO",
        "missing": _without(plain, other),
        "too many": _without(other, plain),
    }


def _without(lines: list[str], others: list[str]) -> list[str]:
    left = list(others)
    found = []
    for line in lines:
        if line in left:
            left.remove(line)
        else:
            found.append(line)
    return found
