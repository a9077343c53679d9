"""Which mails a real Gitea sends of a sprint to someone who watches the repository and plays no part."""

import email
import email.policy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.harness.environment import free_port
from shell.forge.gitea import GiteaForge
from tests.flows.house import BOT, House, served
from tests.flows.play import Play
from tests.real_gitea import USERS, running

WATCHER = "watcher"
TASKS = ("- a: One", "- b: Two (after: a)", "- c: Three (after: a)", "- d: Four (after: b, c)")
OF_A_TASK = ["issue opened", "pull request opened", "reviewed", "merged", "issue closed"]
"""What the forge itself tells of each task."""
MOST_BESIDE = 4


@dataclass(frozen=True)
class Mail:
    """One mail, as its reader sees it."""

    to: str
    subject: str
    text: str


@dataclass
class Sink:
    """An SMTP server that keeps what it gets."""

    mails: list[Mail] = field(default_factory=list)

    def of(self, login: str) -> list[Mail]:
        """What someone got."""
        return [mail for mail in self.mails if mail.to.startswith(f"{login}@")]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """The hook of aiosmtpd for one mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        read = email.message_from_bytes(content, policy=email.policy.default)
        text = read.get_body(("plain",))
        assert text
        for to in envelope.rcpt_tos:
            self.mails.append(Mail(to, str(read["Subject"]), text.get_content().strip()))
        return "250 OK"


@pytest.fixture(scope="module")
def sink() -> Iterator[tuple[Sink, int]]:
    """The server and its port."""
    kept, port = Sink(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield kept, port
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def mailing(sink: tuple[Sink, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The bot on a real Gitea that sends mails."""
    folder, (_, port) = tmp_path_factory.mktemp("gm"), sink
    ini = (
        "ENABLED=true",
        "PROTOCOL=smtp",
        "SMTP_ADDR=127.0.0.1",
        f"SMTP_PORT={port}",
        "FROM=forge@example.test",
    )
    told = [*(f"mailer.{line}" for line in ini), "service.ENABLE_NOTIFY_MAIL=true"]
    with running(folder / "server", *USERS, WATCHER, ini=told) as server:
        users, url = server["users"], server["url"]
        settings = {"GITEA_URL": url, "GITEA_TOKEN": users[BOT]["token"]}
        house = House("gitea", lambda login: GiteaForge(url, users[login]["token"]), settings, real=True)
        with served(house, folder / "bot") as up:
            yield up


def kind_of(mail: Mail) -> str:
    """What it tells; the first line of a comment, where it is one."""
    first = mail.text.splitlines()[0]
    for words, kind in (("closed #", "issue closed"), ("approved this", "reviewed"), ("merged #", "merged")):
        if first.startswith("*@") and words in first:
            return kind
    if mail.subject.startswith("Re: "):
        return first
    return "pull request opened" if first.startswith("Closes #") else "issue opened"


def number_of(mail: Mail) -> int:
    """The issue or pull request that it is about."""
    found = re.search(r"\(#(\d+)\)$", mail.subject)
    assert found, mail.subject
    return int(found[1])


@pytest.mark.gitea
def test_who_watches_a_sprint_that_goes_well_gets_no_mail_of_the_bot_s_beside_the_forge_s_own(
    mailing: House, sink: tuple[Sink, int]
) -> None:
    play, (kept, _) = Play(mailing, mailing.repository()), sink
    mailing.of(WATCHER).api.send("PUT", f"/repos/{play.repo}/subscription")
    kickoff = play.start(*TASKS)
    play.approve_until_closed(kickoff)
    last = play.open("The last one", "Nothing follows.")  # its mail was asked for after all others

    def told() -> list[tuple[int, str]]:
        return [(number_of(mail), kind_of(mail)) for mail in kept.of(WATCHER)]

    owed = {(last, "issue opened"), (kickoff, "issue closed")}
    play.wait(lambda: owed <= set(told()) and len(told()) >= len(OF_A_TASK) * len(TASKS) + len(owed))
    mails = [mail for mail in told() if mail[0] != last]
    table = "\n".join(f"{times} × #{number} {kind}" for (number, kind), times in Counter(mails).items())
    assert len(mails) == len(set(mails)), f"the same thing twice:\n{table}"
    of_tasks = sorted(kind for number, kind in mails if number != kickoff)
    assert of_tasks == sorted(OF_A_TASK * len(TASKS)), table
    beside = [kind for number, kind in mails if number == kickoff]
    assert len(beside) <= MOST_BESIDE, table
    assert [beside[0], *beside[2:]] == ["issue opened", "/approve", "issue closed"], table
    assert "is waiting for your approval" in beside[1], table
    assert "4 of 4 tasks done" in (play.written(kickoff, "retro") or "")
