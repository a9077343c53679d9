"""A sprint played into a real store and told again from its journal; each way of touching it is named."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.cli.declared import Shape, all_fields, of_type
from bot.cli.main import main
from jobs import advance
from jobs.context import Context, run_pure
from jobs.replay import full_ledger, prove
from jobs.retention import file_journal
from shell.clock import now
from shell.settings import Settings
from shell.store import Store
from shell.store.connection import write
from shell.store.ledger import Entry, hash_of

LANE, JOURNAL, POLICIES = "gitea-7", "lane:gitea-7:journal", "lane:gitea-7:policies"
ALICE = {"actor": "alice", "actor_id": 2}
REPOSITORY = {
    "id": 7, "full_name": "acme/shop", "default_branch": "main", "empty": False, "private": False,
    "merge_styles": ["merge"], "default_merge_style": "merge", "html_url": "http://forge.test/acme/shop",
    "clone_url": "http://forge.test/acme/shop.git",
    "permissions": {"admin": True, "push": True, "pull": True},
}  # fmt: skip
KICKOFF = {
    "number": 1, "title": "A shop",
    "body": "A price list.\n\n- t1: The catalogue\n- t2: The page (after: t1)",
    "state": "open", "author": "alice", "author_id": 2, "labels": ["caloron:sprint"], "is_pull": False,
    "assignees": [], "html_url": "http://forge.test/1", "created_at": now(), "updated_at": now(),
}  # fmt: skip


class Play:
    """A lane without a forge: what a forge would answer is told here."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        store.note_facts(LANE, {"repo": "acme/shop", "owner_id": 3})
        self.ctx = Context(settings, store, "test", accounts={"gitea": {"login": "bot", "id": 1}})

    def tell(self, **event: Any) -> None:
        told: Any = {"repo": "acme/shop", "repo_id": 7, "forge": "gitea", "at": now()} | event
        self.store.accept(LANE, told)
        advance.drain(self.store, LANE, self.ctx.decider(LANE))

    def answer(self, type_: str, there: Any) -> None:
        """Answer the look of this type that waits in the outbox."""
        due = self.store.due_actions(LANE)
        taken = next(one for one in due if one.action.get("what") == type_)
        about = {name: value for name, value in taken.action.items() if name in ("number", "login")}
        told: Any = {"type": "seen", "what": type_, "request": taken.action, "there": there} | about
        self.store.answer(LANE, taken, told | {"key": f"seen:{taken.key}:{taken.seq}"})
        advance.drain(self.store, LANE, self.ctx.decider(LANE))

    def perform(self, type_: str, **result: Any) -> None:
        taken = next(one for one in self.store.due_actions(LANE) if one.action["type"] == type_)
        told: Any = {"type": "performed", "action": taken.action, "result": result}
        self.store.answer(LANE, taken, told | {"key": f"performed:{taken.key}:{taken.seq}"})
        advance.drain(self.store, LANE, self.ctx.decider(LANE))

    def show(self) -> None:
        """The boards, as the projection would write them."""
        state = self.store.load(LANE).state
        policy = self.store.journal(LANE, -1)[0]["policy"]
        wanted, _ = run_pure("wanted", {"state": state, "now": now(), "policy": policy})
        board = next(item for item in wanted["wanted"] if item["kind"] == "board")
        names = ("object", "kind", "number", "hash", "plan_hash")
        told = {name: board[name] for name in names if name in board}
        told |= {name: board["mark"][name] for name in ("locked_at",) if name in board["mark"]}
        self.tell(type="shown", key=f"shown:{board['hash']}", comment_id=50, **told)

    def sprint(self) -> str:
        """From the first hint to the first agent's start; the sprint's id."""
        self.tell(type="changed", key="changed:1", object="repository", hint="reconcile")
        self.answer("repository", REPOSITORY)
        self.tell(type="changed", key="changed:2", object="issue", number=1, hint="labels", **ALICE)
        self.answer("issue", KICKOFF)
        self.answer("timeline", [{"type": "label", "label": "caloron:sprint", "at": now(), **ALICE}])
        self.answer("permission", {"login": "alice", "user_id": 2, "permission": "admin"})
        self.answer("issue", KICKOFF)
        self.show()
        self.comment(51, "/approve")
        self.answer("comment", {"comment_shown": True, "comment": self.said})
        self.show()
        self.answer("locks", [])
        self.perform("create_issue", number=2, html_url="http://forge.test/2")
        [sprint_id] = self.store.sprints()
        self.tell(type="agent_started", key="started", sprint_id=sprint_id, task_id="t1", agent_id="t1",
                  attempt=1, pid=1)  # fmt: skip
        return sprint_id

    def comment(self, number: int, body: str) -> None:
        more = {"comment_id": number, "author": "alice", "author_id": 2, "body": body, "hint": "created"}
        told = {"issue_number": 1, "is_pull": False, "previous": None, "created_at": now()}
        self.said = told | more
        self.tell(type="issue_comment", key=f"comment:{number}:{hash_of(body)[:16]}", **more, **told, **ALICE)


