"""What the bot writes into an agent's home goes there, whatever the agent has put in its way."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from shell.agent.acp_agents import CODEX, GEMINI, Start
from shell.agent.frameworks import FRAMEWORKS
from shell.agent.home_files import read_file, remove_file, write_file
from shell.agent.logins import copy_logins, know_all

NAME = ".codex/auth.json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "auth.json").write_text("the machine's own\n")
    return tmp_path / "home"


def in_the_way(home: Path, how: str) -> None:
    outside = home.parent / "theirs"
    match how:
        case "a link to a file":
            (home / ".codex").mkdir()
            (home / NAME).symlink_to(outside / "auth.json")
        case "a link to a folder":
            (home / ".codex").symlink_to(outside)
        case "a file":
            (home / ".codex").write_text("no folder")
        case "a full folder":
            (home / NAME).mkdir(parents=True)
            (home / NAME / "inner").write_text("in the way")
        case "a closed folder":
            (home / ".codex").mkdir()
            (home / NAME).write_text("closed in")
            (home / ".codex").chmod(0)
        case "a pipe":
            (home / ".codex").mkdir()
            os.mkfifo(home / NAME)
        case "another name of a file":
            (home / ".codex").mkdir()
            os.link(outside / "auth.json", home / NAME)


WAYS = [
    *("nothing", "a link to a file", "a link to a folder", "a file", "a full folder", "a pipe"),
    *("another name of a file", "a closed folder"),
]


@pytest.mark.parametrize("how", WAYS)
def test_a_file_is_written_whatever_stands_in_its_way(home: Path, how: str) -> None:
    in_the_way(home, how)
    write_file(home, NAME, "ours\n")
    assert (home / NAME).read_text() == "ours\n" and (home / NAME).stat().st_mode & 0o777 == 0o600
    assert (home.parent / "theirs" / "auth.json").read_text() == "the machine's own\n"
    assert read_file(home, NAME) == "ours\n"


@pytest.mark.parametrize(
    "how", [way for way in WAYS if way not in ("another name of a file", "a closed folder")]
)
def test_only_a_plain_file_of_the_home_is_read(home: Path, how: str) -> None:
    in_the_way(home, how)
    assert read_file(home, NAME) == ""


@pytest.mark.parametrize("how", WAYS)
def test_a_file_is_removed_and_nothing_outside(home: Path, how: str) -> None:
    in_the_way(home, how)
    remove_file(home, NAME)
    assert not (home / NAME).is_file() or how == "a link to a folder"
    assert (home.parent / "theirs" / "auth.json").read_text() == "the machine's own\n"


@pytest.mark.parametrize("how", WAYS)
def test_neither_a_login_nor_settings_follow_what_an_agent_has_left(home: Path, how: str) -> None:
    """Before a further turn of a run they are written again, into a home that its agent had to itself."""
    person = home.parent / "person"
    for name in (NAME, ".gemini/settings.json", ".codex/config.toml"):
        (person / name).parent.mkdir(parents=True, exist_ok=True)
        (person / name).write_text('{"OPENAI_API_KEY": "sk-operator-0123456789"}')
    in_the_way(home, how)
    (home / ".gemini").symlink_to(home.parent / "theirs")
    given = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "GEMINI_API_KEY": "k-0123456789"}
    for framework, agent in (("codex-cli", CODEX), ("gemini-cli", GEMINI)):
        know_all(FRAMEWORKS[framework], {"HOME": str(person)}, home)
        copy_logins(FRAMEWORKS[framework], {"HOME": str(person)}, home)
        agent.begin(Start(home, given, None, True))
    assert sorted(os.listdir(home.parent / "theirs")) == ["auth.json"]
    assert (home.parent / "theirs" / "auth.json").read_text() == "the machine's own\n"
    assert read_file(home, ".codex/config.toml").startswith("openai_base_url")
    assert "gemini-api-key" in read_file(home, ".gemini/settings.json")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_the_agent_has_closed_is_opened_also_without_root(home: Path) -> None:
    """As the agent's own user: the bot's, where it is not root."""
    in_the_way(home, "a closed folder")
    home.chmod(0o777)
    for path in (home.parent, *home.parent.parents):
        path.chmod(path.stat().st_mode | 0o055)
    os.chown(home / ".codex", 65534, 65534)
    code = f"""
        import os, pathlib, sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from shell.agent.home_files import read_file, remove_file, write_file
        os.setuid(65534)
        home = pathlib.Path({str(home)!r})
        write_file(home, {NAME!r}, "ours")
        assert read_file(home, {NAME!r}) == "ours"
        os.chmod(home / ".codex", 0o500)
        remove_file(home, {NAME!r})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == 0 and not (home / NAME).exists(), done.stderr
