"""A model that does what a script says, for the real agents: one server for all of their protocols.

A script answers each request with a move: write a file, run a line, say something, or fail. How a move is
made with the tools that the agent offers is known here, so that one script drives every agent.
"""

import gzip
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bot.harness.model_wires import Call, Reply, Text, Tools, Wire, wire_of


@dataclass(frozen=True)
class Write:
    """The model has a file written."""

    path: str
    text: str


@dataclass(frozen=True)
class Run:
    """The model has a line run by the shell."""

    line: str


@dataclass(frozen=True)
class Use:
    """The model calls the tool in whose name this stands, such as one of an MCP server."""

    tool: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Say:
    """The model says this, which ends the turn."""

    words: str


@dataclass(frozen=True)
class Fail:
    """The server refuses with this status."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CutOff:
    """The connection breaks in the middle of the answer."""


Move = Write | Run | Use | Say | Fail | CutOff


@dataclass(frozen=True)
class Asked:
    """One request to the model."""

    wire: str
    path: str
    headers: Mapping[str, str]
    """Their names in small letters."""
    body: Mapping[str, Any]
    tools: Tools
    steps: int
    """How many moves of this conversation were made already."""
    at: float
    """When it came, by the monotonic clock."""

    @property
    def text(self) -> str:
        """All of its words, each string in a line of its own."""
        return "\n".join(_strings(self.body))

    @property
    def is_aside(self) -> bool:
        """Whether it is about the work, such as for a title of it, and no part of it."""
        return not self.tools and not self.wants_blocks

    @property
    def wants_blocks(self) -> bool:
        """Whether files are changed by blocks in the answer's text, as Aider does it."""
        return not self.tools and _BLOCKS in self.text


Script = Callable[[Asked], Move]

_BLOCKS = "SEARCH/REPLACE block"
_WRITES = ("write", "write_file")
_RUNS = ("bash", "run_shell_command", "exec_command", "shell")
_FOLDER = re.compile(r"(/[\w./-]+/attempts/(?:[\w-]+/){5}files)(?![\w/-])")
_MOST_MOVES = 20


class ModelStub:
    """The running server."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.pause_s = 0.0
        """How long it waits before each piece of an answer."""
        self.asked: list[Asked] = []
        self.faults: list[BaseException] = []
        """What went wrong here, such as an agent without a tool that the script needs."""
        self.url = ""
        self.port = 0

    def environment(self) -> dict[str, str]:
        """What sends every framework here; the keys are none."""
        return {
            "ANTHROPIC_API_KEY": "sk-ant-of-the-model-stub",
            "ANTHROPIC_BASE_URL": self.url,
            "OPENAI_API_KEY": "sk-of-the-model-stub",
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_BASE": f"{self.url}/v1",
            "GEMINI_API_KEY": "key-of-the-model-stub",
            "GOOGLE_GEMINI_BASE_URL": self.url,
        }

    def work(self) -> list[Asked]:
        """The requests that are part of a task's work."""
        return [one for one in list(self.asked) if not one.is_aside]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, stub: ModelStub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stub = stub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that left in the middle is none; anything else is kept."""
        fault = sys.exception()
        if fault is not None and not isinstance(fault, ConnectionError):
            self.stub.faults.append(fault)


@contextmanager
def serving_model(script: Script) -> Iterator[ModelStub]:
    """The stub on a free port of this machine, while the block runs."""
    stub = ModelStub(script)
    server = _Server(stub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    stub.port = server.server_port
    stub.url = f"http://127.0.0.1:{stub.port}"
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply_to(asked: Asked, move: Write | Run | Use | Say, script: Script) -> Reply:
    """How a move is said to the agent that asked."""
    if asked.is_aside:
        return Text("A task")
    if asked.wants_blocks:
        return Text(_in_blocks(asked, script))
    match move:
        case Say(words):
            return Text(words)
        case Write(path, text):
            return _write(asked, path, text)
        case Run(line):
            return _run(asked, line)
        case Use(tool, given):
            return _use(asked, tool, given)


def _write(asked: Asked, path: str, text: str) -> Call:
    if name := _named(asked.tools, _WRITES):
        parameters = asked.tools[name]
        takes = next(one for one in parameters if one.lower().replace("_", "") in ("filepath", "path"))
        return Call(name, {takes: f"{_folder(asked)}{path}", "content": text})
    if "exec" in asked.tools:
        added = "".join(f"+{line}\n" for line in text.splitlines())
        patch = f"*** Begin Patch\n*** Add File: {path}\n{added}*** End Patch\n"
        return Call("exec", f"text(await tools.apply_patch({json.dumps(patch)}));")
    raise ValueError(f"no tool that writes is among {', '.join(asked.tools)}")


def _run(asked: Asked, line: str) -> Call:
    if name := _named(asked.tools, _RUNS):
        parameters = asked.tools[name]
        given = {"cmd" if "cmd" in parameters else "command": line}
        return Call(name, given | ({"description": "A step"} if "description" in parameters else {}))
    if "exec" in asked.tools:
        return Call("exec", f"text(await tools.exec_command({json.dumps({'cmd': line})}));")
    raise ValueError(f"no tool that runs commands is among {', '.join(asked.tools)}")


def _use(asked: Asked, tool: str, given: Mapping[str, Any]) -> Call:
    """One of an agent's own language calls it in a program; another has it looked up first."""
    if name := next((name for name in asked.tools if tool in name), None):
        return Call(name, given)
    if "exec" in asked.tools:
        find = f"Object.keys(tools).find((name) => name.includes({json.dumps(tool)}))"
        return Call("exec", f"text(JSON.stringify(await tools[{find}]({json.dumps(given)})));")
    if "ToolSearch" in asked.tools and (found := re.search(rf"[\w-]*{re.escape(tool)}", asked.text)):
        return Call("ToolSearch", {"query": f"select:{found[0]}", "max_results": 1})
    raise ValueError(f"no tool {tool} is among {', '.join(asked.tools)}")


