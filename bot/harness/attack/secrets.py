"""Agents, git, forges, errors and diffs that hold a secret, written in every usual way."""

import base64
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from bot.cli.up import environment
from bot.harness.environment import free_port
from shell.agent.acp import STEP, Conversation
from shell.agent.acp_agents import ANY
from shell.agent.git import Git, GitError
from shell.agent.harness import Job, run_job
from shell.agent.leaks import leaks
from shell.agent.tree import changes, final_tree
from shell.errors import Refused, Unavailable, trace_of
from shell.forge.http import Connection
from shell.logging import log_of, set_up
from shell.own_environment import USES, kind_of
from shell.processes import children
from shell.queue import QUEUES
from shell.secrets import know
from shell.settings import Settings
from shell.store import Store, connect, keys
from shell.valkey import serving

from .kind import Arena, Defence, Kind, Tried

_PROCESSES = ("store", "web", *QUEUES, "clock")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TITLE, _UNSEEN = 300, 9
"""Characters of a step's title that are shown, and those at the end of a form that a cut then takes."""
_AT_A_TIME = 7
"""Bytes that the agent prints before it flushes."""


def forms(secret: str) -> dict[str, str]:
    """How a secret may be written."""
    raw = secret.encode()
    found = {
        "in clear": secret,
        "over a line end": secret[:11] + "\n" + secret[11:],
        "over a quoted line end": secret[:11] + "\n> " + secret[11:],
        "letter by letter": "\n".join(secret),
        "in colours": secret[:11] + "\x1b[1m" + secret[11:],
        "percent-encoded": "".join(f"%{byte:02X}" for byte in raw),
        "partly percent-encoded": quote(secret[:5]) + f"%{raw[5]:02x}" + secret[6:],
        "JSON escapes": "".join(f"\\u{byte:04x}" for byte in raw),
        "HTML": "".join(f"&#{byte};" for byte in raw),
        "hexadecimal": raw.hex(),
        "capital hexadecimal": raw.hex().upper(),
    }
    for before in range(3):
        found[f"base64 at {before}"] = base64.b64encode(b"?" * before + raw + b"?").decode()
        found[f"URL-safe base64 at {before}"] = base64.urlsafe_b64encode(b"?" * before + raw + b"?").decode()
        found[f"base64 at {before} in lines"] = base64.encodebytes(b"?" * (48 + before) + raw).decode()
    return found


def shows(text: str, form: str) -> bool:
    """Whether more of the form is there than its ends, which depend on what stands beside it in base64."""
    wanted, there = "".join(form.split()), "".join(text.split())
    return any(wanted[at : at + 12] in there for at in range(8, len(wanted) - 20, 4)) and _core(form) in there


def _core(form: str) -> str:
    joined = "".join(form.split())
    return joined[-24:-10]


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield from _environments(arena)
    for number in range(1 if arena.short else 3):
        secret = "".join(arena.random.choices(_LETTERS, k=40))
        know(secret)
        folder = arena.folder / str(number)
        folder.mkdir()
        written = forms(secret)
        yield from _printed(folder, written)
        yield from _told_by_protocol(folder, written)
        yield from _said_by_a_forge(written)
        yield from _kept(folder, written)
        yield from _logged(written)
        yield from _pushed(folder, written)


def _environments(arena: Arena) -> Iterator[Tried]:
    """What the environments of the processes of a real bot hold, beside what each uses."""
    letters = arena.random.choices
    held = {name: "".join(letters(_LETTERS, k=40)) for name in sorted(Settings.names(secret=True))}
    given = {
        "GITEA_URL": "http://127.0.0.1:1",
        "GITHUB_APP_ID": "1",
        "CALORON_HOME": str(arena.folder / "home"),
        "CALORON_FRAMEWORK": "claude-code",
        "CALORON_AGENTS": "1",
        "PORT": str(free_port()),
        "CALORON_SHELL_PORT": str(free_port()),
        "MY_DATABASE_PASSWORD": "".join(letters(_LETTERS, k=40)),
    }
    base = {name: text for name, text in environment().items() if name in ("PATH", "PYTHONPATH", "HOME")}
    with (arena.folder / "up.log").open("wb") as log:
        command = [sys.executable, "-P", "-m", "bot.cli", "up"]
        up = subprocess.Popen(command, env=base | held | given, stdout=log, stderr=log)
    try:
        deadline = monotonic() + 30
        while len(processes := children(up.pid)) < len(_PROCESSES) and monotonic() < deadline:
            sleep(0.05)
        secret = held | {"MY_DATABASE_PASSWORD": given["MY_DATABASE_PASSWORD"]}
        for name, pid in processes.items():
            text, uses = _environment_of(pid), USES.get(kind_of(name), frozenset())
            for variable, value in secret.items():
                spilled = value in text and variable not in uses
                yield Tried(f"{variable} in {name}", not spilled, "it is there" if spilled else "")
        yield Tried("all processes are there", len(processes) >= len(_PROCESSES), ", ".join(processes))
    finally:
        up.terminate()
        up.wait(30)


