"""The command line as people and scripts meet it: words, JSON, exit codes, no tracebacks."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.doctor import token_scopes
from bot.cli.main import COMMANDS, main
from bot.cli.output import plain_text, table
from bot.fake_forge import FakeForge
from handlers.repository_labels import OFFERED_LABELS
from shell.admission import admission_of
from shell.errors import Refused
from shell.forge.gitea import GiteaForge
from shell.installations import lanes, note
from shell.settings import Settings
from shell.store import Store, connect

ROOT = Path(__file__).parents[2]
GOOD = {"CALORON_WEBHOOK_SECRET": "s3cret", "GITEA_URL": "http://127.0.0.1:1", "GITEA_TOKEN": "t0ken"}


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in {str(field.validation_alias) for field in Settings.model_fields.values()} & set(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("CALORON_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, *words: str, **given: str) -> int:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    code = ended.value.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
        return 1
    return code or 0


def test_help_lists_every_command_that_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--help") == 0
    said = capsys.readouterr().out
    there = [name for name in COMMANDS if (ROOT / "bot" / "cli" / f"{name}.py").exists()]
    assert {"up", "demo", "config", "doctor", "install"} <= set(there)
    assert all(f"\n  {name} " in said for name in there)


def test_config_shows_values_and_sources_but_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "config", "--output", "json", **GOOD) == 0
    said = capsys.readouterr().out
    rows = {row["name"]: row for row in json.loads(said)["settings"]}
    assert rows["GITEA_URL"]["source"] == "environment"
    assert "s3cret" not in said and "t0ken" not in said
    for output in ("text", "table"):
        assert run(monkeypatch, "config", "--output", output, **GOOD) == 0
        said = capsys.readouterr().out
        assert "CALORON_TICK_S" in said and "t0ken" not in said


def test_config_with_something_wrong_names_it_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "config", **GOOD | {"PORT": "nine"}) == 1
    said = capsys.readouterr()
    assert "CALORON_TICK_S" in said.out and "PORT is wrong" in said.err


@pytest.mark.parametrize("command", [["up"], ["doctor"], ["install", "acme/shop"]])
def test_nothing_starts_without_its_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, *command) == 1
    said = capsys.readouterr().err
    assert "CALORON_WEBHOOK_SECRET is missing" in said and "Traceback" not in said
    assert not (tmp_path / "home").exists()


def test_doctor_names_what_is_bad_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "doctor", "--output", "json", **GOOD) == 1
    found = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["gitea"]["state"] == "bad" and "token" in found["gitea"]["words"]
    assert found["git"]["state"] == "good"
    assert found["store"]["state"] == "mind" and "caloron up" in found["store"]["words"]


def test_doctor_says_how_agents_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(monkeypatch, "doctor", "--output", "json", **GOOD | {"CALORON_SANDBOX": "off"}) == 1
    found = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["sandbox"]["state"] == "mind" and "`off`" in found["sandbox"]["words"]
    assert "2048 processes" in found["limits"]["words"] and "16384 open files" in found["limits"]["words"]
    assert found["login"]["state"] == "mind" and "no login of claude-code" in found["login"]["words"]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-0123")
    run(monkeypatch, "doctor", "--output", "json", **GOOD | {"CALORON_SANDBOX": "required"})
    found = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["sandbox"]["state"] == "bad" and "install it" in found["sandbox"]["words"]
    assert found["login"]["state"] == "good" and "by the environment" in found["login"]["words"]


def test_doctor_says_which_scopes_a_token_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(repo: str, number: int) -> None:
        raise Refused(403, "token does not have at least one of required scope(s): [write:issue]")

    with FakeForge(folder=tmp_path / "forge") as forge:
        client = GiteaForge(forge.api_url, forge.add_user("caloron"))
        forge.add_repository("acme/shop", collaborators={"caloron": "admin"})
        assert token_scopes(client, "gitea", "acme/shop").state == "good"
        monkeypatch.setattr(client, "delete_comment", refuse)
        found = token_scopes(client, "gitea", "acme/shop")
        assert found.state == "bad" and "write:repository, write:issue, read:user" in found.words


def test_install_where_the_forge_is_away_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "install", "acme/shop", **GOOD) == 1
    said = capsys.readouterr().err
    assert "127.0.0.1" in said and len(said.strip().splitlines()) == 1 and "Traceback" not in said


def test_install_makes_one_hook_however_often_and_the_labels(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeForge(folder=tmp_path / "forge") as forge:
        token = forge.add_user("caloron")
        number = forge.add_repository("acme/shop", collaborators={"caloron": "admin"})["id"]
        given = GOOD | {"GITEA_URL": forge.url, "GITEA_TOKEN": token}
        for _ in range(2):
            assert run(monkeypatch, "install", "acme/shop", **given) == 0
        assert "caloron:sprint" in capsys.readouterr().out
        _, hooks = forge.call("caloron", "GET", "/repos/acme/shop/hooks")
        assert [hook["config"]["url"] for hook in hooks] == [
            f"http://127.0.0.1:8080/webhooks/gitea/repo/{number}"
        ]
        _, labels = forge.call("caloron", "GET", "/repos/acme/shop/labels?limit=50")
        assert {label["name"] for label in OFFERED_LABELS} <= {label["name"] for label in labels}

        run(monkeypatch, "doctor", "--output", "json", **given)
        found = {row["what"]: row["state"] for row in json.loads(capsys.readouterr().out)}
        assert (found["gitea"], found["acme/shop"], found["acme/shop hook"]) == ("good",) * 3


def test_what_was_installed_can_be_taken_out_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, valkey: str
) -> None:
    with FakeForge(folder=tmp_path / "forge") as forge:
        token = forge.add_user("caloron")
        number = forge.add_repository("acme/shop", collaborators={"caloron": "admin"})["id"]
        given = GOOD | {"GITEA_URL": forge.url, "GITEA_TOKEN": token, "REDIS_URL": valkey}
        given["CALORON_HOME"] = str(tmp_path / "home")
        store, lane = Store(connect(valkey)), f"gitea-{number}"
        other = {"type": "gitea", "config": {"url": "http://elsewhere.test/webhooks", "content_type": "json"}}
        forge.call("caloron", "POST", "/repos/acme/shop/hooks", other | {"events": ["push"], "active": True})
        assert run(monkeypatch, "install", "acme/shop", **given) == 0
        assert store.installed() == {lane} == set(lanes(tmp_path / "home"))

        assert run(monkeypatch, "install", "--remove", "acme/shop", **given) == 0
        assert "is taken out" in capsys.readouterr().out
        assert store.installed() == set() == set(lanes(tmp_path / "home"))
        _, hooks = forge.call("caloron", "GET", "/repos/acme/shop/hooks")
        assert [hook["config"]["url"] for hook in hooks] == ["http://elsewhere.test/webhooks"]
        admitted = admission_of(
            Settings.of(given), {"repo": "acme/shop", "owner_id": 1}, lane in store.installed()
        )
        assert not admitted.let_in

        assert run(monkeypatch, "install", "--remove", "acme/shop", **given, CALORON_REPOS="acme/*") == 0
        assert "still lets it in (acme/*)" in capsys.readouterr().out
        assert run(monkeypatch, "install", "--remove", "acme/none", **given) == 1
        assert "cannot be seen" in capsys.readouterr().err


def test_one_that_the_forge_does_not_show_any_more_is_taken_out_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, valkey: str
) -> None:
    given = GOOD | {"CALORON_HOME": str(tmp_path / "home"), "REDIS_URL": valkey}
    note(tmp_path / "home", "gitea-7", "acme/shop")
    Store(connect(valkey)).note_installed("gitea-7")
    assert run(monkeypatch, "install", "--remove", "Acme/Shop", **given) == 0
    said = capsys.readouterr().out
    assert "is taken out" in said and "could not be deleted" in said
    assert lanes(tmp_path / "home") == {} and Store(connect(valkey)).installed() == set()


def test_install_without_the_right_says_what_to_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeForge(folder=tmp_path / "forge") as forge:
        given = GOOD | {"GITEA_URL": forge.url, "GITEA_TOKEN": forge.add_user("caloron")}
        forge.add_repository("acme/shop", collaborators={"caloron": "write"})
        assert run(monkeypatch, "install", "acme/shop", **given) == 1
        assert "administer" in capsys.readouterr().err
        assert run(monkeypatch, "install", "acme/none", **given) == 1
        assert "cannot be seen" in capsys.readouterr().err


def test_a_token_that_is_not_accepted_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeForge(folder=tmp_path / "forge") as forge:
        forge.add_user("caloron")
        forge.add_repository("acme/shop", collaborators={"caloron": "admin"})
        given = GOOD | {"GITEA_URL": forge.url, "GITEA_TOKEN": "an-old-one"}
        assert run(monkeypatch, "install", "acme/shop", **given) == 1
        said = capsys.readouterr().err
        assert said.startswith("Error: acme/shop cannot be seen: ") and "the token was not accepted" in said
        assert run(monkeypatch, "doctor", "--output", "json", **given) == 1
        found = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
        words = found["gitea"]["words"]
        assert "the token was not accepted (" in words and "check its address and token" in words


def test_a_second_up_on_one_home_is_refused_in_words(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with (home / "up.lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = os.environ | GOOD | {"CALORON_HOME": str(home), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "bot.cli", "up"]
        refused = subprocess.run(command, capture_output=True, text=True, env=told, cwd=tmp_path, check=False)
    assert refused.returncode == 1
    assert "already runs" in refused.stderr and "4711" in refused.stderr and "Traceback" not in refused.stderr


def test_a_table_is_aligned() -> None:
    assert plain_text(table([{"a": 1, "b": "x"}, {"a": 22, "b": None}])) == "a   b\n1   x\n22"
    assert plain_text(table([])) == "(nothing)"
