"""Files that git does not store as they stand in a folder: line ends, filters, LFS, odd names."""

import subprocess
from typing import Any

import pytest

from .disk_forge import Stage, git

WINDOWS = "one\r\ntwo\r\nthree\r\n"


@pytest.fixture
def attributes(stage: Stage) -> Any:
    """Gives the base `.gitattributes` without a look at what is stored already, as in many a repository."""
    stage.sandbox = "off"

    def give(text: str) -> None:
        clone = stage.forge.clone
        (clone / ".gitattributes").write_text(text)
        blob = git(clone, "hash-object", "-w", ".gitattributes")
        git(clone, "update-index", "--add", "--cacheinfo", f"100644,{blob},.gitattributes")
        git(clone, "commit", "-q", "-m", "attributes")
        git(clone, "push", "-q", "origin", "main")

    return give


def raw(stage: Stage, path: str, branch: str = "agent/s-1/t1") -> str:
    """As it is stored, line ends and all."""
    found = subprocess.run(
        ["git", "cat-file", "blob", f"{branch}:{path}"], cwd=stage.forge.bare, capture_output=True, check=True
    )
    return found.stdout.decode()


def changed(stage: Stage) -> list[str]:
    return git(stage.forge.bare, "diff", "--name-only", "main", "agent/s-1/t1").split()


@pytest.mark.parametrize("rule", ["* text=auto", "*.txt text", "*.txt eol=lf", "*.txt text eol=crlf"])
def test_only_what_the_agent_changed_is_in_the_commit(stage: Stage, attributes: Any, rule: str) -> None:
    stage.forge.commit({"left.txt": WINDOWS, "edited.txt": WINDOWS, "touched.txt": WINDOWS})
    attributes(f"{rule}\n")
    work = "sed -i 's/two/2/' edited.txt; touch left.txt; cat touched.txt > x; cat x > touched.txt; rm x"
    assert stage.play(work)["outcome"] == "done"
    assert changed(stage) == ["edited.txt"]
    assert raw(stage, "edited.txt") == "one\r\n2\r\nthree\r\n"


def test_new_files_are_stored_as_their_attributes_say(stage: Stage, attributes: Any) -> None:
    stage.forge.commit({"a.txt": "one\n"})
    attributes("*.bat text eol=crlf\n")
    assert stage.play("printf 'echo\\r\\n' > run.bat")["outcome"] == "done"
    assert raw(stage, "run.bat") == "echo\n"


def test_what_a_filter_would_encrypt_is_not_pushed_readable(stage: Stage, attributes: Any) -> None:
    stage.forge.commit({"keys/a.key": "\0GITCRYPT\0sealed", "b.txt": "b\n"})
    attributes("keys/** filter=git-crypt diff=git-crypt\n")
    for work in ("echo plain > keys/a.key", "echo plain > keys/new.key"):
        result = stage.play(f"{work}; echo more >> b.txt")
        assert result["outcome"] == "protected" and stage.forge.branches() == ["main"]
        assert "filter `git-crypt`" in result["reason"] and "Nothing was pushed" in result["reason"]
    assert stage.play("echo more >> b.txt")["outcome"] == "done"


def test_files_under_lfs_are_for_people(stage: Stage, attributes: Any) -> None:
    stage.forge.commit({"old.bin": "version https://git-lfs.github.com/spec/v1\n", "b.txt": "b\n"})
    attributes("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    result = stage.play("head -c 4000 /dev/zero > new.bin")
    assert result["outcome"] == "protected" and stage.forge.branches() == ["main"]
    assert "Git LFS" in result["reason"] and "new.bin" in result["reason"]
    assert stage.play("echo more >> b.txt; rm old.bin")["outcome"] == "done"
    assert changed(stage) == ["b.txt", "old.bin"]


@pytest.mark.parametrize(
    ("work", "says"),
    [
        ("echo x > README.MD", "only in case: README.MD"),
        ("echo x > new.md; echo y > New.md", "only in case"),
        ("mkdir DOCS; echo x > DOCS/b.md", "only in case: DOCS/b.md"),
        ("printf x > \"$(printf 'b\\351.txt')\"", "not UTF-8"),
    ],
)
def test_names_that_cannot_be_had_everywhere_are_refused(stage: Stage, work: str, says: str) -> None:
    stage.sandbox = "off"
    stage.forge.commit({"readme.md": "one\n", "docs/a.md": "a\n"})
    result = stage.play(work)
    assert result["outcome"] == "protected" and says in result["reason"], result
    assert stage.forge.branches() == ["main"]


def test_what_a_person_named_so_stays(stage: Stage) -> None:
    stage.sandbox = "off"
    stage.forge.commit({"readme.md": "one\n", "README.md": "two\n"})
    stage.forge.commit({"docs/a.md": "a\n", "Docs/b.md": "b\n"})
    assert stage.play("echo more >> README.md; echo c > docs/c.md")["outcome"] == "done"