def _environment_of(pid: int) -> str:
    """Empty where it is closed to us."""
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""


class _Witness:
    """What is told of a run."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, pid: int) -> None:
        return

    def heartbeat(self, last_sign_at: str) -> None:
        return

    def may_go_on(self) -> bool:
        return True

    def pushing(self, commit: str, partial: bool = False) -> None:
        return

    def output(self, line: str) -> None:
        self.lines.append(line)


def _printed(folder: Path, written: dict[str, str]) -> Iterator[Tried]:
    """An agent prints each form a few bytes at a time; a mark stands before and behind it."""
    said = folder / "said"
    said.write_text("".join(f"\n<{n}>\n{form}\n</{n}>\n" for n, form in enumerate(written.values())))
    program = (
        "import sys\nwhole = open(sys.argv[1], 'rb').read()\n"
        f"for at in range(0, len(whole), {_AT_A_TIME}):\n"
        f"    sys.stdout.buffer.write(whole[at:at + {_AT_A_TIME}]); sys.stdout.flush()\n"
    )
    witness, log = _Witness(), folder / "log"
    command = [sys.executable, "-I", "-c", program, str(said)]
    ended = run_job(Job(command, folder, {}, log, 60.0), witness)
    for where, text in (("tail", ended.tail), ("log", log.read_text()), ("lines", "\n".join(witness.lines))):
        for n, (name, form) in enumerate(written.items()):
            part = text.partition(f"<{n}>")[2].partition(f"</{n}>")[0]
            yield Tried(f"an agent's {where}: {name}", bool(part) and not shows(part, form), part[:80])


_AGENT = """
import json, sys
results = {"initialize": {"protocolVersion": 1}, "session/new": {"sessionId": "s"}}
def send(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "session/prompt":
        for update in json.load(open(sys.argv[1])):
            send(method="session/update", params={"update": update})
    send(id=asked["id"], result=results.get(asked["method"], {"stopReason": "end_turn"}))
"""


def _told_by_protocol(folder: Path, written: dict[str, str]) -> Iterator[Tried]:
    """An agent of the protocol: a step parts each form in its words, and its titles end within one."""
    updates = folder / "updates.json"
    updates.write_text(
        json.dumps([one for n, form in enumerate(written.values()) for one in _updates(n, form)])
    )
    witness, log = _Witness(), folder / "protocol.log"
    conversation = Conversation(ANY.profile, folder, "Task: t1")
    command = [sys.executable, "-I", "-c", _AGENT, str(updates)]
    ended = run_job(Job(command, folder, {}, log, 60.0, conversation=conversation), witness)
    for where, text in (("tail", ended.tail), ("log", log.read_text()), ("lines", "\n".join(witness.lines))):
        for n, (name, form) in enumerate(written.items()):
            for what in ("words", "title", "growing"):
                part = text.partition(f"<{what}{n}>")[2].partition(f"</{what}{n}>")[0]
                held = bool(part) and not shows(part.replace(STEP + "a step", ""), form)
                yield Tried(f"a protocol agent's {where}, {what}: {name}", held, part[:400])


def _updates(n: int, form: str) -> Iterator[dict[str, Any]]:
    """Words that a step parts; a title that is cut before the form ends; one that comes piece by piece."""

    def words(text: str) -> dict[str, Any]:
        return {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}

    def step(title: str) -> dict[str, Any]:
        return {"sessionUpdate": "tool_call_update", "toolCallId": "1", "title": title}

    before = "x" * (_TITLE + _UNSEEN - len(" ".join(form.split())) - 1)
    for what, updates in {
        "words": [words(form[: len(form) // 2]), step("a step"), words(form[len(form) // 2 :])],
        "title": [step(f"{before} {form}")],
        "growing": [step(f"run {form[:-_UNSEEN]}")],
    }.items():
        yield from (words(f"<{what}{n}>\n"), *updates, words(f"\n</{what}{n}>\n"))


def _said_by_a_forge(written: dict[str, str]) -> Iterator[Tried]:
    """A forge refuses, and fails, with the secret in its message; git too."""
    server = HTTPServer(("127.0.0.1", 0), _Forge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        forge = Connection(f"http://127.0.0.1:{server.server_port}", {})
        for name, form in written.items():
            for status in (422, 503):
                _Forge.answer = (status, json.dumps({"message": f"no: {form}"}).encode())
                try:
                    forge.get("/")
                    said = "no error"
                except (Refused, Unavailable) as error:
                    said = str(error)
                yield Tried(f"a forge's {status}: {name}", "no: " in said and not shows(said, form), said)
            said = str(GitError(f"remote: {form}"))
            yield Tried(f"git's error: {name}", not shows(said, form), said)
    finally:
        server.shutdown()
        server.server_close()


class _Forge(BaseHTTPRequestHandler):
    answer = (200, b"{}")

    def do_GET(self) -> None:
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


def _kept(folder: Path, written: dict[str, str]) -> Iterator[Tried]:
    """Events, receipts and dead letters in a real store."""
    with serving(folder / "store") as url:
        store = Store(connect(url))
        for name, form in written.items():
            event: Any = {
                "type": "agent_finished",
                "key": "k",
                "feedback": {"notes": form, "blockers": [form]},
            }
            store.put_event("gitea-1", event)
            [kept] = store.client.lrange(keys.inbox("gitea-1"), -1, -1)
            yield Tried(f"an event: {name}", not shows(str(kept), form), str(kept)[:120])
            try:
                raise ValueError(form)
            except ValueError as error:
                store.add_dead_letter("x", {"reason": trace_of(error), "action": {"body": form}})
            letter = json.dumps(store.dead_letters(1), ensure_ascii=False)
            yield Tried(f"a dead letter: {name}", not shows(letter, form), letter[:120])
            receipt = store.receipt(store.dead_letter(b"{}", {}, form))
            yield Tried(f"a receipt: {name}", not shows(str(receipt), form), str(receipt))


def _logged(written: dict[str, str]) -> Iterator[Tried]:
    stream = io.StringIO()
    set_up("attack", stream)
    for name, form in written.items():
        stream.truncate(0)
        log_of("attack").error("failed", reason=form)
        yield Tried(f"a line of the log: {name}", not shows(stream.getvalue(), form), stream.getvalue()[:120])
    set_up("attack")


def _pushed(folder: Path, written: dict[str, str]) -> Iterator[Tried]:
    """A changed file, its name, the commit message, title and text of the pull request."""
    git = Git(folder / "git")
    git.git_dir.mkdir()
    git.run("init", "--quiet", "--bare")
    empty = git.run("mktree").text
    for n, (name, form) in enumerate(written.items()):
        work = folder / f"work{n}"
        work.mkdir()
        (work / "notes.txt").write_text("x" * 70_000 + "\n" + form + "\n" + "y" * 70_000)
        found = changes(git, empty, final_tree(git, work, folder / f"index{n}"))
        places = leaks(git, found, "a message", {"pr_title": "a title"})
        yield Tried(f"a pushed file: {name}", bool(places), str(places))
        yield Tried(f"a commit message: {name}", bool(leaks(git, [], form, {})), "")
        yield Tried(f"a title: {name}", bool(leaks(git, [], "", {"pr_title": form})), "")
    (work / "notes.txt").write_text("nothing to hide\n" * 10_000)
    found = changes(git, empty, final_tree(git, work, folder / "index"))
    said = leaks(git, found, "a message", {"pr_title": "a title"})
    yield Tried("a file without a secret leaves", not said, str(said))


KIND = Kind(
    "secrets",
    "agents, git, forges, errors and diffs that hold a secret in clear, encoded or in pieces",
    play,
    (
        Defence(
            "each alignment of base64", "shell/secrets.py", "for skipped in range(3):", "for skipped in (0,):"
        ),
        Defence(
            "an agent's output is masked as a stream",
            "shell/agent/transcript.py",
            "self._take(self.masked.feed(read))",
            'self._take(read.decode(errors="replace"))',
        ),
        Defence(
            "a step does not part a secret in an agent's words",
            "shell/agent/acp.py",
            'self._words.feed(_bounded(text).encode(errors="replace"))',
            "_bounded(text)",
        ),
        Defence(
            "a step's title is masked before it is cut",
            "shell/agent/acp.py",
            "masked = masked_start(title, _LONGEST_TEXT, goes_on=True)",
            'masked = " ".join(title.split())[:_LONGEST_TITLE]',
        ),
        Defence(
            "events are masked before they are kept",
            "shell/store/inbox.py",
            "write(mask_value(event))",
            "write(event)",
        ),
        Defence(
            "a process holds only its own secrets",
            "shell/own_environment.py",
            "return mine | {",
            "return dict(whole) | {",
        ),
        Defence(
            "logs are masked",
            "shell/logging.py",
            "return as_line(super().__call__(logger, name, event_dict))",
            "return super().__call__(logger, name, event_dict)",
        ),
        Defence(
            "work is searched before it leaves", "shell/agent/leaks.py", "if stands_in(content):", "if False:"
        ),
    ),
)
