"""Agents that came by the forge's token: nobody reads it anywhere, and it does not leave."""

import base64
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from shell.store.connection import lenient
from tests.flows.play import Play
from tests.flows.recorded_agents import forms_of


def test_what_agents_print_and_report_shows_no_secret_anywhere(play: Play) -> None:
    kickoff = play.start("- shouter: Say what you see", "- teller: Say what you see")
    play.wait(lambda: play.is_in("shouter", "escalated"))
    play.pull("teller")
    play.say(play.task("shouter"), "/skip")
    play.approve_until_closed(kickoff)
    assert play.outcomes("teller") == ["done"] and "•••" in str(play.runs("teller")[0]["feedback"])
    assert any("•••" in text for text in play.all_written(kickoff)), "the words came, without the secret"
    _is_nowhere(play)


def test_work_that_holds_a_secret_does_not_leave_and_a_person_is_asked_at_once(play: Play) -> None:
    kickoff = play.start("- smuggler: Write notes")
    play.wait(lambda: play.is_in("smuggler", "escalated"))
    play.quiet()
    assert play.outcomes("smuggler") == ["secret"]
    assert play.pulls() == []
    assert play.bot.branch_head(play.repo, f"agent/{play.sprint_id(kickoff)}/smuggler") is None
    [note] = play.all_written(kickoff, "note")
    assert "a secret of the bot" in note and "Nothing was pushed" in note and "notes" in note
    play.say(kickoff, "/stop")
    play.wait(lambda: play.closed(kickoff))
    _is_nowhere(play)


def _is_nowhere(play: Play) -> None:
    """Neither on the forge, nor in the store, logs and files of the bot."""
    token = play.house.token
    forms = {"".join(form.split()) for form in forms_of(token)}
    # what stands in front of it and behind it in base64 depends on its neighbours
    forms = {form[4:-8] if form.endswith("=") else form for form in forms} | {token}
    forms |= {base64.b64encode(b"key: " + token.encode()).decode()[8:-8]}
    for where, text in _everything(play):
        joined = "".join(text.split())
        found = [form for form in forms if form in joined]
        assert not found, f"{where} shows {found}"


def _everything(play: Play) -> Iterator[tuple[str, str]]:
    found = play.bot.api.get(f"/repos/{play.repo}/issues", state="all")
    for issue in found:
        number = issue["number"]
        yield f"#{number}", f"{issue['title']} {issue['body']}"
        for comment in play.bot.issue_comments(play.repo, number):
            yield f"a comment on #{number}", comment["body"]
    store = play.house.store
    assert store
    with lenient(store.client) as client:  # a job's data is no text
        for key in client.scan_iter("*", 1000):
            yield f"the store's {key}", str(_value(client, key))
    for file in play.house.home.rglob("*"):
        if file.is_file() and file.parts[-2] != "store":
            yield str(file), _written(file).decode(errors="replace")


def _written(file: Path) -> bytes:
    """What was written into it: a kept disk is gigabytes long, and almost all of that a hole."""
    found, end = b"", 0
    with file.open("rb") as read:
        while (begin := _next_data(read.fileno(), end)) is not None:
            end = os.lseek(read.fileno(), begin, os.SEEK_HOLE)
            found += os.pread(read.fileno(), end - begin, begin)
    return found


def _next_data(file: int, after: int) -> int | None:
    try:
        return os.lseek(file, after, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


def _value(client: object, key: str) -> object:
    reads = {
        "string": "get",
        "hash": "hgetall",
        "set": "smembers",
        "list": "lrange",
        "zset": "zrange",
    }
    kind = client.type(key)  # type: ignore[attr-defined]  # the client has no types
    ends = (0, -1) if kind in ("list", "zset") else ()
    return getattr(client, reads[kind])(key, *ends) if kind in reads else ""
