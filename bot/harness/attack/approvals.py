"""People with write permission, and others, who want their own change merged by the bot."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import compositions
from bot.fake_forge import FakeForge
from bot.fake_forge.state import Review
from jobs.action_handlers import Target, merge_pr
from shell.agent.git import Credential
from shell.agent.repository import Repository
from shell.errors import NotYet, Refused
from shell.forge import Forge
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from shell.forge.protocol import Permission
from shell.store import Store, connect
from shell.valkey import serving

from .kind import Arena, Defence, Kind, Tried

if TYPE_CHECKING:
    from stages.world import RepositoryPolicy

REPO = "acme/shop"
WRITERS = ("alice", "bob", "reviewer", "ci[bot]")
WORKFLOW = ".github/workflows/ci.yml"
Dialect = Literal["gitea", "github"]


@dataclass
class Scene:
    """One pull request of the bot's, with a commit that the shell pushed."""

    forge: FakeForge
    dialect: Dialect
    folder: Path
    store: Store
    pushed: list[str] = field(default_factory=list)
    number: int = 0
    untold: bool = False
    """Whether the forge does not tell who pushed."""
    meanwhile: Callable[[], None] | None = None
    """What happens once, after the bot read the reviews and before it asks for a permission."""

    @property
    def branch(self) -> str:
        return "agent/s/t"

    def of(self, login: str) -> Forge:
        client = GiteaForge if self.dialect == "gitea" else GitHubForge
        return client(self.forge.api_url, self.forge.token(login))

    def begin(self, opened_by: str = "bot") -> None:
        files: dict[str, str | bytes | None] = {"README.md": "hello\n", "CODEOWNERS": "* @carol\n"}
        rights = {"bot": "admin", "carol": "admin", **dict.fromkeys(WRITERS, "write"), "mallory": "read"}
        self.forge.add_repository(REPO, owner="acme", collaborators=rights, files=files)
        self.pushed = [
            self.forge.commit(REPO, "main", {"a.txt": "a\n"}, "bot", "Task", new_branch=self.branch)
        ]
        if opened_by:
            self.open(opened_by)

    def open(self, by: str = "bot") -> None:
        self.number = self.of(by).create_pull(REPO, "Task", "", self.branch, "main")["number"]

    @property
    def head(self) -> str:
        head = self.of("bot").branch_head(REPO, self.branch)
        assert head
        return head

    def push(self, by: str, path: str = "evil.txt", text: str | None = "evil\n") -> str:
        return self.forge.commit(REPO, self.branch, {path: text}, by)

    def approve(self, by: str, commit: str | None = None, verdict: str = "approve") -> int:
        review = self.of(by).review(REPO, self.number, verdict, "Good.", commit or self.head)
        return int(review["id"])

    def slip_in(self, by: str) -> None:
        """An approval that the forge should not have taken."""
        repository = self.forge.world.state.repository("acme", "shop")
        assert repository
        pull = repository.issues[self.number].pull
        assert pull
        person = self.forge.world.state.user(by)
        number = self.forge.world.state.next_id("review")
        pull.reviews.append(Review(number, person, "approved", "", self.head, True))

    def git(self, by: str, *steps: str, name: str = "", email: str = "") -> None:
        """In a clone of someone's, with the branch checked out: each step is a line of a shell."""
        clone = self.folder / f"clone-{by}"
        place = self.forge.url.replace("://", f"://{by}:{self.forge.token(by)}@")
        who, mail = name or by, email or f"{by}@noreply.example.test"
        identity = {
            f"GIT_{r}_{k}": v for r in ("AUTHOR", "COMMITTER") for k, v in (("NAME", who), ("EMAIL", mail))
        }
        first = [] if clone.exists() else [f"git clone -q {place}/{REPO}.git {clone}"]
        lines = [
            *first,
            f"cd {clone}",
            "git fetch -q",
            f"git checkout -q -B work origin/{self.branch}",
            *steps,
        ]
        subprocess.run(
            ["/bin/sh", "-ec", "\n".join(lines)],
            check=True,
            capture_output=True,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder), **identity},
        )

    def send(self, *options: str) -> str:
        return f"git push -q {' '.join(options)} origin HEAD:refs/heads/{self.branch}"

    # the merge

    def target(self) -> Target:
        bot = self.of("bot")
        state, lane = self.forge.world.state, f"{self.dialect}-1"
        if self.untold:
            bot.pushes = lambda *given: None  # type: ignore[method-assign]
        permission = bot.permission

        def asked(repo: str, login: str) -> Permission:
            act, self.meanwhile = self.meanwhile, None
            if act:
                act()
            return permission(repo, login)

        bot.permission = asked  # type: ignore[method-assign]
        copy = self.folder / "copy.git"
        return Target(
            self.store,
            bot,
            lane,
            REPO,
            state.user("bot").id,
            home=self.folder,
            holds=lambda values: cast("RepositoryPolicy", values),
            lets_in=lambda found: True,
            git=lambda: Repository(copy, bot.clone_url(REPO), lambda: Credential(*bot.credential(REPO))),
            weigh=lambda facts: compositions.run("weigh_approval", {"facts": facts}).output,
            ours=lambda: frozenset({state.user("bot").id, state.user("reviewer").id}),
        )

    def merged(self, head: str | None = None) -> tuple[bool, str]:
        """Try to merge as the bot does; whether it is merged now, and what was said."""
        key = f"merge/{self.number}"
        action: Any = {
            "type": "merge_pr",
            "key": key,
            "pr_number": self.number,
            "head_sha": head or self.head,
            "style": "merge",
            "base": "main",
            "pushed": self.pushed,
            "protected": [],
        }
        try:
            said: Any = merge_pr(self.target(), action)
        except (Refused, NotYet) as refusal:
            said = {"message": str(refusal)}
        return self.of("bot").pull(REPO, self.number)["merged"], str(said.get("message"))


