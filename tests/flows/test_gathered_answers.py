"""More than ten answers a minute to one person are gathered into one comment; all that was asked is done."""

import re
import time
from typing import Any

from shell.store import keys
from tests.flows.play import Play

HEAD = "You asked for more than 10 answers within a minute."


def waiting(play: Play) -> list[Any]:
    """The gathered comments that are not due yet."""
    store = play.house.store
    assert store
    return [one for one in store.pending_actions(play.lane) if one["key"].startswith("gathered:")]


def hasten(play: Play) -> None:
    """As if the minute was over for the comment that is gathered."""
    store = play.house.store
    assert store
    [one] = waiting(play)
    store.client.zadd(keys.outbox_due(play.lane), {one["key"]: 0})
    store.client.zadd(keys.DUE, {play.lane: 0})
    play.wait(lambda: not waiting(play))
    play.quiet()


def gathered(play: Play, issue: int) -> list[str]:
    return [text for text in play.all_written(issue, "answer") if text.startswith(HEAD)]


def test_what_is_answered_beyond_ten_a_minute_is_one_comment_and_nothing_is_lost(play: Play) -> None:
    issue = play.open("A question", "What can it do?")
    other = play.open("Another", "And here?")
    began = time.monotonic()
    said = [play.say(issue, f"/caloron stauts n{number:02}", by=play.mallory) for number in range(13)]
    for comment in said:
        play.reacted(comment, "confused")
    said.append(play.say(other, "/caloron stauts n13", by=play.mallory))
    play.reacted(said[-1], "confused")
    play.wait(lambda: waiting(play) and "/caloron stauts n13" in waiting(play)[0]["body"])
    assert time.monotonic() - began < 45, "too slow to say what stands there within the minute"
    play.wait(lambda: len(play.all_written(issue, "answer")) >= 10)
    assert len(play.all_written(issue, "answer")) == 10 and play.all_written(other) == []

    play.say(issue, "/caloron stauts bob", by=play.bob)
    play.answer(issue, "/caloron stauts bob")  # nobody else waits for that
    hasten(play)
    [text] = gathered(play, issue)
    alone = [one for one in play.all_written(issue, "answer") if one != text and "bob" not in one]
    assert sorted(re.findall(r"n\d\d", text + "".join(alone))) == [f"n{number:02}" for number in range(14)]
    assert f"[#{other}]" in text and f"#issuecomment-{said[-1]}" in text

    last = play.say(other, "/caloron stauts n14", by=play.mallory)
    play.reacted(last, "confused")
    if not waiting(play):  # the minute is over on a slow machine: it is a comment again
        play.answer(other, "/caloron stauts n14")
        return
    hasten(play)
    [text] = gathered(play, issue)
    assert "n13" in text and "n14" in text
    assert len(play.all_written(issue, "answer")) == 12 and play.all_written(other) == []
