"""An agent for tests and attacks: it speaks the Agent Client Protocol, and its work is a shell script.

It runs alone, behind walls too: `program_of` returns its text with the script in it. The script gets the
prompt as its input, and the MCP servers of its session in MCP_SERVERS; what it prints is what the agent
says; where it fails, the agent ends with its status.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path


def program_of(script: str) -> str:
    """The text of a program, to be made executable, whose every turn is this script."""
    own = Path(__file__).read_text(encoding="utf-8").partition("# The program\n")[2]
    imports = "import contextlib\nimport json\nimport os\nimport subprocess\nimport sys\n\n"
    return f"#!{sys.executable} -I\n{imports}{own}\n\nspeak({script!r})\n"


# The program


def send(**message: object) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def say(session: str, text: str) -> None:
    update = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}
    send(method="session/update", params={"sessionId": session, "update": update})


def work(script: str, session: str, prompt: str) -> None:
    """Run the script, and say what it prints as it comes; exit where it fails."""
    with subprocess.Popen(
        ["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as running:
        assert running.stdin is not None and running.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # a script that reads no prompt
            running.stdin.write(prompt.encode())
            running.stdin.close()
        while printed := os.read(running.stdout.fileno(), 65536):
            say(session, printed.decode(errors="replace"))
    if running.returncode:
        sys.exit(running.returncode if running.returncode > 0 else 128 - running.returncode)


def speak(script: str) -> None:
    """Answer until the client is done."""
    for line in sys.stdin:
        request = json.loads(line)
        result: dict[str, object] = {}
        match request["method"]:
            case "initialize":
                result = {"protocolVersion": 1}
            case "session/new":
                os.environ["MCP_SERVERS"] = json.dumps(request["params"].get("mcpServers"))
                result = {"sessionId": "s1"}
            case "session/prompt":
                text = "".join(part["text"] for part in request["params"]["prompt"])
                work(script, "s1", text)
                result = {"stopReason": "end_turn"}
        if "id" in request:
            send(id=request["id"], result=result)