def own_push(s: Scene) -> None:
    s.push("alice")
    s.approve("alice")


def own_workflow(s: Scene) -> None:
    s.push("alice", WORKFLOW)
    s.approve("alice")


def forged_author(s: Scene) -> None:
    s.git(
        "alice",
        "echo x > x",
        "git add x",
        "git commit -qm x",
        s.send(),
        name="Agent",
        email="bot@noreply.example.test",
    )
    s.approve("alice")


def forged_agent(s: Scene) -> None:
    s.git(
        "alice",
        "echo x > x",
        "git add x",
        "git commit -qm x",
        s.send(),
        email="caloron-agent-t@caloron.invalid",
    )
    s.approve("alice")


def written_by_one_pushed_by_another(s: Scene) -> None:
    mail = "alice@noreply.example.test"
    s.git("bob", "echo x > x", "git add x", "git commit -qm x", s.send(), name="alice", email=mail)
    s.approve("alice")


def committed_by_one_pushed_by_another(s: Scene) -> None:
    step = 'GIT_COMMITTER_EMAIL=alice@noreply.example.test git commit -qm x --author "n <n@n.invalid>"'
    s.git("bob", "echo x > x", "git add x", step, s.send())
    s.approve("alice")


def author_of_the_pull_request(s: Scene) -> None:
    s.slip_in("alice")


def own_account(s: Scene) -> None:
    s.slip_in("bot")


def reviewing_account(s: Scene) -> None:
    s.approve("reviewer")


def machine(s: Scene) -> None:
    s.approve("ci[bot]")


def older_head(s: Scene) -> None:
    old = s.head
    s.push("bob")
    s.approve("alice", old)


def approved_then_pushed(s: Scene) -> None:
    s.approve("alice")
    s.push("bob")


def evil_merge(s: Scene) -> None:
    s.approve("alice")
    s.forge.commit(REPO, "main", {"other.txt": "base\n"}, "carol")
    steps = (
        "git merge -q --no-commit --no-ff origin/main",
        "echo evil > a.txt",
        "git add -A",
        "git commit -qm 'Merge main'",
    )
    s.git("bob", *steps, s.send())


def undone_base(s: Scene) -> None:
    s.forge.commit(REPO, "main", {WORKFLOW: "good\n"}, "carol")
    s.git("bob", "git merge -q --no-ff -s ours -m 'Merge main' origin/main", s.send())
    s.approve("alice")


def merge_of_a_side_branch(s: Scene) -> None:
    s.approve("alice")
    steps = ("git checkout -qb side origin/main", "echo x > x", "git add x", "git commit -qm x")
    s.git("bob", *steps, "git checkout -q work", "git merge -q --no-ff -m Merge side", s.send())


def dismissed(s: Scene) -> None:
    number = s.approve("alice")
    path = f"/repos/{REPO}/pulls/{s.number}/reviews/{number}/dismissals"
    s.forge.call("carol", "POST" if s.dialect == "gitea" else "PUT", path, {"message": "No."})


def changed_their_mind(s: Scene) -> None:
    s.approve("alice")
    s.approve("alice", verdict="request_changes")


