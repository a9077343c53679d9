"""Comments by the dozen that want an answer each: few comments come of it, and no answer is lost."""

import os
import signal
from collections.abc import Iterator

from bot.fake_forge import FakeForge
from jobs import context
from jobs.context import Context
from jobs.ticks import discover
from shell.store import keys
from shell.valkey import serving

from .deliveries import Scene, scene_of
from .kind import Arena, Defence, Kind, Tried

_AT_ONCE = 10


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind; between them the store dies, and the bot begins again on what it left."""
    many, store = 25 if arena.short else 80, arena.folder / "store"
    with FakeForge("gitea", arena.folder / "forge") as forge:
        with serving(store) as url:
            scene = scene_of(arena, url, forge)
            context.use(scene.ctx)
            discover(scene.ctx)
            said = [_asked(scene, "eve", f"/caloron stauts n{number:03}") for number in range(many)]
            yield from _while_it_lasts(scene, said)
            others = _asked(scene, "alice", "/caloron stauts alice")
            answered = [text for text in _answers(scene) if "/caloron stauts alice" in text]
            yield Tried("someone else asks meanwhile", len(answered) == 1, f"answered {len(answered)} times")
            os.kill(scene.ctx.store.client.info()["process_id"], signal.SIGKILL)
        with serving(store):
            scene.ctx = Context.of(scene.ctx.settings)
            context.use(scene.ctx)
            yield from _in_the_end(scene, many)
            yield Tried("every lane still works", not scene.broken, scene.broken)
            yield _reacted(scene, [*said, others])
    context.use(None)


def _lane(scene: Scene) -> str:
    return f"gitea-{scene.ids['alice/vault']}"


def _asked(scene: Scene, who: str, text: str) -> int:
    """A comment whose delivery comes twice; its number."""
    path = "/repos/alice/vault/issues/1/comments"
    number = int(scene.forge.call(who, "POST", path, {"body": text})[1]["id"])
    payload = scene.payload(who=who, body=text)
    payload["comment"]["id"] = number
    for _ in range(2):
        scene.send(payload)
        scene.work(_lane(scene))
    return number


def _answers(scene: Scene) -> list[str]:
    there = scene.forge.call("bot", "GET", "/repos/alice/vault/issues/1/comments")[1]
    return [one["body"] for one in there if one["user"]["login"] == "bot"]


def _while_it_lasts(scene: Scene, said: list[int]) -> Iterator[Tried]:
    answers = _answers(scene)
    name = f"{len(said)} comments of a reader within a minute, each delivered twice"
    yield Tried(name, len(answers) == _AT_ONCE, f"{len(answers)} comments")
    yield _reacted(scene, said)


def _reacted(scene: Scene, said: list[int]) -> Tried:
    """Whether each was seen to by its reaction."""
    paths = [f"/repos/alice/vault/issues/comments/{number}/reactions" for number in said]
    reacted = [scene.forge.call("bot", "GET", path)[1] for path in paths]
    count = sum(any(one["content"] == "confused" for one in found or []) for found in reacted)
    return Tried("a reaction on each of them", count == len(said), f"{count} of {len(said)}")


def _in_the_end(scene: Scene, many: int) -> Iterator[Tried]:
    """When the minute is over, which is here said to be now."""
    lane, store = _lane(scene), scene.ctx.store
    for action in store.pending_actions(lane):
        store.client.zadd(keys.outbox_due(lane), {action["key"]: 0})
    scene.work(lane)
    answers = [text for text in _answers(scene) if "/caloron stauts alice" not in text]
    count = len(answers)
    yield Tried("one comment more after that, and a killed store", count == _AT_ONCE + 1, f"{count} comments")
    lost = [number for number in range(many) if sum(f"n{number:03}" in text for text in answers) != 1]
    yield Tried("each answer is given once", not lost, f"not so: {lost}")


KIND = Kind(
    "answers",
    "comments by the dozen that want an answer each",
    play,
    (
        Defence(
            "what is answered beyond ten a minute is gathered",
            "stages/command/gather_answers.py",
            'if gathered is None and len(one["at"]) < AT_ONCE:',
            "if gathered is None:",
        ),
        Defence(
            "a gathered answer is kept until its comment is written",
            "stages/command/gather_answers.py",
            'words = with_answer(gathered["words"] if gathered else [], action, state)',
            "words = with_answer([], action, state)",
        ),
    ),
)
