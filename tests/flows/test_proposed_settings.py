"""A pull request that changes `.caloron.yml`: a status and one comment say what that would do."""

from typing import Any

import pytest

from tests.flows.house import MALLORY, Client, House
from tests.flows.play import Play

FILE = ".caloron.yml"
CHECK = f"caloron/{FILE}"
SETTINGS = "pipeline:\n  parallel: 1\n"


def status(play: Play, sha: str) -> tuple[str, str] | None:
    """What the bot's status of a head says, and why."""
    found = play.bot.api.get(f"/repos/{play.repo}/commits/{sha}/status")["statuses"] or []
    ours = [one for one in found if one["context"] == CHECK]
    return (ours[0].get("status") or ours[0]["state"], ours[0]["description"]) if ours else None


def said(play: Play, number: int, words: str) -> str:
    """The bot's one comment there, once it has these words."""

    def look() -> list[str]:
        return [text for text in play.all_written(number, "config") if words in text]

    play.wait(look)
    [found] = play.all_written(number, "config")
    return found


def proposed(play: Play, branch: str, text: str, by: Client | None = None) -> tuple[int, str]:
    """A pull request that writes the file so, and its head."""
    client = by or play.alice
    play.write(branch, f"{branch}.txt", "one\n", by=client)
    head = play.write(branch, FILE, text, by=client)
    return client.create_pull(play.repo, "Other settings", "", branch, "main")["number"], head


def in_force(play: Play) -> Any:
    """What the bot holds of the file."""
    store = play.house.store
    assert store
    config = store.load(play.lane).state.get("config")
    return config["values"] if config else None


def test_a_pull_request_that_changes_the_settings_is_told_what_that_would_do(play: Play) -> None:
    play.write("main", FILE, SETTINGS, by=play.bot)
    play.kickoff("- a: Do one thing")
    play.wait(lambda: in_force(play) == {"parallel": 1})
    number, wrong = proposed(play, "settings", "pipeline:\n  paralel: 2\n")
    assert play.wait(lambda: status(play, wrong)) == ("failure", "It has 1 mistake, the first on line 2")
    words = said(play, number, "paralel")
    assert f"[line 2, column 3]({play.bot.repository(play.repo)['html_url']}/" in words
    assert f"{wrong}/{FILE}#L2): unknown key `pipeline.paralel`; did you mean" in words

    better = play.write("settings", FILE, "pipeline:\n  parallel: 2\nmerge: {mode: manual}\n")
    assert play.wait(lambda: status(play, better)) == ("success", "It changes 2 settings")
    words = said(play, number, better[:10])
    page = f"{play.bot.repository(play.repo)['html_url']}/"
    assert f"- [`pipeline.parallel`]({page}" in words and "/.caloron.yml#L2): `1` → `2`" in words
    assert "#L3): `on-approval` → `manual`" in words and "agents" not in words

    same = play.write("settings", FILE, f"# as it was\n{SETTINGS}")
    assert play.wait(lambda: status(play, same)) == ("success", "It changes no setting")
    said(play, number, "changes no setting that is in effect")
    play.quiet()
    assert in_force(play) == {"parallel": 1}
    assert len(play.all_written(number)) == 1


def test_one_that_leaves_them_alone_hears_nothing(play: Play) -> None:
    """Neither does one whose branch only lacks what the base says by now, nor one into another branch."""
    play.write("other", "other.txt", "one\n")
    play.write("main", FILE, SETTINGS, by=play.bot)
    play.kickoff("- a: Do one thing")
    head = play.write("other", "other.txt", "two\n")
    number = play.alice.create_pull(play.repo, "Another thing", "", "other", "main")["number"]
    play.opened(number, "pull")
    play.write("elsewhere", "elsewhere.txt", "one\n")
    elsewhere = play.write("elsewhere", FILE, "nothing: known\n")
    aside = play.alice.create_pull(play.repo, "Not into main", "", "elsewhere", "other")["number"]
    play.opened(aside, "pull")
    looked = [one for one in play.told() if one["type"] == "seen" and one["what"] == "proposal"]
    assert [(one["number"], one["there"]["touched"]) for one in looked] == [(number, False)]
    assert play.all_written(number) == play.all_written(aside) == []
    assert status(play, head) is status(play, elsewhere) is None


def test_what_it_would_change_follows_the_base(play: Play) -> None:
    play.kickoff("- a: Do one thing")
    play.wait(lambda: in_force(play) == {})
    number, head = proposed(play, "settings", SETTINGS)
    said(play, number, "`2` → `1`")
    play.write("main", FILE, "pipeline:\n  parallel: 4\n", by=play.bot)
    said(play, number, "`4` → `1`")
    assert status(play, head) == ("success", "It changes 1 setting")


@pytest.mark.gitea
def test_a_stranger_proposes_them_from_a_fork(on_real_gitea: House) -> None:
    play = Play(on_real_gitea, on_real_gitea.repository())
    play.kickoff("- a: Do one thing")
    name = play.repo.partition("/")[2]
    play.mallory.api.send("POST", f"/repos/{play.repo}/forks", {})
    there = Play.__new__(Play)
    there.house, there.repo = play.house, f"{MALLORY}/{name}"
    head = there.write("main", FILE, "pipeline:\n  paralel: 2\n", by=play.mallory)
    made = play.mallory.create_pull(play.repo, "Better", "", f"{MALLORY}:main", "main")
    said(play, made["number"], "paralel")
    assert (status(play, head) or ("",))[0] == "failure"
    assert in_force(play) == {}