def another_objects(s: Scene) -> None:
    s.approve("alice")
    s.approve("bob", verdict="request_changes")


def reader(s: Scene) -> None:
    s.approve("mallory")


def permission_lost(s: Scene) -> None:
    s.approve("alice")
    s.forge.call("carol", "DELETE", f"/repos/{REPO}/collaborators/alice")


def name_taken_over(s: Scene) -> None:
    """Whoever approved was renamed since, and someone with more rights has the old name."""
    s.push("bob", WORKFLOW)
    s.approve("alice")
    _take_name_over(s)


def name_taken_over_meanwhile(s: Scene) -> None:
    """The same between two questions of the bot: it asks for the right of a name that is another's by now."""
    s.push("bob", WORKFLOW)
    s.approve("alice")
    s.meanwhile = lambda: _take_name_over(s)


def _take_name_over(s: Scene) -> None:
    users = s.forge.world.state.users
    users["alice"].login = "alice-was"
    users["alice-was"] = users.pop("alice")
    s.forge.add_user("alice")
    s.forge.world.state.repositories[REPO].collaborators["alice"] = "admin"


def pushed_and_forced_back(s: Scene) -> None:
    s.push("alice")
    s.git("alice", "git reset -q --hard HEAD~1", s.send("--force"))
    s.approve("alice")


def forced_history(s: Scene) -> None:
    s.git(
        "alice",
        "git reset -q --hard origin/main",
        "echo x > x",
        "git add x",
        "git commit -qm x",
        s.send("--force"),
    )
    s.approve("alice")


def before_it_was_opened(s: Scene) -> None:
    s.push("alice")
    s.open()
    s.approve("alice")


def told_by_nobody(s: Scene) -> None:
    s.untold = True
    s.push("bob")
    s.approve("alice")


def another_base(s: Scene) -> None:
    s.forge.commit(REPO, "main", {"r.txt": "r\n"}, "carol", new_branch="release")
    s.approve("alice")
    s.forge.call("bob", "PATCH", f"/repos/{REPO}/pulls/{s.number}", {"base": "release"})


def protected_path(path: str) -> Callable[[Scene], None]:
    def play(s: Scene) -> None:
        s.push("bob", path)
        s.approve("alice")

    return play


def removed_owners(s: Scene) -> None:
    s.push("bob", "CODEOWNERS", None)
    s.approve("alice")


def administrator_for_themselves(s: Scene) -> None:
    s.push("carol", WORKFLOW)
    s.approve("carol")


def link_out(s: Scene) -> None:
    s.git("bob", "ln -s /etc/passwd link", "git add link", "git commit -qm x", s.send())
    s.approve("alice")


def submodule(s: Scene) -> None:
    step = "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib"
    s.git("bob", step, "git commit -qm x", s.send())
    s.approve("alice")


def closed(s: Scene) -> None:
    s.approve("alice")
    s.of("bob").edit_issue(REPO, s.number, state="closed")


REFUSED: dict[str, Callable[[Scene], None]] = {
    "own push, own approval": own_push,
    "own workflow, own approval": own_workflow,
    "a commit in the bot's name": forged_author,
    "a commit in an agent's name": forged_agent,
    "written by the approver, pushed by another": written_by_one_pushed_by_another,
    "committed by the approver, pushed by another": committed_by_one_pushed_by_another,
    "the author of the pull request": author_of_the_pull_request,
    "the bot's own account": own_account,
    "the bot's reviewing account": reviewing_account,
    "an approval of an older head": older_head,
    "approved, then pushed": approved_then_pushed,
    "a merge of the base that brings more": evil_merge,
    "a merge that undoes the base's workflow": undone_base,
    "a merge of a side branch": merge_of_a_side_branch,
    "a dismissed approval": dismissed,
    "an approval taken back": changed_their_mind,
    "another writer's request for changes": another_objects,
    "a reader's approval": reader,
    "permission lost after the approval": permission_lost,
    "another account with the approver's old name": name_taken_over,
    "another account with that name a moment later": name_taken_over_meanwhile,
    "pushed, forced back, approved": pushed_and_forced_back,
    "another history, forced": forced_history,
    "pushed before the pull request was opened": before_it_was_opened,
    "a push that nobody tells of": told_by_nobody,
    "another base than was approved": another_base,
    "a workflow with a writer's approval": protected_path(WORKFLOW),
    "a hook in other letters": protected_path(".Husky/pre-push"),
    "an instruction file deep down": protected_path("docs/sub/agents.MD"),
    "attributes": protected_path("src/.gitattributes"),
    "owners removed": removed_owners,
    "an administrator's own workflow": administrator_for_themselves,
    "a link out of the tree": link_out,
    "a submodule": submodule,
    "a closed pull request": closed,
}
ONLY_GITHUB: dict[str, Callable[[Scene], None]] = {"a machine's account": machine}


