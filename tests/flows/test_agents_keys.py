"""`agents` of `.caloron.yml`: what an agent finds where it runs, and how long it may."""

import json
from collections.abc import Callable

import pytest

from bot.harness.scripted_agent import program_of
from shell.agent.trial import find_sandbox
from tests.flows.house import HANDED_IN
from tests.flows.play import Play

FILE = ".caloron.yml"
WALLS = find_sandbox()
REFUSED = "403 Not Allowed By Caloron Egress Rules"
LISTED, UNLISTED = "listed.example.org", "unlisted.example.org"
REACH = "import urllib.request as r; r.urlopen('https://{}/', timeout=30)"
LOOKS = f"""
printenv {HANDED_IN[0]} > env.txt
echo "$MCP_SERVERS" > mcp.txt
cat deps/it > setup.txt
python3 -c "{REACH.format(LISTED)}" 2> listed.txt
python3 -c "{REACH.format(UNLISTED)}" 2> unlisted.txt
true
"""
"""What this agent does: it writes down what it has."""
OWN = "agents:\n  framework: {acp: python3 -I tools/agent.py}\n"
GIVEN = f"""
  env: [{HANDED_IN[0]}]
  mcp: {{docs: {{command: docs-server}}}}
  network: [{LISTED}]
  setup: [mkdir -p deps; echo installed > deps/it]
"""


def found_by(play: Play, config: str) -> dict[str, str]:
    """File → text: what the agent of a sprint with this file wrote down."""
    play.write("main", "tools/agent.py", program_of(LOOKS), by=play.bot)
    play.write("main", ".gitignore", "deps/\n", by=play.bot)
    play.write("main", FILE, config, by=play.bot)
    kickoff = play.start("- looks: Write down what there is")
    head = play.pull("looks")["head"]["ref"]
    names = [name for name in play.bot.tree(play.repo, head) if name.endswith(".txt")]
    found = {name.partition(".")[0]: play.bot.file(play.repo, name, head) or "" for name in names}
    play.approve_until_closed(kickoff)
    return found


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
def test_an_agent_has_what_the_file_gives_it(staged: Callable[..., Play]) -> None:
    without, given = found_by(staged(), OWN), found_by(staged(), OWN + GIVEN)
    assert (without["env"].strip(), given["env"].strip()) == ("", HANDED_IN[1])
    assert (without["setup"].strip(), given["setup"].strip()) == ("", "installed")
    servers = json.loads(without["mcp"]), [one["name"] for one in json.loads(given["mcp"])]
    assert servers == ([], ["docs"])
    assert all(REFUSED in text for text in (without["listed"], without["unlisted"], given["unlisted"]))
    assert REFUSED not in given["listed"]


def test_a_run_is_ended_after_the_time_that_the_file_gives_it(play: Play) -> None:
    """A minute is the least that the file may give."""
    play.write("main", "tools/agent.py", program_of("echo half > half.txt; sleep 900"), by=play.bot)
    play.write("main", FILE, OWN + "  time_limit: 60 s\n", by=play.bot)
    kickoff = play.start("- long: Take your time")
    play.wait(lambda: play.outcomes("long"))
    [run] = play.runs("long")[:1]
    assert run["outcome"] == "timeout"
    play.say(kickoff, "/stop")
    play.wait(lambda: play.closed(kickoff))
    play.quiet()