@pytest.fixture
def settings(tmp_path: Path, valkey: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    given = {
        "CALORON_WEBHOOK_SECRET": "s3cret",
        "GITEA_URL": "http://forge.test",
        "GITEA_TOKEN": "t",
        "CALORON_REPOS": "acme/*",
        "CALORON_HOME": str(tmp_path / "home"),
        "REDIS_URL": valkey,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Settings.load()


@pytest.fixture
def play(store: Store, settings: Settings) -> Play:
    return Play(store, settings)


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    capsys_out = capsys.readouterr()
    code = ended.value.code
    return code if isinstance(code, int) else 0, capsys_out.out + capsys_out.err


def test_a_sprint_is_told_again_to_the_same_end(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    sprint_id = play.sprint()
    assert play.store.load(LANE).state["tasks"]["t1"]["status"] == "InProgress"
    proof = prove(play.store.ledger(LANE))
    assert proof.holds and proof.state == play.store.load(LANE).state

    code, said = called(capsys, "replay", sprint_id)
    assert code == 0 and "The chain of hashes is intact" in said and "t1 InProgress, t2 Pending" in said
    code, said = called(capsys, "replay", "--lane", "acme/shop", "--output", "json")
    [told] = json.loads(said)
    assert code == 0 and told["holds"] and told["state_hash"] == told["stored_hash"]
    assert told["decided_by_other_code"] == 0


def test_a_trace_names_the_stages_what_they_were_given_and_their_time(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    sprint_id = play.sprint()
    code, said = called(capsys, "trace", sprint_id)
    assert code == 0 and "command /approve" in said and "dag_evaluate" in said and "agent_started" in said
    code, said = called(capsys, "trace", "started", "--hashes", "--output", "json")
    [entry] = json.loads(said)
    assert entry["composition"] == "task_life" and "tasks/t1" in entry["changed"]
    stages = {stage["name"]: stage for stage in entry["stages"]}
    assert stages["dag_evaluate"]["ms"] >= 0 and len(stages["dag_evaluate"]["input_hash"]) == 64
    receipt = entry["event"]["receipt"]
    assert called(capsys, "trace", receipt)[1].startswith(f"#{entry['entry']}  ")
    assert "dag_evaluate" in called(capsys, "trace", str(entry["entry"]))[1]
    code, said = called(capsys, "trace", sprint_id, "--verify")
    assert code == 0 and "is intact" in said


def rewritten(store: Store, at: int, **changed: Any) -> None:
    """An entry and all after it written anew, so that nothing in the journal shows it."""
    lines = lines_of(store)
    prev = json.loads(lines[at])["prev"]
    for number, line in enumerate(lines[at:], at):
        entry = json.loads(line) | {"prev": prev} | (changed if number == at else {})
        del entry["hash"]
        prev = hash_of(write(entry))
        store.client.lset(JOURNAL, number, write(entry | {"hash": prev}))
    store.client.hset(f"lane:{LANE}:meta", "head", prev)


def last_decision(store: Store) -> Entry:
    return next(entry for entry in reversed(store.journal(LANE)) if entry["composition"])


@pytest.mark.parametrize(
    ("before", "change", "said"),
    [
        (0, {"code": "another"}, "it was decided by other code"),
        (0, {"trace": []}, "other stages ran then"),
        (0, {"state_hash": "x"}, "makes something else of"),
        (3, {"code": "another"}, None),
        (3, {"state_hash": "x"}, "makes something else of"),
    ],
)
def test_hashes_that_would_not_be_those_of_then_are_not_shown(
    play: Play, capsys: pytest.CaptureFixture[str], before: int, change: dict[str, Any], said: str | None
) -> None:
    play.sprint()
    last = last_decision(play.store)["seq"]
    rewritten(play.store, last - before, **change)
    assert play.store.journal_faults(LANE) == []
    code, told = called(capsys, "trace", str(last), "--hashes", "--output", "json")
    [entry] = json.loads(told)
    assert code == 0 and ("input_hash" in str(entry)) == (said is None)
    assert said is None or said in entry["no_hashes"]
    text = called(capsys, "trace", str(last), "--hashes")[1]
    assert ("no hashes: " in text) == (said is not None)


def test_no_hashes_are_made_of_a_journal_that_was_touched(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    play.sprint()
    last = last_decision(play.store)["seq"]
    play.store.client.lset(JOURNAL, 3, "garbage")
    code, said = called(capsys, "trace", str(last), "--hashes")
    assert code == 1 and "The hashes cannot be recomputed: entry 3 was altered." in said


def test_no_hashes_are_made_without_the_beginning_of_a_journal(
    play: Play, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    play.sprint()
    filed = file_journal(play.ctx, LANE, "9000-01-01T00:00:00.000Z")
    play.comment(52, "/status")
    last = str(last_decision(play.store)["seq"])
    assert "input_hash" in called(capsys, "trace", last, "--hashes", "--output", "json")[1]
    (settings.home / "journals" / f"{LANE}.jsonl").unlink()
    code, said = called(capsys, "trace", last, "--hashes")
    assert code == 1 and f"cannot be recomputed: entry {filed} is the first one here" in said


def test_every_event_and_action_holds_what_is_told_of_it(play: Play) -> None:
    play.sprint()
    told: list[tuple[Any, str]] = [(entry["event"], "Event") for entry in play.store.journal(LANE)]
    told += [(action, "Action") for action in play.store.pending_actions(LANE)]
    assert len(told) > 20
    for one, union in told:
        found = [shape for shape in of_type(union)[one["type"]] if holds(one, shape)]
        assert found, f"{one['type']} has {sorted(one)}"


def holds(one: dict[str, Any], shape: Shape) -> bool:
    """Whether it has all that is always there, and nothing that is not declared."""
    fields = list(all_fields(shape))
    must = {field.name for field in fields if field.required}
    return must <= one.keys() <= {field.name for field in fields}


def test_an_event_that_broke_something_is_traced_and_replayed_too(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    play.sprint()

    def breaks(name: str, turn: Any) -> Any:
        raise RuntimeError("oh")

    play.ctx.run = breaks
    play.tell(type="tick", key="tick:1", reconcile=False, agents={})
    code, said = called(capsys, "trace", "tick:1")
    assert code == 0 and "only recorded" in said and "failed: RuntimeError: oh" in said
    assert prove(play.store.ledger(LANE)).holds


def test_what_nobody_knows_is_said_in_one_line(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    sprint_id = play.sprint()
    for words in (["trace", "nothing"], ["replay", "nothing"]):
        code, said = called(capsys, *words)
        assert code == 1 and sprint_id in said and "Traceback" not in said


def flipped(text: str, at: int) -> str:
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]


def lines_of(store: Store) -> list[str]:
    return [str(line) for line in store.client.lrange(JOURNAL, 0, -1)]


def rewrite(store: Store, lines: list[str]) -> None:
    store.client.delete(JOURNAL)
    store.client.rpush(JOURNAL, *lines)


def swapped(lines: list[str]) -> list[str]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def forged(lines: list[str]) -> list[str]:
    """An entry changed, with a right hash of its own."""
    entry = json.loads(lines[3])
    entry.pop("hash")
    entry["now"] = "2020-01-01T00:00:00.000Z"
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    whole = entry | {"hash": hash_of(text)}
    return [
        *lines[:3],
        json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        *lines[4:],
    ]


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (lambda lines: [*lines[:3], flipped(lines[3], 20), *lines[4:]], ["entry 3 was altered"]),
        (lambda lines: [flipped(lines[0], 0), *lines[1:]], ["entry 0 was altered"]),
        (lambda lines: [*lines[:3], *lines[4:]], ["entry 3 is missing"]),
        (lambda lines: lines[1:], ["entry 0 is missing"]),
        (lambda lines: lines[:-1], ["entry {last} is missing"]),
        (swapped, ["entry 3 was swapped with entry 4"]),
        (lambda lines: [*lines[1:3], lines[0], *lines[3:]], ["entry 0 comes after entry 2"]),
        (lambda lines: [*lines[:4], *lines[3:]], ["entry 3 appears twice"]),
        (forged, ["entry 3 was replaced: the next entry refers to another hash"]),
        (
            lambda lines: [flipped(lines[0], 9), *lines[1:5], *lines[6:]],
            ["entry 0 was altered", "entry 5 is missing"],
        ),
    ],
)
def test_each_touch_is_named(
    play: Play,
    capsys: pytest.CaptureFixture[str],
    touch: Callable[[list[str]], list[str]],
    said: list[str],
) -> None:
    sprint_id = play.sprint()
    lines = lines_of(play.store)
    rewrite(play.store, touch(lines))
    expected = [words.format(last=len(lines) - 1) for words in said]
    assert [str(fault) for fault in play.store.journal_faults(LANE)] == expected
    for words in (["replay", sprint_id], ["trace", sprint_id, "--verify"]):
        code, told = called(capsys, *words)
        assert code == 1 and all(line in told for line in expected)


def test_every_single_altered_byte_is_found(play: Play) -> None:
    play.tell(type="changed", key="changed:1", object="repository", hint="reconcile")
    ledger = play.store.ledger(LANE)
    line = ledger.lines[1]
    for at in range(len(line)):
        ledger.lines[1] = flipped(line, at)
        assert [fault.seq for fault in ledger.faults()] == [1], f"byte {at}: {line[at]!r}"


def high(line: bytes, at: int) -> bytes:
    """The highest bit of one byte flipped: mostly no UTF-8 any more."""
    return line[:at] + bytes([line[at] ^ 0x80]) + line[at + 1 :]


def test_every_single_altered_highest_bit_is_found(play: Play) -> None:
    play.tell(type="changed", key="changed:1", object="repository", hint="reconcile")
    lines = [line.encode() for line in lines_of(play.store)]
    for at in range(0, len(lines[1]), 7):
        play.store.client.lset(JOURNAL, 1, high(lines[1], at))
        faults = [str(fault) for fault in play.store.journal_faults(LANE)]
        assert faults == ["entry 1 was altered"], f"byte {at}"


@pytest.mark.parametrize(
    "broken", [b"\xff", b"\xff\xfe{}", b'{"hash":"\\ud800"}', b"[" * 20_000, b"[]", b"null"]
)
def test_an_entry_that_is_no_text_is_named_in_words(
    play: Play, capsys: pytest.CaptureFixture[str], broken: bytes
) -> None:
    sprint_id = play.sprint()
    play.store.client.lset(JOURNAL, 3, broken)
    for words in (["replay", sprint_id], ["trace", sprint_id, "--verify"]):
        code, told = called(capsys, *words)
        assert code == 1 and "entry 3 was altered" in told and "Traceback" not in told


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in ("seq", "prev", "policy", "event", "changed", "trace", "now")),
        {"seq": "3"}, {"seq": 3.0}, {"seq": True}, {"policy": ["x"]}, {"event": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_entry_without_a_field_of_ours_is_named(
    play: Play, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    sprint_id = play.sprint()
    lines = lines_of(play.store)
    entry = {name: value for name, value in json.loads(lines[3]).items() if name != "hash"} | change
    entry = {name: value for name, value in entry.items() if value is not None}
    play.store.client.lset(JOURNAL, 3, write(entry | {"hash": hash_of(write(entry))}))
    assert [fault.seq for fault in play.store.journal_faults(LANE)] == [3]
    code, told = called(capsys, "trace", sprint_id, "--verify", "--all")
    assert code == 1 and "entry 3 was altered" in told and "Traceback" not in told


def test_a_policy_whose_bytes_are_no_text_is_named(play: Play) -> None:
    play.sprint()
    [(name, text)] = ((n, t) for n, t in play.store.client.hgetall(POLICIES).items() if t != "null")
    play.store.client.hset(POLICIES, name, high(text.encode(), 9))
    faults = play.store.journal_faults(LANE)
    assert faults and all(f"policy {name}, which was altered" in fault.words for fault in faults)


@pytest.mark.parametrize(
    ("field", "touch"),
    [
        ("tasks/t1", lambda text: text[:-5]),
        ("tasks/t1", lambda text: high(text, 3)),
        ("tasks/t1", lambda text: b'"\\ud800"'),
        ("tosks/t1", lambda text: b"{}"),
        ("tasks", lambda text: b"1"),
    ],
)
def test_a_damaged_field_of_a_state_is_named(
    play: Play, capsys: pytest.CaptureFixture[str], field: str, touch: Callable[[bytes], bytes]
) -> None:
    sprint_id = play.sprint()
    text = play.store.client.hget(f"lane:{LANE}", field) or ""
    play.store.client.hset(f"lane:{LANE}", field, touch(text.encode()))
    code, said = called(capsys, "replay", sprint_id)
    assert (
        code == 1 and f"leads to a state whose field {field} is damaged" in said and "Traceback" not in said
    )


def test_whoever_needs_a_damaged_state_is_told_the_field(play: Play) -> None:
    play.sprint()
    play.store.client.hset(f"lane:{LANE}", "tasks/t1", "{")
    with pytest.raises(ValueError, match="the field tasks/t1 of a state is damaged"):
        Store(play.store.client).load(LANE)


def test_a_policy_that_was_altered_is_named(play: Play) -> None:
    play.sprint()
    [(name, text)] = ((n, t) for n, t in play.store.client.hgetall(POLICIES).items() if t != "null")
    play.store.client.hset(POLICIES, name, text.replace('"parallel":2', '"parallel":9'))
    faults = play.store.journal_faults(LANE)
    assert faults and all(f"policy {name}, which was altered" in fault.words for fault in faults)


def test_a_state_that_was_changed_by_hand_is_named(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    sprint_id = play.sprint()
    task = json.loads(play.store.client.hget(f"lane:{LANE}", "tasks/t1"))
    play.store.client.hset(f"lane:{LANE}", "tasks/t1", json.dumps(task | {"status": "Done"}))
    code, said = called(capsys, "replay", sprint_id)
    assert code == 1 and "leads to another state than the stored one: tasks/t1 differ" in said


def test_what_comes_out_differently_now_is_named(play: Play) -> None:
    play.sprint()

    def other(name: str, turn: Any) -> Any:
        out: dict[str, Any] = run_pure(name, turn)[0]
        return out | {"actions": []} if turn["events"][0]["type"] == "repository_met" else out

    assert [str(fault) for fault in prove(play.store.ledger(LANE), other).faults] == [
        "entry 0 asks for nothing now, and for look:repository, make_labels then"
    ]


def test_no_decision_hangs_on_the_order_in_which_a_state_lies(play: Play) -> None:
    """The store keeps no order, so a worker that starts again has another one."""
    play.sprint()

    def backwards(part: Any) -> Any:
        return dict(reversed(part.items())) if isinstance(part, dict) else part

    def turned(name: str, turn: Any) -> Any:
        state = {name: backwards(part) for name, part in turn["state"].items()}
        out: dict[str, Any] = run_pure(name, turn | {"state": backwards(state)})[0]
        return out

    assert prove(play.store.ledger(LANE), turned).faults == []


def test_entries_that_went_to_a_file_are_told_too(play: Play, settings: Settings) -> None:
    play.sprint()
    play.tell(type="tick", key="tick:1", reconcile=False, agents={})
    before = len(lines_of(play.store))
    assert file_journal(play.ctx, LANE, "9000-01-01T00:00:00.000Z") == before
    play.comment(52, "/ping")
    assert play.store.journal_faults(LANE) == []
    folder = settings.home / "journals"
    proof = prove(full_ledger(play.store, LANE, folder))
    assert proof.holds and proof.entries > before
    [fault] = prove(full_ledger(play.store, LANE, None)).faults
    assert fault.seq == before and f"journals/{LANE}.jsonl" in fault.words


SEPARATORS = "one\u2028two\u2029three\x85four\x1cfive\x0bsix\rseven"


def test_other_signs_that_end_a_line_are_no_alteration_of_a_file(play: Play, settings: Settings) -> None:
    play.sprint()
    play.comment(52, f"/ping {SEPARATORS}")
    before = len(lines_of(play.store))
    assert file_journal(play.ctx, LANE, "9000-01-01T00:00:00.000Z") == before
    proof = prove(full_ledger(play.store, LANE, settings.home / "journals"))
    assert proof.holds and proof.entries == before


@pytest.mark.parametrize("at", [20, 300])
@pytest.mark.parametrize("byte", [None, 0xFF])
def test_a_damaged_byte_of_a_file_is_named(
    play: Play, settings: Settings, capsys: pytest.CaptureFixture[str], at: int, byte: int | None
) -> None:
    sprint_id = play.sprint()
    file_journal(play.ctx, LANE, "9000-01-01T00:00:00.000Z")
    file = settings.home / "journals" / f"{LANE}.jsonl"
    lines = file.read_bytes().split(b"\n")
    damaged = lines[3][:at] + bytes([lines[3][at] ^ 0x80 if byte is None else byte]) + lines[3][at + 1 :]
    file.write_bytes(b"\n".join([*lines[:3], damaged, *lines[4:]]))
    for words in (["replay", sprint_id], ["trace", sprint_id, "--verify"]):
        code, told = called(capsys, *words)
        assert code == 1 and "entry 3 was altered" in told and "Traceback" not in told


def test_a_damaged_byte_goes_to_the_file_as_it_is(play: Play, settings: Settings) -> None:
    play.sprint()
    line = play.store.client.lindex(JOURNAL, 3).encode()
    at = line.index(b'"key":"') + 8
    play.store.client.lset(JOURNAL, 3, high(line, at))
    file_journal(play.ctx, LANE, "9000-01-01T00:00:00.000Z")
    assert high(line, at) in (settings.home / "journals" / f"{LANE}.jsonl").read_bytes()
    [fault] = prove(full_ledger(play.store, LANE, settings.home / "journals")).faults
    assert str(fault) == "entry 3 was altered"


def test_the_store_of_a_home_is_read_while_no_bot_runs(tmp_path: Path) -> None:
    read = [sys.executable, "-m", "bot.cli", "replay", "--home", str(tmp_path)]
    refused = subprocess.run(read, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "is not a CALORON_HOME" in refused.stderr
    (tmp_path / "store").mkdir()
    done = subprocess.run(read, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "There are no journals yet.\n")
