"""What a sprint left on the forge, normalised so that two sprints that went the same way are equal."""

import re
from collections import Counter
from typing import Any

from shell.forge import Forge
from shell.forge.protocol import Issue, Pull

Outcome = dict[str, Any]
EPOCH = "2000-01-01T00:00:00Z"
"""Before anything that a sprint did."""


def normalised(text: str) -> str:
    """The text without what differs between two runs of one sprint: keys, times, shas, numbers."""
    for pattern, placeholder in (
        (r"(key|sprint)=[^\s>]+", r"\1=KEY"),
        (r"-[0-9a-f]{4}-\d+\b", "-KEY"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?", "TIME"),
        (r"\b(under a|\d+(\.\d+)?) ?(ms|s|seconds?|m|min|minutes?|h|hours?)\b", "TIME"),
        (r"TIME( TIME)+", "TIME"),
        (r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b", "SHA"),
        (r"\d+(\.\d+)?", "N"),
    ):
        text = re.sub(pattern, placeholder, text)
    return text


def outcome(forge: Forge, repo: str) -> Outcome:
    """Every issue and pull request with its title, state, labels and comments, and the merges."""
    changes = forge.changes_since(repo, EPOCH)
    pulls = [forge.pull(repo, number) for number in changes["pulls"]]
    things = [_thing(forge, repo, "issue", issue) for issue in changes["issues"]]
    things += [_thing(forge, repo, "pull request", pull) for pull in pulls]
    return {
        "things": sorted(things, key=lambda thing: (thing["kind"], thing["title"], thing["number"])),
        "merges": sum(pull["merged"] for pull in pulls),
    }


def _thing(forge: Forge, repo: str, kind: str, current: Issue | Pull) -> dict[str, Any]:
    comments = forge.issue_comments(repo, current["number"])
    return {
        "kind": kind,
        "number": current["number"],
        "title": normalised(current["title"]),
        "state": "merged" if current.get("merged") else current["state"],
        "labels": sorted(current["labels"]),
        "body": normalised(current["body"] or ""),
        "comments": sorted(f"{one['author']}: {normalised(one['body'])}" for one in comments),
    }


def views(result: Outcome) -> dict[str, list[str]]:
    """An outcome under each aspect that is compared, as sorted lines."""
    things = result["things"]
    return {
        "titles": sorted(f"{thing['kind']}: {thing['title']}" for thing in things),
        "states": sorted(f"{_name(thing)}: {thing['state']}" for thing in things),
        "label sets": sorted(f"{_name(thing)}: {', '.join(thing['labels']) or 'none'}" for thing in things),
        "bodies": sorted(f"{_name(thing)}: {thing['body']}" for thing in things),
        "comment bodies": sorted(f"{_name(thing)}: {text}" for thing in things for text in thing["comments"]),
        "merges": [str(result["merges"])],
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
        "missing": list((Counter(plain) - Counter(other)).elements()),
        "too many": list((Counter(other) - Counter(plain)).elements()),
    }
