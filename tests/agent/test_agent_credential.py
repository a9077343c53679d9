"""The credential reaches the forge over HTTP and nothing else: no disk, command line, message or agent."""

import base64
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shell.agent import git as git_module
from shell.agent import retry
from shell.agent.repository import Repository

from .disk_forge import DiskForge, Stage, Witness

TOKEN = "forge-token-0123456789"


def header(token: str) -> str:
    return "Basic " + base64.b64encode(f"caloron:{token}".encode()).decode()


HEADER = header(TOKEN)


class GitOverHttp(BaseHTTPRequestHandler):
    """Git's own HTTP backend behind a password."""

    root: Path
    asked: list[str]
    elsewhere = ""
    wanted = HEADER

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("Authorization", ""))
        if self.headers.get("Authorization") != self.wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        if path.startswith("/old.git"):
            self.send_response(301)
            self.send_header("Location", self.elsewhere + self.path.removeprefix("/old.git"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        environment = os.environ | {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "caloron",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        made = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=True
        )
        head, _, content = made.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def url(stage: Stage) -> Iterator[str]:
    GitOverHttp.root, GitOverHttp.asked = stage.folder, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitOverHttp)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/forge.git"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_attempt_over_http(stage: Stage, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[list[str]] = []
    real = subprocess.Popen.__init__

    def noted(self: Any, args: Any, *rest: Any, **named: Any) -> None:
        lines.append([str(word) for word in args])
        real(self, args, *rest, **named)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    result = stage.play("cat .git/config; env; grep -r forge-token . && exit 9; echo x > x.md", clone_url=url)
    assert result["outcome"] == "done", result
    assert stage.forge.text("x.md") == "x"
    assert set(GitOverHttp.asked) == {HEADER}
    secret = (TOKEN, HEADER.removeprefix("Basic "))
    assert not any(word in argument for line in lines for argument in line for word in secret)
    stored = b"".join(path.read_bytes() for path in stage.home.rglob("*") if path.is_file())
    assert not any(word.encode() in stored for word in secret)


def test_a_renamed_repository_is_found_again(stage: Stage, url: str) -> None:
    stage.forge.moved_to = url
    result = stage.run(clone_url=url.replace("forge.git", "old.git"))
    assert result["outcome"] == "done", result


def test_the_credential_follows_no_redirect(stage: Stage, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setblocking(False)
        elsewhere = f"http://127.0.0.1:{other.getsockname()[1]}/forge.git"
        monkeypatch.setattr(GitOverHttp, "elsewhere", elsewhere)
        stage.forge.moved_to = url.replace("forge.git", "old.git")
        assert stage.run(clone_url=stage.forge.moved_to)["outcome"] == "failed"
        with pytest.raises(BlockingIOError):
            other.accept()


def test_a_wrong_credential_is_said_without_showing_it(
    stage: Stage, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DiskForge, "credential", lambda *_: ("caloron", "wrong-token-987"))
    result = stage.run(clone_url=url)
    assert result["outcome"] == "failed" and "git ls-remote" in result["reason"]
    assert "wrong-token" not in str(result)


def test_a_forge_that_is_away_is_tried_again_and_then_said(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    real = Repository.fetch

    def counted(self: Repository, *branches: str) -> dict[str, str]:
        tries.append("fetch")
        return real(self, *branches)

    monkeypatch.setattr(Repository, "fetch", counted)
    monkeypatch.setattr(retry, "PAUSES_S", (0.01, 0.01))
    result = stage.run(clone_url="http://127.0.0.1:9/forge.git")
    assert result["outcome"] == "failed" and "127.0.0.1" in result["reason"]
    assert len(tries) == 3


def test_git_words_are_shown_without_the_credential(tmp_path: Path) -> None:
    credential = git_module.Credential("u", TOKEN)
    encoded = base64.b64encode(f"u:{TOKEN}".encode()).decode()
    with pytest.raises(git_module.GitError):  # git knows the credential from now on
        git_module.Git(tmp_path / "none", "http://127.0.0.1:9/x.git", lambda: credential).remote(
            "ls-remote", "{url}"
        )
    said = str(git_module.GitError(f"fatal: {TOKEN} and {encoded}"))
    assert said == "fatal: ••• and •••"
    assert TOKEN not in repr(credential)


def test_a_credential_that_changed_while_the_agent_worked_is_used_for_the_push(
    stage: Stage, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Renewing(Witness):
        def started(self, pid: int) -> None:
            monkeypatch.setattr(GitOverHttp, "wanted", header("renewed-token"))
            monkeypatch.setattr(DiskForge, "credential", lambda *_: ("caloron", "renewed-token"))

    stage.witness = Renewing()
    assert stage.run(clone_url=url)["outcome"] == "done"
    assert GitOverHttp.asked[0] == header(TOKEN) and GitOverHttp.asked[-1] == header("renewed-token")


@pytest.mark.parametrize(
    ("version", "words"),
    [("2.39.5", None), ("3.0", None), ("2.30.2", "git 2.38 or newer is needed"), (None, "install")],
)
def test_an_old_or_missing_git_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, words: str | None
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if version:
        (tmp_path / "git").write_text(f"#!/bin/sh\necho git version {version}\n")
        (tmp_path / "git").chmod(0o755)
    said = git_module.git_problem()
    assert said is None if words is None else words in (said or "")