def plainly_approved(s: Scene) -> None:
    s.approve("alice")


def pushed_by_another(s: Scene) -> None:
    s.push("bob")
    s.approve("alice")


def updated_after_approval(s: Scene) -> None:
    s.approve("alice")
    s.forge.commit(REPO, "main", {"other.txt": "base\n"}, "carol")
    s.of("bob").update_branch(REPO, s.number, s.head)


def updated_by_the_approver(s: Scene) -> None:
    s.forge.commit(REPO, "main", {"other.txt": "base\n"}, "carol")
    s.of("alice").update_branch(REPO, s.number, s.head)
    s.approve("alice")


def workflow_approved_by_an_administrator(s: Scene) -> None:
    s.push("bob", WORKFLOW)
    s.approve("carol")


ALLOWED: dict[str, Callable[[Scene], None]] = {
    "approved by a writer": plainly_approved,
    "pushed by one, approved by another": pushed_by_another,
    "the base merged in after the approval": updated_after_approval,
    "the base merged in by the approver": updated_by_the_approver,
    "a workflow approved by an administrator": workflow_approved_by_an_administrator,
}
"""What must be merged: a bot that merges nothing would withstand everything."""
UNOPENED = {"pushed before the pull request was opened": ""}
BY_ALICE = {"the author of the pull request": "alice"}


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt, in a short run on one dialect each, else on both."""
    with serving(arena.folder / "store") as url:
        client = connect(url)
        rows = [(name, act, False) for name, act in REFUSED.items()]
        rows += [(name, act, True) for name, act in ALLOWED.items()]
        both: tuple[Dialect, ...] = ("gitea", "github")
        for number, (name, act, good) in enumerate(rows):
            for dialect in [arena.random.choice(both)] if arena.short else both:
                yield tried(arena, f"{number}-{dialect}", dialect, Store(client), name, act, good)
        for name, act in ONLY_GITHUB.items():
            yield tried(arena, "machine", "github", Store(client), name, act, False)
        client.close()


def tried(
    arena: Arena,
    place: str,
    dialect: Dialect,
    store: Store,
    name: str,
    act: Callable[[Scene], None],
    good: bool,
) -> Tried:
    folder = arena.folder / place
    folder.mkdir()
    with FakeForge(dialect, folder / "forge") as forge:
        for login in ("acme", "bot", "carol", "mallory", *WRITERS):
            forge.add_user(login)
        scene = Scene(forge, dialect, folder, store)
        scene.begin(UNOPENED.get(name, BY_ALICE.get(name, "bot")))
        act(scene)
        merged, said = scene.merged()
    return Tried(f"{name} ({dialect})", merged is good, "merged" if merged else said)


KIND = Kind(
    "approvals",
    "changes that people want merged without anyone else's consent",
    play,
    (
        Defence(
            "the merge asks afresh whether an approval counts",
            "jobs/action_handlers.py",
            'if not verdict["allowed"]:',
            "if False:",
        ),
        Defence(
            "who pushed does not approve",
            "stages/look/weigh_approval.py",
            "if person in pushers(facts):",
            "if False:",
        ),
        Defence(
            "who wrote a commit does not approve",
            "stages/look/weigh_approval.py",
            "if person in writers(facts):",
            "if False:",
        ),
        Defence(
            "accounts of the bot do not approve",
            "stages/look/weigh_approval.py",
            'if person in facts["ours"]:',
            "if False:",
        ),
        Defence(
            "protected paths take a maintainer",
            "stages/look/weigh_approval.py",
            'if facts["guarded"]:',
            "if False:",
        ),
        Defence(
            "a push that nobody tells of takes a maintainer",
            "stages/look/weigh_approval.py",
            "if untold := pushed_by_unknown(facts):",
            "if untold := list[str]():",
        ),
        Defence(
            "a merge of the base has the tree that git makes",
            "shell/agent/proposal.py",
            "if not conflicts and tree == repository.tree_of(commit)",
            "if not conflicts",
        ),
        Defence(
            "the permission is this very account's",
            "stages/look/weigh_approval.py",
            ' or known["user_id"] != review["author_id"]',
            "",
        ),
    ),
)
