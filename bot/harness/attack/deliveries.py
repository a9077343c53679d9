"""Forged deliveries: foreign signatures, repositories of others, impossible numbers, false comments."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.fake_forge import FakeForge
from bot.web.webhooks import create_webhook_app
from jobs import advance, context, perform
from jobs.context import Context
from jobs.ticks import discover
from shell.settings import Settings
from shell.store import keys
from shell.valkey import serving

from .kind import Arena, Defence, Kind, Tried

_MASTER = "the master secret of the attacked bot"
_COMMANDS = tuple(
    f"/caloron {name}"
    for name in ("plan", "approve", "stop", "retry", "skip", "status", "help", "merge", "hold", "aprove")
)
"""Behind the prefix, since a thread of no sprint hears little else."""
_NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    -(2**53),
    2**53 + 1,
    2**64,
    10**400,
    True,
    False,
    1.0,
    1e308,
    "1",
    "",
    [],
    {},
    None,
)
_TYPES = ("", "text/plain", "application/x-www-form-urlencoded", "text/json", "application/jsonp", "*/*")
_ROUNDS = 60


@dataclass
class Scene:
    """The attacked bot: its endpoint, its lanes, and the forge with a let-in and a stranger's repository."""

    forge: FakeForge
    ctx: Context
    client: Any
    ids: dict[str, int] = field(default_factory=dict)
    """Ids of accounts and repositories by name."""
    number: int = 1000
    broken: str = ""
    """What made a lane fail."""

    def payload(self, repo: str = "alice/vault", who: str = "alice", body: str = "/plan") -> dict[str, Any]:
        """A comment's delivery as Gitea sends it."""
        self.number += 1
        owner, sender = repo.partition("/")[0], {"id": self.ids[who], "login": who}
        at = "2026-01-02T03:04:05Z"
        comment = {"id": self.number, "body": body, "user": sender, "created_at": at, "updated_at": at}
        return {
            "action": "created",
            "issue": {"id": 1, "number": 1, "title": "T", "state": "open", "user": sender, "labels": []},
            "comment": comment | {"html_url": "http://forge.test"},
            "repository": {
                "id": self.ids[repo],
                "full_name": repo,
                "name": repo.partition("/")[2],
                "owner": {"id": self.ids[owner], "login": owner},
                "default_branch": "main",
            },
            "sender": sender,
            "is_pull": False,
        }

    def send(
        self, payload: Any, path: str = "/webhooks", secret: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Deliver it, signed with the secret that is right for the path unless another is given."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        told = {"Content-Type": "application/json", "X-Gitea-Event": "issue_comment"}
        told |= {"X-Gitea-Signature": sign(secret or secret_of(path), body)}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.post(path, data=body, headers=told)
        return answer.status_code, answer.get_json(silent=True) or {}

    def work(self, lane: str) -> None:
        """Let the lane come to rest; what makes it fail is reported in the end."""
        try:
            for _ in range(_ROUNDS):
                advance.advance(lane)
                perform.perform_with(self.ctx, lane)
                if not self.ctx.store.waiting(lane) and not self.ctx.store.due_actions(lane, 1):
                    return
        except Exception as error:  # whatever a forged delivery breaks
            self.broken = f"{lane}: {type(error).__name__}: {error}"

    def answered(self, text: str) -> str:
        """What the bot says to this comment of alice's, which the forge has."""
        place = "/repos/alice/vault/issues/1/comments"
        payload = self.payload(body=text)
        payload["comment"]["id"] = self.forge.call("alice", "POST", place, {"body": text})[1]["id"]
        self.send(payload)
        self.work(f"gitea-{self.ids['alice/vault']}")
        last = self.forge.call("bot", "GET", place)[1][-1]
        return str(last["body"]) if last["user"]["login"] == "bot" else ""

    def asked(self, lane: str) -> set[str]:
        """The keys of all actions that the lane ever asked for."""
        return {key for entry in self.ctx.store.journal(lane) for key in entry["actions"]}

    def receipt(self, told: Mapping[str, Any]) -> str:
        """What became of the delivery, and why."""
        found = self.ctx.store.receipt(str(told.get("receipt"))) or {}
        return f"{found.get('status')} {found.get('reason') or ''}".strip()


def sign(secret: str, body: bytes) -> str:
    """The signature of a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def secret_of(path: str) -> str:
    """The secret that is right for a path."""
    return _MASTER if path == "/webhooks" else sign(_MASTER, path.encode())


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    with serving(arena.folder / "store") as url, FakeForge("gitea", arena.folder / "forge") as forge:
        scene = scene_of(arena, url, forge)
        context.use(scene.ctx)
        try:
            discover(scene.ctx)
            yield from _unsigned(arena, scene)
            yield from _for_others(arena, scene)
            yield from _numbers(arena, scene)
            yield from _comments(arena, scene)
            yield from _outside(arena, scene)
            yield Tried("every lane still works", not scene.broken, scene.broken)
        finally:
            context.use(None)


def scene_of(arena: Arena, url: str, forge: FakeForge) -> Scene:
    """The bot on this store, with repositories that it was let into and one that it was not."""
    tokens = {name: forge.add_user(name) for name in ("bot", "alice", "eve")}
    made = {
        name: forge.add_repository(name, collaborators={"bot": "admin", "eve": "read"})["id"]
        for name in ("alice/vault", "alice/fresh", "eve/lab")
    }
    settings = Settings.of(
        {
            "GITEA_URL": forge.url,
            "GITEA_TOKEN": tokens["bot"],
            "CALORON_WEBHOOK_SECRET": _MASTER,
            "CALORON_HOME": str(arena.folder / "home"),
            "CALORON_REPOS": "alice/vault,alice/fresh",
            "REDIS_URL": url,
        }
    )
    ctx = Context.of(settings)
    client = create_webhook_app(settings, ctx.store).test_client()
    accounts = {name: forge.call(name, "GET", "/user")[1]["id"] for name in tokens}
    for name in made:
        forge.call(name.partition("/")[0], "POST", f"/repos/{name}/issues", {"title": "T", "body": "b"})
    return Scene(forge, ctx, client, accounts | made)


def _unsigned(arena: Arena, scene: Scene) -> Iterator[Tried]:
    """Without the right secret nothing is stored."""
    body = json.dumps(scene.payload()).encode()
    good = sign(_MASTER, body)
    wrong = [
        "",
        "sha256=",
        good[:-1],
        good + "0",
        "0" * 64,
        good[::-1],
        f"sha1={good[:40]}",
        f"sha256={good}x",
    ]
    wrong += [sign(secret, body) for secret in ("", "secret", _MASTER.upper(), _MASTER + " ", good)]
    wrong += [sign(_MASTER, body + b" "), sign(_MASTER, b""), hashlib.sha256(body).hexdigest()]
    wrong += [f"{arena.random.getrandbits(256):064x}" for _ in range(4 if arena.short else 200)]
    paths = ["/webhooks", f"/webhooks/gitea/repo/{scene.ids['alice/vault']}"]
    for path in paths[: 1 if arena.short else 2]:
        for number, signature in enumerate(wrong):
            status, told = scene.send(body, path, X_Gitea_Signature=signature)
            yield Tried(f"signature {number} at {path}", status == 401, f"{status} {told}")
    for kind in _TYPES:
        status, told = scene.send(body, Content_Type=kind)
        yield Tried(f"content type {kind!r}", status == 415, f"{status} {told}")
    for foreign in ("/webhooks/gitea/org/x", "/webhooks/gitea/repo/-1", "/webhooks/gitlab/repo/1"):
        status, told = scene.send(body, foreign)
        yield Tried(f"address {foreign}", status == 404, f"{status} {told}")
    status, told = scene.send(body, f"/webhooks/github/repo/{scene.ids['alice/vault']}")
    yield Tried("GitHub's address for a delivery of Gitea", status == 403, f"{status} {told}")


def _for_others(arena: Arena, scene: Scene) -> Iterator[Tried]:
    """One hook's secret names the repository of another."""
    eve, lab = scene.ids["eve"], scene.ids["eve/lab"]
    commands = _COMMANDS[: 2 if arena.short else None]
    for command in commands:
        claimed = scene.payload(body=command)
        claimed["repository"]["owner"] = {"id": eve, "login": "eve"}
        for name, path in (
            ("organisation", f"/webhooks/gitea/org/{eve}"),
            ("repository", f"/webhooks/gitea/repo/{lab}"),
        ):
            status, told = scene.send(claimed, path)
            yield Tried(
                f"{command} in alice/vault by the secret of eve's {name}", status == 403, f"{status} {told}"
            )
    # a repository that the bot has not met: only its first call to the forge tells whose it is
    scene.ctx.store.client.hdel(keys.REPOSITORIES, f"gitea-{scene.ids['alice/fresh']}")
    told_of = []
    for command in commands:
        fresh = scene.payload("alice/fresh", body=command)
        fresh["repository"]["owner"] = {"id": eve, "login": "eve"}
        status, told = scene.send(fresh, f"/webhooks/gitea/org/{eve}")
        told_of.append((command, status, told, scene.receipt(told)))
    missing = [scene.payload() for _ in range(2 if arena.short else 20)]
    for payload in missing:
        payload["repository"] |= {"id": arena.random.randrange(10**6, 2**53)}
    unknown = [(payload, *scene.send(payload)) for payload in missing]
    scene.work(f"gitea-{scene.ids['alice/fresh']}")
    for command, status, told, before in told_of:
        held = status == 202 and before.startswith("unverified") and "signed it" in scene.receipt(told)
        yield Tried(
            f"{command} in a new repository by the secret of another owner", held, scene.receipt(told)
        )
    for payload, _, told in unknown:
        lane = f"gitea-{payload['repository']['id']}"
        scene.work(lane)
        ignored = scene.receipt(told).startswith("ignored") and not scene.asked(lane)
        yield Tried(f"the unknown repository {lane}", ignored, scene.receipt(told))


def _numbers(arena: Arena, scene: Scene) -> Iterator[Tried]:
    """Ids that no forge gives reach no lane."""
    places = (("repository", "id"), ("comment", "id"), ("issue", "number"), ("sender", "id"))
    for place, name in places:
        for number in _NUMBERS:
            if place == "sender" and (number is None or (type(number) is int and abs(number) < 2**63)):
                continue  # a deleted account has none, and Gitea's own accounts have negative ones
            payload = scene.payload()
            payload[place] = {**payload[place], name: number}
            status, told = scene.send(payload)
            held = status == 202 and scene.receipt(told).startswith("dead_letter")
            yield Tried(
                f"{place}.{name} = {str(number)[:20]!r}", held, f"{status} {scene.receipt(told)[:200]}"
            )


def _comments(arena: Arena, scene: Scene) -> Iterator[Tried]:
    """Comments that the forge does not have, or has by someone else, with another text, elsewhere."""
    lane, tried = f"gitea-{scene.ids['alice/vault']}", []
    commands = _COMMANDS[: 3 if arena.short else None]
    for command in commands:
        real = _written(scene, "eve", command)
        harmless = _written(scene, "alice", f"I would never say {command} here")
        elsewhere = _written(scene, "alice", command)
        lies: dict[str, dict[str, Any]] = {
            "that does not exist": {},
            "of a reader, told as alice's": {"comment": {"id": real}},
            "with another text": {"comment": {"id": harmless}},
            "on another issue": {"comment": {"id": elsewhere}, "issue": {"number": 7}},
            "of a reader, sent by alice": {
                "comment": {"id": real, "user": {"id": scene.ids["eve"], "login": "eve"}}
            },
        }
        for name, changed in lies.items():
            payload = scene.payload(body=command)
            for place, values in changed.items():
                payload[place] = payload[place] | values
            status, told = scene.send(payload)
            tried.append((f"{command} in a comment {name}", status, told, payload["comment"]["id"]))
            scene.work(lane)
    asked, state = scene.asked(lane), scene.ctx.store.load(lane).state
    kickoffs, gathered = state.get("kickoffs"), str(state.get("answered"))
    for name, status, told, number in tried:
        acted = {
            key for key in asked if key.startswith((f"react:{number}:", f"answer:mistakes:comment:{number}"))
        }
        said = f"not_shown:{number}" in asked or f"#issuecomment-{number})" in gathered
        held = status == 202 and not acted and said and not kickoffs
        yield Tried(name, held, f"{status} {scene.receipt(told)} {sorted(acted)}")
    yield from _replayed(arena, scene, lane)


def _replayed(arena: Arena, scene: Scene, lane: str) -> Iterator[Tried]:
    """A real comment counts once, however often its delivery is replayed, and nowhere else."""
    payload = scene.payload(body="/ping")
    payload["comment"]["id"] = number = _written(scene, "alice", "/ping")
    for _ in range(3 if arena.short else 30):
        scene.send(payload)
    scene.work(lane)
    answers = [entry for entry in scene.ctx.store.journal(lane) if entry["composition"] == "command_answer"]
    events: list[Any] = [one["event"] for one in answers]
    mine = [one for one in events if (one.get("where") or {}).get("comment_id") == number]
    yield Tried("a real comment, replayed", len(mine) == 1, f"answered {len(mine)} times")
    for path in (f"/webhooks/gitea/repo/{scene.ids['eve/lab']}", f"/webhooks/gitea/org/{scene.ids['eve']}"):
        status, told = scene.send(payload, path, secret=_MASTER)
        yield Tried(f"the master's signature at {path}", status == 401, f"{status} {told}")


def _written(scene: Scene, who: str, text: str) -> int:
    made = scene.forge.call(who, "POST", "/repos/alice/vault/issues/1/comments", {"body": text})[1]
    return int(made["id"])


def _outside(arena: Arena, scene: Scene) -> Iterator[Tried]:
    """In a repository that nobody let in there is one line, once."""
    lane = f"gitea-{scene.ids['eve/lab']}"
    for command in _COMMANDS[: 3 if arena.short else None]:
        payload = scene.payload("eve/lab", "eve", command)
        scene.send(payload)
        opened = payload | {"action": "opened", "comment": None}
        scene.send(opened, X_Gitea_Event="issues")
        scene.work(lane)
        there = scene.forge.call("bot", "GET", "/repos/eve/lab/issues/1/comments")[1] or []
        labels = scene.forge.call("bot", "GET", "/repos/eve/lab/labels")[1] or []
        known = set(scene.ctx.store.load(lane).state) - {"v", "tasks", "issues", "pulls", "shown", "outside"}
        known -= {"kickoffs", "waiting", "own", "permissions"}
        asked = scene.asked(lane)
        held = asked <= {"outside"} and len(there) <= 1 and not labels and not known
        yield Tried(f"{command} where nobody let the bot in", held, f"{sorted(asked)}, {len(there)} comments")


KIND = Kind(
    "deliveries",
    "forged deliveries, other people's repositories, impossible numbers, false comments",
    play,
    (
        Defence(
            "deliveries are signed",
            "bot/web/delivery.py",
            "if not verify(body, headers, settings.hook_secrets(hook.path)):",
            "if False:",
        ),
        Defence(
            "an organisation's secret speaks for its own repositories",
            "bot/web/delivery.py",
            "if admission.verified and admission.owner_id != hook.owner_id:",
            "if False:",
        ),
        Defence(
            "the first call decides on an unknown repository",
            "jobs/context.py",
            "if signer is not None and signer != admission.owner_id:",
            "if False:",
        ),
        Defence(
            "numbers are positive and bounded",
            "shell/forge/delivery.py",
            "if name in _IDS and (type(number) is not int or not 0 < number <= LARGEST_ID):",
            "if False:",
        ),
        Defence(
            "a comment is read back before it acts",
            "stages/look/take_permission.py",
            "same = {key for key, held in asked.items() if is_as_delivered(held, observed)}",
            "same = set(asked)",
        ),
        Defence(
            "nothing acts where nobody let it in",
            "jobs/context.py",
            "reader = expand if admission.let_in else outside",
            "reader = expand",
        ),
    ),
)
