"""Git over HTTP, the control surface, faults of calls, pages, and the forge as a process."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from bot.fake_forge import FakeForge
from bot.fake_forge.git_http import pushed_refs
from tests.fake_forge.places import REPO, WebhookReceiver, hook
from tests.waiting import LIMIT_S

R = f"/repos/{REPO}"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.test", *words],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def cloned(forge: FakeForge, folder: Path, who: str) -> Path:
    url = f"{forge.url}/{REPO}.git".replace("://", f"://{who}:{forge.token(who)}@")
    git(folder, "clone", "-q", url, "work")
    return folder / "work"


def control(forge: FakeForge, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{forge.url}/_fake{path}", data, method=method), timeout=10
    ) as answer:
        return json.load(answer)


def test_a_push_moves_the_pull_request_and_is_told(
    gitea: FakeForge, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    work = cloned(gitea, tmp_path, "bot")
    git(work, "checkout", "-q", "-b", "agent/x/t1")
    (work / "a.txt").write_text("one\n")
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    git(work, "push", "-q", "origin", "HEAD")
    made = gitea.call("bot", "POST", f"{R}/pulls", {"title": "T", "head": "agent/x/t1", "base": "main"})[1]
    hook(gitea, receiver.url, ["push", "pull_request"])
    (work / "a.txt").write_text("two\n")
    git(work, "commit", "-qam", "two")
    git(work, "push", "-q", "--force-with-lease", "origin", "HEAD")
    sha = git(work, "rev-parse", "HEAD")
    assert gitea.call("bot", "GET", f"{R}/pulls/{made['number']}")[1]["head"]["sha"] == sha
    assert gitea.wait_for_deliveries()
    [push] = receiver.payloads("push")
    assert (push["ref"], push["after"]) == ("refs/heads/agent/x/t1", sha)
    assert push["commits"][0]["modified"] == ["a.txt"]
    [sync] = receiver.payloads("pull_request")
    assert (sync["action"], sync["pull_request"]["head"]["sha"]) == ("synchronized", sha)


def test_who_may_not_write_may_not_push(gitea: FakeForge, tmp_path: Path) -> None:
    work = cloned(gitea, tmp_path, "mallory")
    done = subprocess.run(["git", "push", "-q", "origin", "HEAD:x"], cwd=work, capture_output=True, text=True)
    assert done.returncode != 0 and "403" in done.stderr


def test_a_protected_branch_is_not_pushed_to(gitea: FakeForge, tmp_path: Path) -> None:
    gitea.call("bot", "POST", f"{R}/branch_protections", {"rule_name": "main"})
    work = cloned(gitea, tmp_path, "bot")
    (work / "a.txt").write_text("one\n")
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    done = subprocess.run(["git", "push", "origin", "main"], cwd=work, capture_output=True, text=True)
    assert done.returncode != 0 and "protected branch main" in done.stderr


def test_the_lines_of_a_push_are_read() -> None:
    line = f"{'0' * 40} {'a' * 40} refs/heads/x\0 report-status".encode()
    body = b"%04x%s" % (len(line) + 4, line) + b"0000PACK"
    assert pushed_refs(body) == [("0" * 40, "a" * 40, "refs/heads/x")]
    assert pushed_refs(b"0000") == []


def test_calls_are_logged_and_counted(gitea: FakeForge) -> None:
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    gitea.call("bot", "GET", f"{R}/issues/1")
    log = control(gitea, "GET", "/log")
    assert [(one["method"], one["user"], one["status"]) for one in log] == [
        ("POST", "alice", 201),
        ("GET", "bot", 200),
    ]
    assert log[0]["ns"] < log[1]["ns"]
    assert control(gitea, "GET", "/counts")["calls"][f"GET /api/v1{R}/issues/*"] == 1
    assert [one["n"] for one in control(gitea, "GET", f"/log?after={log[0]['n']}")] == [log[1]["n"]]


def test_users_and_repositories_are_made_from_outside(gitea: FakeForge) -> None:
    token = control(gitea, "POST", "/users", {"name": "carol"})["token"]
    made = control(
        gitea,
        "POST",
        "/repositories",
        {"full_name": "acme/other", "collaborators": {"carol": "write"}, "files": {"x.py": "x = 1\n"}},
    )
    assert token == gitea.token("carol") and made["full_name"] == "acme/other"
    given = {"repository": "acme/other", "files": {"y.py": "y = 1\n"}, "user": "carol"}
    assert len(control(gitea, "POST", "/commits", given)["sha"]) == 40
    assert gitea.call("carol", "GET", "/repos/acme/other/raw/y.py")[1] == "y = 1\n"


def test_a_rule_refuses_so_many_calls(gitea: FakeForge) -> None:
    rule = {"method": "POST", "path": "/issues$", "status": 503, "times": 1, "message": "not now"}
    control(gitea, "POST", "/faults", {"api": [rule]})
    answers = [gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})[0] for _ in range(2)]
    assert answers == [503, 201] and len(gitea.call("bot", "GET", f"{R}/issues")[1]) == 1


def test_a_lost_answer_leaves_what_was_done(gitea: FakeForge) -> None:
    gitea.set_faults(api=[{"path": "/issues$", "method": "POST", "status": 504, "times": 1, "after": True}])
    assert gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})[0] == 504
    assert gitea.call("bot", "GET", f"{R}/issues/1")[1]["title"] == "Goal"


def test_a_fault_that_is_none_is_refused(gitea: FakeForge) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(gitea, "POST", "/faults", {"dorp": 0.1})
    with refused.value as answer:
        assert b"unknown fault: dorp" in answer.read()


def test_a_reset_forgets_everything(gitea: FakeForge) -> None:
    control(gitea, "POST", "/reset", {"all": True})
    assert control(gitea, "GET", "/repositories") == [] and control(gitea, "GET", "/log") == []


def test_an_outage_and_its_end_keep_port_and_state(gitea: FakeForge) -> None:
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    url = gitea.url
    gitea.stop()
    with pytest.raises(urllib.error.URLError):
        gitea.call("bot", "GET", f"{R}/issues/1")
    gitea.start()
    assert gitea.url == url and gitea.call("bot", "GET", f"{R}/issues/1")[0] == 200


def test_a_person_sees_the_issue_without_hidden_comments(gitea: FakeForge) -> None:
    body = "- [x] done <b>\n\nsee #1\n<!-- caloron:board key=1 -->"
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal <1>", "body": body})
    with urllib.request.urlopen(f"{gitea.url}/{REPO}/issues/1", timeout=10) as answer:
        page = answer.read().decode()
    assert "Goal &lt;1&gt;" in page and "done &lt;b&gt;" in page and "caloron:board" not in page
    assert f'href="/{REPO}/issues/1">#1</a>' in page


def test_it_runs_as_a_process(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "bot.fake_forge", "--folder", str(tmp_path), "--dialect", "github"]
    line += ["--user", "bot", "--user", "root:admin", "--repository", REPO, "--collaborator", "bot:admin"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout
    try:
        ready = json.loads(process.stdout.readline())
        wanted = urllib.request.Request(f"{ready['api_url']}{R}")
        wanted.add_header("Authorization", f"Bearer {ready['users']['bot']['token']}")
        with urllib.request.urlopen(wanted, timeout=10) as answer:
            assert json.load(answer)["permissions"]["admin"] is True
    finally:
        process.terminate()
        assert process.wait(LIMIT_S) == 0
        process.stdout.close()
