"""Which of the changed paths may not simply be changed: outside an agent's scope, or protected."""

import functools
import re
import unicodedata
from collections.abc import Iterable

FLOOR = tuple(
    """.github .gitea .forgejo .woodpecker* .drone* .gitlab-ci* .gitlab Jenkinsfile* .jenkins* .circleci
    azure-pipelines* .azure-pipelines* .azuredevops bitbucket-pipelines* .travis* .appveyor* appveyor.yml
    .buildkite buildkite.yml .tekton .cirrus.* .semaphore codefresh.yml .codefresh cloudbuild.yaml
    cloudbuild.json buildspec.yml buildspec.yaml .build.yml .builds .teamcity .harness wercker.yml
    .zuul.yaml .zuul.d zuul.yaml zuul.d .dagger .laminar .prow .prow.yaml .vela.y*ml bitrise.y*ml
    codemagic.y*ml screwdriver.y*ml .onedev-buildspec.* .space.kts .evergreen.* circle.yml .mergify .mergify.*
    .husky .huskyrc* .pre-commit-config.* .pre-commit-hooks.* lefthook.* .lefthook* lefthook-local.* .githooks
    .overcommit.yml .lintstagedrc* .simple-git-hooks.* simple-git-hooks.*
    .gitmodules .gitattributes .lfsconfig .devcontainer .devcontainer.json .vscode .idea .zed .gitpod.* .envrc
    .caloron .caloron.yml .caloron.yaml CODEOWNERS
    AGENTS.md AGENTS.override.md AGENT.md .agents CLAUDE.md CLAUDE.local.md .claude .claude.json GEMINI.md
    .gemini QWEN.md .qwen .codex .opencode opencode.json opencode.jsonc .aider* .cursor .cursorrules .windsurf
    .windsurfrules .clinerules .roo .roorules .continue .goosehints .kiro .junie .amazonq .augment .crush.json
    crush.json .mcp.json""".split()
)
"""Always protected, in every folder and in any letter case: CI of every system, hooks, submodules and
attributes, editors' and development containers' commands, our own files, owners, agents' instructions."""


def outside(paths: Iterable[str], scope: Iterable[str]) -> list[str]:
    """The paths that no entry of the scope covers; an empty scope covers everything."""
    entries = [_pattern(entry, anywhere=False) for entry in scope]
    return [path for path in paths if not any(entry.match(path) for entry in entries)] if entries else []


def protected(paths: Iterable[str], more: Iterable[str] = ()) -> list[str]:
    """The paths that the floor or one of these further entries covers, in any letter case.

    An entry of the floor holds in every folder. A path that looks like a protected one only on some machines
    (other Unicode form, invisible characters, blanks or dots at a name's end) is protected too.
    """
    entries = [floor(), *(_pattern(entry, anywhere=True) for entry in more)]
    return [path for path in paths if any(entry.match(one) for entry in entries for one in _forms(path))]


@functools.cache
def floor() -> re.Pattern[str]:
    """The whole floor in one pattern, which each process makes once."""
    names = "|".join(map(_regex, FLOOR))
    return re.compile(rf"(?:.*/)?(?:{names})(?:/.*)?\Z", re.DOTALL | re.IGNORECASE)


def holds_protected(path: str, more: Iterable[str]) -> bool:
    """Whether one of these entries lies below this path: a link in its place would stand in for it."""
    folders = [form.split("/") for form in _forms(path)]
    entries = [entry.removeprefix("./").strip("/").casefold().split("/") for entry in more]
    pairs = [(place, entry) for place in folders for entry in entries if len(place) < len(entry)]
    return any(entry[: len(place)] == place for place, entry in pairs)


def _forms(path: str) -> set[str]:
    """The path as it is, and as a file system that folds names may take it."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", path) if unicodedata.category(sign) != "Cf")
    folded = seen.replace("\\", "/").casefold()
    return {path, "/".join(part.rstrip(". ") or part for part in folded.split("/"))}


def _pattern(entry: str, *, anywhere: bool) -> re.Pattern[str]:
    """An entry names a file, a folder with all below it, or a glob (`**` crosses folders) of either.

    A protected entry without a slash holds in every folder, as in .gitignore; so does a scope's glob.
    """
    rooted = entry.startswith("/")
    name = entry.removeprefix("./").strip("/")
    loose = "/" not in name and not rooted and (anywhere or any(sign in name for sign in "*?["))
    start = "(?:.*/)?" if loose else ""
    return re.compile(f"{start}{_regex(name)}(?:/.*)?\\Z", re.DOTALL | (re.IGNORECASE if anywhere else 0))


_PIECES = re.compile(r"/\*\*(?=/|$)|^\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", re.DOTALL)


def _regex(glob: str) -> str:
    if glob in ("", ".", "**"):
        return ".*"
    return "".join(_piece(piece) for piece in _PIECES.findall(glob))


def _piece(piece: str) -> str:
    known = {"/**": "(?:/.*)?", "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if piece in known:
        return known[piece]
    if len(piece) > 1:
        inner = piece[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(piece)