def _named(tools: Tools, names: tuple[str, ...]) -> str | None:
    return next((tool for name in names for tool in tools if tool.lower() == name), None)


def _folder(asked: Asked) -> str:
    """The agent's folder, where it says it to its model: some tools want whole paths."""
    found = _FOLDER.search(asked.text)
    return f"{found[1]}/" if found else ""


def _in_blocks(asked: Asked, script: Script) -> str:
    """All moves at once: such an agent makes the changes of one answer, and is done."""
    said: list[str] = []
    for number in range(_MOST_MOVES):
        move = script(Asked(**{**vars(asked), "steps": number}))
        if isinstance(move, Write):
            said.append(f"{move.path}\n```\n<<<<<<< SEARCH\n=======\n{move.text}>>>>>>> REPLACE\n```\n")
        elif isinstance(move, Say):
            return "\n".join([*said, move.words])
    raise ValueError("the script does not come to its end")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"

    @property
    def stub(self) -> ModelStub:
        assert isinstance(self.server, _Server)
        return self.server.stub

    def do_HEAD(self) -> None:
        self._send(200, {})

    def do_GET(self) -> None:
        """Lists of models; a connection that wants to become another one is refused."""
        upgrade = "upgrade" in (self.headers.get("connection") or "").lower()
        self._send(426 if upgrade else 200, {"object": "list", "data": [], "models": []})

    def do_POST(self) -> None:
        body = json.loads(self._read() or b"{}")
        wire = wire_of(self.path)
        if wire is None:
            self._send(200, {"input_tokens": 10, "totalTokens": 10})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        about = (wire.name, self.path, headers, body, wire.tools(body), wire.steps(body))
        asked = Asked(*about, time.monotonic())
        self.stub.asked.append(asked)
        self._answer(asked, wire, self.stub.script)

    def _answer(self, asked: Asked, wire: Wire, script: Script) -> None:
        move = script(asked)
        if isinstance(move, Fail):
            time.sleep(self.stub.pause_s)
            words = f"The model stub answers {move.status}"
            self._send(move.status, wire.fault(move.status, words), move.headers)
            return
        cut_off = isinstance(move, CutOff)
        reply = Text("This will not") if isinstance(move, CutOff) else reply_to(asked, move, script)
        if wire.streams(asked.body, asked.path):
            self._stream(wire.stream(asked.body, reply), cut_off)
        else:
            time.sleep(self.stub.pause_s)
            self._send(200, wire.whole(asked.body, reply), cut_off=cut_off)

    def _stream(self, pieces: Iterator[str], cut_off: bool) -> None:
        """Without a length, in chunks: what is cut off has no last one."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            time.sleep(self.stub.pause_s)
            content = piece.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
            self.wfile.flush()
            if cut_off:
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _send(
        self,
        status: int,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        cut_off: bool = False,
    ) -> None:
        content = b"" if self.command == "HEAD" else json.dumps(body).encode()
        self.send_response(status)
        fields = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        for name, value in {**fields, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut_off else content)
        self.close_connection = self.close_connection or cut_off

    def _read(self) -> bytes:
        content = b"".join(self._chunks()) if self.headers.get("transfer-encoding") else self._sized()
        return gzip.decompress(content) if self.headers.get("content-encoding") == "gzip" else content

    def _sized(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().strip() or b"0", 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: what was asked is kept."""
