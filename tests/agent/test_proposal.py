"""What a pull request would bring, as the shell's own git shows it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from shell.agent.path_rules import FLOOR, holds_protected, protected
from shell.agent.proposal import brought, kept_heads, leads_out, look_at
from shell.agent.repository import Repository


class Forge:
    """A repository on disk, where anyone may do anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "x")
        self.git("config", "user.email", "x@y")
        self.base = self.commit("README.md", "hello\n")
        self.git("checkout", "-qb", "agent")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, path: str, text: str | None = None, link: str | None = None) -> str:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if link is not None:
            file.symlink_to(link)
        else:
            file.write_text(text or "")
        self.git("add", "-A", "-f")
        self.git("commit", "-qm", f"Write {path}")
        return self.git("rev-parse", "HEAD")

    def move_base(self, path: str = "other.txt", text: str = "base\n") -> None:
        self.git("checkout", "-q", "main")
        self.commit(path, text)
        self.git("checkout", "-q", "agent")

    def update(self, *more: str) -> str:
        """Merge the base in; `more` is done to the files before the merge is committed."""
        self.git("merge", "-q", "--no-commit", "--no-ff", "main")
        for path in more:
            (self.folder / path).write_text("evil\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "Merge main")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path / "forge")


@pytest.fixture
def copy(forge: Forge, tmp_path: Path) -> Repository:
    return Repository(tmp_path / "copy.git", str(forge.folder))


def heads(copy: Repository) -> tuple[str, str]:
    found = copy.fetch("main", "agent")
    return found["main"], found["agent"]


def test_a_merge_of_the_base_alone_keeps_the_heads_before_it(forge: Forge, copy: Repository) -> None:
    first = forge.commit("a.txt", "a\n")
    forge.move_base()
    second = forge.update()
    forge.move_base("third.txt")
    third = forge.update()
    base, head = heads(copy)
    assert kept_heads(copy, base, head) == [third, second, first]
    found = look_at(copy, base, head, [])
    assert found.updates == {second, third} and not found.behind
    forge.move_base("fourth.txt")
    assert look_at(copy, *heads(copy), []).behind


def test_a_merge_that_brings_more_keeps_nothing(forge: Forge, copy: Repository) -> None:
    forge.commit("a.txt", "a\n")
    forge.move_base()
    evil = forge.update("a.txt")
    base, head = heads(copy)
    assert kept_heads(copy, base, head) == [evil]
    assert look_at(copy, base, head, []).updates == frozenset()


def test_a_merge_of_another_branch_keeps_nothing(forge: Forge, copy: Repository) -> None:
    forge.commit("a.txt", "a\n")
    forge.git("checkout", "-qb", "side", "main")
    forge.commit("side.txt", "s\n")
    forge.git("checkout", "-q", "agent")
    forge.git("merge", "-q", "--no-ff", "-m", "Merge side", "side")
    base, head = heads(copy)
    assert kept_heads(copy, base, head) == [head]


def test_an_undone_base_is_seen_in_the_difference(forge: Forge, copy: Repository) -> None:
    forge.commit("a.txt", "a\n")
    forge.move_base(".github/workflows/ci.yml", "good\n")
    forge.git("merge", "-q", "--no-ff", "-s", "ours", "-m", "Merge main", "main")
    base, head = heads(copy)
    assert look_at(copy, base, head, []).guarded == (".github/workflows/ci.yml",)


@pytest.mark.parametrize("link", ["/etc/passwd", "../../out", "~/x", "a/../../b", ".git/config", "C:/x"])
def test_a_link_out_of_the_tree_is_found(forge: Forge, copy: Repository, link: str) -> None:
    forge.commit("docs/x", link=link)
    base, head = heads(copy)
    found = look_at(copy, base, head, ["infra/**"])
    assert (found.links, found.guarded) == (("docs/x",), ())


def test_a_link_within_the_tree_is_none_but_in_place_of_what_is_protected(
    forge: Forge, copy: Repository
) -> None:
    forge.commit("docs/x", link="../README.md")
    forge.commit("infra", link="docs")
    base, head = heads(copy)
    found = look_at(copy, base, head, ["infra/secret.tf"])
    assert (found.links, found.guarded) == ((), ("infra",))
    assert not leads_out("docs/x", "../README.md")


def test_a_submodule_leads_out(forge: Forge, copy: Repository) -> None:
    forge.git("update-index", "--add", "--cacheinfo", f"160000,{forge.base},lib")
    forge.git("commit", "-qm", "A submodule")
    base, head = heads(copy)
    assert look_at(copy, base, head, []).links == ("lib",)


def test_what_a_push_brought(forge: Forge, copy: Repository) -> None:
    first = forge.commit("a.txt", "a\n")
    second = forge.commit("b.txt", "b\n")
    base, head = heads(copy)
    assert look_at(copy, base, head, []).commits == (second, first)
    pushes: list[tuple[dict[str, Any], list[str]]] = [
        ({"commits": [first], "before": None, "after": None}, [first]),
        ({"commits": [], "before": first, "after": second}, [second]),
        ({"commits": [], "before": "0" * 39 + "1", "after": second}, [second, first]),
        ({"commits": [], "before": first, "after": "0" * 39 + "1"}, []),
    ]
    for push, commits in pushes:
        assert brought(copy, base, push) == commits


PROTECTED = """
.github/workflows/ci.yml .github/actions/x/action.yml .GitHub/Workflows/CI.yml .gitea/workflows/a.yml
.forgejo/workflows/a.yml .woodpecker.yml .woodpecker/a.yml .drone.yml .gitlab-ci.yml Jenkinsfile
deep/jenkinsfile
.circleci/config.yml azure-pipelines.yml bitbucket-pipelines.yml .travis.yml appveyor.yml .appveyor.yml
.buildkite/pipeline.yml .tekton/x.yaml .cirrus.yml .husky/pre-commit .pre-commit-config.yaml lefthook.yml
.githooks/pre-push .gitmodules .gitattributes sub/.gitattributes .devcontainer/devcontainer.json
.vscode/tasks.json .caloron.yml .caloron/blueprint.yml docs/CODEOWNERS AGENTS.md agents.md sub/CLAUDE.md
.claude/settings.json GEMINI.md .codex/config.toml .gemini/settings.json .qwen/x .opencode/x opencode.json
.prow.yaml .prow/jobs.yaml .vela.yml bitrise.yml codemagic.yaml screwdriver.yaml .onedev-buildspec.yml
.space.kts .evergreen.yml circle.yml .mergify.yml .mergify/config.yml .simple-git-hooks.json
.zed/settings.json .agents/skills/x/SKILL.md
.aider.conf.yml .cursor/rules/a.mdc .cursorrules .github/copilot-instructions.md .mcp.json
""".split()


@pytest.mark.parametrize(
    "path", [*PROTECTED, ".git\u200dhub/workflows/x", ".github./workflows/x", ".GITHUB\\x"]
)
def test_what_is_always_protected(path: str) -> None:
    assert protected(["src/fine.py", path]) == [path]


@pytest.mark.parametrize("path", ["src/main.py", "docs/github.md", "vscode/x", "my.husky", "src/agents.py"])
def test_what_is_not_protected(path: str) -> None:
    assert protected([path]) == []
    assert len(FLOOR) == len(set(FLOOR)) and not holds_protected(path, ["infra/x"])
