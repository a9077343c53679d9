"""What people do in a scenario, and what they then see on the forge."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shell.errors import Refused
from shell.forge.protocol import Comment, Issue, Pull
from shell.marker import read_marks
from shell.store import keys
from tests.flows.house import ALICE, BOB, BOT, MALLORY, Client, House
from tests.waiting import LIMIT_S, Found, until

if TYPE_CHECKING:
    from stages.world import AgentFinished

Shape = dict[str, Any]
PLAN_LABEL = "caloron:sprint"
_LATER_S = 30.0
"""What is due only so much later keeps nobody waiting."""


class Play:
    """One scenario: a repository, its people, and what the forge shows of it."""

    def __init__(self, house: House, repo: str) -> None:
        self.house, self.repo = house, repo
        self.bot, self.alice, self.bob, self.mallory = map(house.of, (BOT, ALICE, BOB, MALLORY))
        self.lane = house.lane(repo)
        self.approved_heads: set[str] = set()
        self.limit_s = LIMIT_S

    # what people do

    def open(self, title: str, body: str, by: Client | None = None, labels: tuple[str, ...] = ()) -> int:
        """An issue."""
        number: int = (by or self.alice).create_issue(self.repo, title, body, labels)["number"]
        return number

    def kickoff(self, *tasks: str, goal: str = "A thing to be made.") -> int:
        """An issue with tasks, labelled as a sprint by alice, once its plan is on the board."""
        number = self.open("A sprint", "\n".join([goal, "", *tasks]))
        self.alice.set_labels(self.repo, number, [PLAN_LABEL], [])
        self.wait(lambda: self.written(number, "board"))
        return number

    def start(self, *tasks: str) -> int:
        """A kickoff whose plan alice approved."""
        number = self.kickoff(*tasks)
        self.say(number, "/approve")
        return number

    def say(self, number: int, text: str, by: Client | None = None) -> int:
        """A comment; its id."""
        comment_id: int = (by or self.alice).comment(self.repo, number, text)["comment_id"]
        return comment_id

    def approve_all(self) -> None:
        """Alice approves each open pull request of the bot's, each head once."""
        for pull in self.pulls():
            head = pull["head"]["sha"]
            if pull["state"] == "open" and head not in self.approved_heads:
                self.approved_heads.add(head)
                self.alice.review(self.repo, pull["number"], "approve", "Good.")

    def approve_until_closed(self, number: int) -> None:
        """Alice approves what comes until the issue is closed and all of that is shown."""

        def look() -> bool:
            self.approve_all()
            return self.closed(number)

        self.wait(look)
        self.quiet()

    def write(self, branch: str, path: str, text: str, by: Client | None = None) -> str:
        """One commit of one file to a branch, made from main where it is not there; the branch's new head."""
        client = by or self.alice
        content = base64.b64encode(text.encode()).decode()
        said = {"message": f"Write {path}", "content": content, "branch": branch}
        old = None
        if client.branch_head(self.repo, branch):
            old = self._blob(client, branch, path)
        elif self.house.kind == "gitea":
            said |= {"branch": "main", "new_branch": branch}
        else:
            ref = {"ref": f"refs/heads/{branch}", "sha": client.branch_head(self.repo, "main")}
            client.api.send("POST", f"/repos/{self.repo}/git/refs", ref)
        method = "PUT" if old or self.house.kind == "github" else "POST"
        where = f"/repos/{self.repo}/contents/{path}"
        done = client.api.send(method, where, said | ({"sha": old} if old else {}))
        return str(done["commit"]["sha"])

    def first_commit(self) -> None:
        """The first commit of an empty repository."""
        said = {"message": "Begin", "content": base64.b64encode(b"# Begin\n").decode(), "branch": "main"}
        method = "PUT" if self.house.kind == "github" else "POST"
        self.bot.api.send(method, f"/repos/{self.repo}/contents/README.md", said)

    def protect_main(self, *checks: str, approvals: int = 0) -> None:
        """From now on main wants these checks, and so many approvals."""
        if self.house.kind == "github":
            reviews = {"required_approving_review_count": approvals} if approvals else None
            wanted = {"strict": False, "contexts": list(checks)} if checks else None
            rule = {"required_status_checks": wanted, "required_pull_request_reviews": reviews}
            path = f"/repos/{self.repo}/branches/main/protection"
            self.bot.api.send("PUT", path, {**rule, "enforce_admins": True, "restrictions": None})
            return
        told = {"rule_name": "main", "branch_name": "main", "required_approvals": approvals}
        told |= {"enable_status_check": bool(checks), "status_check_contexts": list(checks)}
        self.bot.api.send("POST", f"/repos/{self.repo}/branch_protections", told)

    def unprotect_main(self) -> None:
        """Main wants nothing any more."""
        rule = "branches/main/protection" if self.house.kind == "github" else "branch_protections/main"
        self.bot.api.send("DELETE", f"/repos/{self.repo}/{rule}")

    def branch_path(self, branch: str) -> str:
        """Where a branch is to be deleted."""
        return f"git/refs/heads/{branch}" if self.house.kind == "github" else f"branches/{branch}"

    def request_changes(self, number: int, text: str, path: str, remark: str) -> None:
        """A review by alice that asks for changes, with a remark on the first line of a file."""
        where = {"new_position": 1} if self.house.kind == "gitea" else {"line": 1, "side": "RIGHT"}
        comments = [{"path": path, "body": remark, **where}]
        said = {"event": "REQUEST_CHANGES", "body": text, "comments": comments}
        self.alice.api.send("POST", f"/repos/{self.repo}/pulls/{number}/reviews", said)

    def _blob(self, client: Client, branch: str, path: str) -> str | None:
        try:
            return str(client.api.get(f"/repos/{self.repo}/contents/{path}", ref=branch)["sha"])
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return None

    # what is seen

    def wait(self, look: Callable[[], Found | None]) -> Found:
        """The look's first true answer; else the test fails with what the bot did so far."""
        store = self.house.store
        assert store
        return until(look, self.story, self.limit_s, lambda: store.version(self.lane))

    def quiet(self) -> None:
        """Wait until the bot has nothing left to take in, to do or to show, and goes on having nothing.

        Where it was at rest before and after the forge was asked for deliveries on their way, and has decided
        nothing in between, nothing was on its way at all.
        """
        since, known = time.monotonic(), self._rest()

        def look() -> bool:
            nonlocal since, known
            before, known = known, self._rest()
            if known is None or known != before:
                since = time.monotonic()
                return False
            return time.monotonic() - since >= self.house.calm_s

        until(look, self.story, self.limit_s)

    def rests(self) -> bool:
        """Whether, at this moment, nothing is left to take in, to do or to show."""
        return self._rest() is not None

    def _rest(self) -> int | None:
        """How often the bot has decided in this lane; None while it or the forge has something to do."""
        store = self.house.store
        assert store
        decided, (taking_in, unshown) = store.version(self.lane), store.lanes_waiting()
        to_do = [one for one in store.pending_actions(self.lane) if one.get("due_in_s", 0) < _LATER_S]
        waiting = self.lane in taking_in or self.lane in unshown or to_do
        return None if waiting or self.house.delivering() else decided

    def heard(self, comment_id: int) -> None:
        """Wait until a comment's delivery was handled, as its receipt says, and what came of it is done."""
        self.wait(lambda: self._receipts(f"comment:{comment_id}:"))
        self.quiet()

    @contextmanager
    def noticed(self, what: str, by: str = ALICE) -> Iterator[None]:
        """The deliveries of what someone does here to `issue:N`, `pull:N`, `commit:SHA` or `branch:NAME`.

        At the end at least one is handled, as its receipt says, and what came of it is done.
        """
        before = self._noticed(what, by)
        yield
        self.wait(lambda: self._noticed(what, by) - before)
        self.quiet()

    def opened(self, number: int, kind: str = "issue", by: str = ALICE) -> None:
        """Wait until the delivery of a new issue or pull request was handled, and what came of it is done."""
        self.wait(lambda: self._noticed(f"{kind}:{number}", by))
        self.quiet()

    def _noticed(self, what: str, by: str) -> set[str]:
        done = self._receipts(f"changed:{what}:")
        return {str(event.get("receipt")) for event in self.told() if event.get("actor") == by} & done

    def _receipts(self, key: str) -> set[str]:
        """The handled deliveries of this lane whose key begins like that; what is done once stays so."""
        store, known = self.house.store, self.house.receipts
        assert store
        new = [name for name in store.client.scan_iter("receipt:*", 1000) if name not in known]
        found = [json.loads(text) for text in store.client.mget(new) if text] if new else []
        known |= {keys.receipt(one["id"]): one for one in found if one["status"] == "done"}
        ours = [one for one in known.values() if one.get("lane") == self.lane]
        return {str(one["id"]) for one in ours if str(one["key"]).startswith(key)}

    def written(self, number: int, kind: str) -> str | None:
        """The newest text of this kind that the bot wrote on a thread."""
        texts = self.all_written(number, kind)
        return texts[-1] if texts else None

    def told(self) -> list[Any]:
        """The events that the bot has handled, in their order."""
        store = self.house.store
        assert store
        return [entry["event"] for entry in store.journal(self.lane, 0)]

    def all_written(self, number: int, kind: str | None = None) -> list[str]:
        """What the bot wrote on a thread, of one kind or of all."""
        ours = [one["body"] for one in self.bot.issue_comments(self.repo, number) if one["author"] == BOT]
        return [
            re.sub(r"\n*<!--.*?-->\s*$", "", body)
            for body in ours
            if kind is None or any(mark["kind"] == kind for mark in read_marks(body))
        ]

    def answer(self, number: int, words: str) -> str:
        """The one answer on a thread that holds these words, once it is there."""

        def look() -> list[str]:
            return [text for text in self.all_written(number, "answer") if words in text]

        found = self.wait(look)
        assert len(found) == 1, found
        return found[0]

    def comment(self, number: int, kind: str) -> Comment:
        """The one comment of this kind on a thread."""
        found = [
            one
            for one in self.bot.issue_comments(self.repo, number)
            if one["author"] == BOT and any(mark["kind"] == kind for mark in read_marks(one["body"]))
        ]
        assert len(found) == 1, [one["body"] for one in found]
        return found[0]

    def tasks(self) -> dict[str, Issue]:
        """The task issues that the bot made, by their task's id; two of one task are a failure."""
        made: dict[str, Issue] = {}
        for issue in self.bot.issues_with_label(self.repo, "caloron:task"):
            marks = [mark for mark in read_marks(issue["body"] or "") if mark["kind"] == "task"]
            if issue["author"] == BOT and marks:
                assert marks[0]["task"] not in made, f"two issues of {marks[0]['task']}"
                made[marks[0]["task"]] = issue
        return made

    def task(self, task_id: str) -> int:
        """The number of a task's issue, once it is there."""
        issue = self.wait(lambda: self.tasks().get(task_id))
        assert issue
        return int(issue["number"])

    def pulls(self) -> list[Pull]:
        """All pull requests of the bot's, the oldest first."""
        there = self.bot.api.get(f"/repos/{self.repo}/pulls", state="all")
        numbers = sorted(pull["number"] for pull in there if pull["user"]["login"] == BOT)
        return [self.bot.pull(self.repo, number) for number in numbers]

    def pull_of(self, task_id: str) -> Pull | None:
        """The newest pull request of a task."""
        return next((p for p in reversed(self.pulls()) if p["head"]["ref"].endswith(f"/{task_id}")), None)

    def merged(self, task_id: str) -> bool:
        """Whether the newest pull request of a task is merged."""
        found = self.pull_of(task_id)
        return found is not None and found["merged"]

    def pull(self, task_id: str) -> Pull:
        """The open pull request of a task, once it is there and known to be under review."""

        def look() -> Pull | None:
            found = self.pull_of(task_id)
            return (
                found
                if found and found["state"] == "open" and self.is_in(task_id, "review-pending")
                else None
            )

        found = self.wait(look)
        assert found
        return found

    def message(self, task_id: str) -> str:
        """That of the last commit of a task's open pull request."""
        number = self.pull(task_id)["number"]
        commits: list[Shape] = self.bot.api.get(f"/repos/{self.repo}/pulls/{number}/commits")
        return str(commits[-1]["commit"]["message"])

    def next_head(self, task_id: str, before: Pull) -> Pull:
        """The pull request once its branch has another head."""

        def look() -> Pull | None:
            found = self.pull(task_id)
            return found if found["head"]["sha"] != before["head"]["sha"] else None

        return self.wait(look)

    def is_in(self, task_id: str, state: str) -> bool:
        """Whether a task's issue shows this state label."""
        issue = self.tasks().get(task_id)
        return bool(issue and f"caloron:{state}" in issue["labels"])

    def runs(self, task_id: str) -> list[AgentFinished]:
        """How the runs of a task's agent ended, the first one first."""
        store = self.house.store
        assert store
        told = [entry["event"] for entry in store.journal(self.lane, 0)]
        return [one for one in told if one["type"] == "agent_finished" and one["task_id"] == task_id]

    def has_written(self, task_id: str, path: str) -> int:
        """Wait until the first run of a task has written this file; its process."""
        started = self.wait(lambda: self._started(task_id))
        files = f"{task_id}/1/space/files/{path}"
        folder = self.house.home / "attempts" / self.lane
        self.wait(lambda: any(folder.glob(f"*/{files}")) or _on_its_own_disk(started["pid"], files))
        return int(started["pid"])

    def _started(self, task_id: str) -> Any:
        started = (one for one in self.told() if one["type"] == "agent_started")
        return next((one for one in started if one["task_id"] == task_id), None)

    def outcomes(self, task_id: str) -> list[str]:
        """The outcomes of a task's runs."""
        return [str(run["outcome"]) for run in self.runs(task_id)]

    def was_told(self, task_id: str) -> bool:
        """Whether the last run of the agent met the words that its recording waits for in the prompt."""
        return "I was told" in str(self.runs(task_id)[-1]["output_tail"])

    def prompt_of(self, task_id: str, attempt: int = 1) -> str:
        """What a run of a task's agent was asked to do, once the first one has reported its end."""
        store = self.house.store
        assert store
        first = self.wait(lambda: self.runs(task_id))[0]
        key = f"{first['sprint_id']}/{task_id}/run/{attempt}"
        run = store.run(self.lane, key)
        assert run
        return str(run["spec"]["prompt"])

    def sprint_id(self, kickoff: int) -> str:
        """The sprint's id, as the board's marker has it."""
        [found] = [m for m in read_marks(self.comment(kickoff, "board")["body"]) if m["kind"] == "board"]
        return str(found["sprint"])

    def issue(self, number: int) -> Issue:
        """An issue as it is now."""
        return self.bot.issue(self.repo, number)

    def closed(self, number: int) -> bool:
        """Whether an issue is closed."""
        return bool(self.issue(number)["state"] == "closed")

    def reactions(self, comment_id: int) -> set[str]:
        """The bot's reactions on a comment."""
        path = f"/repos/{self.repo}/issues/comments/{comment_id}/reactions"
        return {one["content"] for one in self.bot.api.get(path) or [] if one["user"]["login"] == BOT}

    def issue_reacted(self, number: int, *contents: str) -> None:
        """Wait until exactly these are the bot's reactions on an issue's own text."""

        def look() -> bool:
            rows = self.bot.api.get(f"/repos/{self.repo}/issues/{number}/reactions") or []
            return {one["content"] for one in rows if one["user"]["login"] == BOT} == set(contents)

        self.wait(look)

    def reacted(self, comment_id: int, *contents: str) -> None:
        """Wait until exactly these are the bot's reactions."""
        self.wait(lambda: self.reactions(comment_id) == set(contents))

    def nothing_started(self, comment_id: int) -> None:
        """The comment was handled, and no task issue and no pull request came of it."""
        self.heard(comment_id)
        assert self.tasks() == {}
        assert self.pulls() == []

    def story(self) -> str:
        """The journal of the lane and what stands in its way, for a failed test."""
        store = self.house.store
        assert store
        lines = [line(entry) for entry in store.journal(self.lane, 0)][-60:]
        state = store.load(self.lane).state
        tasks = {name: task.get("status") for name, task in (state.get("tasks") or {}).items()}
        return "\n".join([*lines, f"pending: {store.pending_actions(self.lane)}", f"tasks: {tasks}"])


def _on_its_own_disk(pid: int, file: str) -> bool:
    """Whether a process sees this file on a disk that is mounted for it alone."""
    space, _, rest = file.partition("/files/")
    mounted = [line.split()[1] for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    spaces = [where for where in mounted if where.endswith(f"/{space}")]
    return any(Path(f"/proc/{pid}/root{where}/files/{rest}").exists() for where in spaces)


def line(entry: Any) -> str:
    """One entry of the journal in a line."""
    event = entry["event"]
    names = ("task_id", "issue_number", "number", "outcome", "name", "message", "reason", "actor", "allowed")
    about = {name: event[name] for name in names if name in event}
    if event["type"] in ("performed", "refused"):
        about["of"] = event["action"]["key"]
    failed = [words for words in entry["trace"] if str(words).startswith("failed")]
    return f"{event['type']} {about} → {entry['composition']}: {entry['actions']} {failed or ''}"
