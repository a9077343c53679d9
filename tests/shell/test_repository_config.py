"""`.caloron.yml`: what it sets, and what is said where it is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.repository_labels import declared_policy
from shell.agent.path_rules import FLOOR
from shell.config_file import read_config
from shell.policy import policy_for
from shell.repository_config import JOINS, KEYS, explained, merged
from shell.settings import Settings
from tests.stages.forge_rendering import live_in_body
from tests.stages.stage_rules import loaded

ME: Any = {"login": "bot", "id": 1}
WHOLE = """
pipeline:
  parallel: 1
agents:
  framework: stub
  network: [API.example.org, "*.example.net"]
  time_limit: 1.5 h
merge: {mode: manual}
supervisor: {stall: 5, missing: 1 min, cooldown: 90s, retries: 0}
verify: [{name: unit tests, run: make test}, {name: lint, run: make lint, timeout: 90 s}]
protected_paths: [infra/**, Makefile]
"""


def settings(**given: Any) -> Settings:
    return Settings.model_construct(**given)


def test_every_key_sets_its_key_of_the_policy() -> None:
    parsed = read_config(WHOLE)
    assert parsed["problems"] == []
    assert parsed["values"] == {
        "parallel": 1,
        "framework": "stub",
        "network": ["api.example.org", "*.example.net"],
        "time_limit_s": 5400.0,
        "merge": "manual",
        "stall_threshold_m": 5.0,
        "missing_after_s": 60.0,
        "cooldown_m": 1.5,
        "stuck_retry_limit": 0,
        "verify": [
            {"name": "unit tests", "run": "make test", "timeout_s": 600.0},
            {"name": "lint", "run": "make lint", "timeout_s": 90.0},
        ],
        "protected_paths": ["infra/**", "Makefile"],
    }
    policy = policy_for(settings(), ME, parsed["values"], declared_policy())
    assert policy["protected_paths"] == [*FLOOR, "infra/**", "Makefile"]
    others = {name: value for name, value in parsed["values"].items() if name != "protected_paths"}
    assert others.items() <= policy.items()
    assert set(parsed["values"]) <= {sets.policy for _, _, sets in KEYS}


def test_the_line_of_every_key_is_known() -> None:
    assert read_config(WHOLE)["lines"] == {
        "pipeline.parallel": 3, "agents.framework": 5, "agents.network": 6, "agents.time_limit": 7,
        "merge.mode": 8, "supervisor.stall": 9, "supervisor.missing": 9, "supervisor.cooldown": 9,
        "supervisor.retries": 9, "verify": 10, "protected_paths": 11,
    }  # fmt: skip


def test_it_is_known_which_default_the_operator_set() -> None:
    given = settings(agents=4, stall_m=5.0, framework="stub")
    assert policy_for(given, ME, {}, declared_policy())["origins"] == {
        "parallel": "CALORON_AGENTS",
        "framework": "CALORON_FRAMEWORK",
        "stall_threshold_m": "CALORON_STALL_M",
    }
    for nothing in (settings(), settings(agents=1)):
        assert "origins" not in policy_for(nothing, ME, {}, declared_policy())


def test_config_shows_every_key_of_the_file() -> None:
    shown = loaded(Path(__file__).parents[2] / "stages/command/config.py").KEYS
    assert list(shown.items()) == [(name, sets.policy) for name, _, sets in KEYS if sets.shown]


@pytest.mark.parametrize("text", ["", "# only words\n", "---\n", "pipeline:\n", "pipeline:\n  parallel:\n"])
def test_what_is_not_given_stays_as_it_is(text: str) -> None:
    assert read_config(text) == {"values": {}, "lines": {}, "problems": []}
    policy = policy_for(settings(), ME, {}, declared_policy())
    assert (policy["parallel"], policy["merge"], policy["stuck_retry_limit"]) == (2, "on-approval", 3)
    assert (policy["time_limit_s"], policy["stall_threshold_m"]) == (3600, 20)


@pytest.mark.parametrize(("agents", "parallel"), [(0, 2), (1, 2), (2, 2), (4, 4)])
def test_without_a_word_of_the_repository_all_agents_of_the_machine_may_work(
    agents: int, parallel: int
) -> None:
    assert policy_for(settings(agents=agents), ME, {}, declared_policy())["parallel"] == parallel
    assert policy_for(settings(agents=agents), ME, {"parallel": 1}, declared_policy())["parallel"] == 1


def test_a_repository_may_shorten_the_operators_times_only() -> None:
    operator = settings(stall_m=10.0, missing_s=60.0, cooldown_m=5.0)
    longer = read_config("supervisor: {stall: 1 h, missing: 1 h, cooldown: 1 h}")["values"]
    policy = policy_for(operator, ME, longer, declared_policy())
    assert (policy["stall_threshold_m"], policy["missing_after_s"], policy["cooldown_m"]) == (10, 60, 5)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("pipeline:\n  paralel: 1\n", 2, 3, "`pipeline.paralel`; did you mean `pipeline.parallel`?"),
        ("parallel: 3\n", 1, 1, "unknown key `parallel`; did you mean `pipeline.parallel`?"),
        ("\nmoney: []\n", 2, 1, "unknown key `money`; known here: `agents`, `budget`, "),
        ("@everyone: 1", 1, 1, "not valid YAML"),
        ('"@everyone <!-- x": 1', 1, 1, "unknown key `?everyone???--?x`; known here"),
        ("pipeline:\n  parallel: yes\n", 2, 13, "`pipeline.parallel` should be a valid integer"),
        ("pipeline: {parallel: 0}", 1, 22, "should be greater than or equal to 1"),
        ("agents: {framework: claude}", 1, 21, "did you mean `claude-code`?"),
        ("agents: {framework: [x]}", 1, 21, "should be one of claude-code"),
        ("agents: {framework: {acp: ./mine}}", 1, 27, "whose first word is the name of a program on PATH"),
        ('agents: {framework: {acp: "x \'y"}}', 1, 27, "is no command line: no closing quotation"),
        (
            "agents:\n  framework: {acp: qwen, evn: [A]}\n",
            2,
            26,
            "`agents.framework.evn`; known here: `acp`, `env`",
        ),
        ("agents: {framework: {env: [A]}}", 1, 21, "`agents.framework.acp` Field required"),
        ("agents: {framework: {acp: qwen, env: [A B]}}", 1, 39, "`agents.framework.env.0` should match"),
        ("agents: {mcp: {a: {}}}", 1, 19, "`agents.mcp.a` should have either a `command` or a `url`"),
        ("agents: {mcp: {a: {command: x, url: 'https://x.org'}}}", 1, 19, "either a `command` or a `url`"),
        ("agents: {mcp: {a: {command: x, headers: {A: B}}}}", 1, 19, "do not belong"),
        ("agents: {mcp: {a: {url: 'https://x.org', args: [y]}}}", 1, 19, "do not belong"),
        ("agents: {mcp: {a: {url: 'https://u:p@x.org'}}}", 1, 25, "no user and no password"),
        ("agents: {mcp: {a: {url: 'ftp://x.org'}}}", 1, 25, "is not an address"),
        (
            "agents: {mcp: {a: {comand: x}}}",
            1,
            20,
            "`agents.mcp.*.comand`; did you mean `agents.mcp.*.command`?",
        ),
        ("agents: {mcp: {'@all': {command: x}}}", 1, 24, "`agents.mcp.?all` should match pattern"),
        ("agents: {time_limit: soon}", 1, 22, "`90 s`, `45 min` or `1.5 h`"),
        ("agents: {time_limit: .nan}", 1, 22, "should be"),
        ("agents: {time_limit: 5 s}", 1, 22, "should be greater than or equal to 60"),
        ("merge: {mode: auto}", 1, 15, "`merge.mode` should be 'on-approval' or 'manual'"),
        ("merge: on", 1, 8, "`merge` should hold keys with values"),
        ("- 1", 1, 1, "the file should hold keys with values"),
        ("agents:\n  network: [10.0.0.1]\n", 2, 13, "is not the name of a public host; write"),
        ("agents: {network: [a.example.org, db.internal]}", 1, 35, "is not a public name; the operator can"),
        (
            "verify:\n  - name: a\n    run: b\n    tiemout: 1\n",
            4,
            5,
            "unknown key `verify.tiemout`; did you mean `verify.timeout`?",
        ),
        (
            "verify:\n  - {name: a, run: b}\n  - {name: A, run: c}\n",
            2,
            3,
            "`verify` should have each name once; `a` is there twice",
        ),
        ("verify:\n  - {name: '<a>', run: b}\n", 2, 12, "`verify.0.name` should match pattern"),
        ("protected_paths: a", 1, 18, "`protected_paths` should be a valid list"),
        ("protected_paths:\n  - a\n  - 7\n", 3, 5, "`protected_paths.1` should be a valid string"),
        ("merge: {mode: manual}\nmerge: {mode: manual}", 2, 1, "`merge` is there twice"),
        ("on: 1", 1, 1, "unknown key `on`"),
        ("? [a]\n: 1", 1, 3, "a key must be a single word"),
        ("a: [\n", 2, 1, "not valid YAML"),
        ("a: `x", 1, 4, "not valid YAML: `found character ''' that"),
        ("a: &x 1\nb: *x\n", 2, 4, "aliases"),
        ("[" * 100, 1, 21, "nested too deeply"),
        ("a\n---\nb\n", 2, 1, "another document"),
        ("x: !!python/name:os.system 1", 1, 4, "not valid YAML"),
        ("pipeline: {parallel: !!int x}", 1, 22, "cannot be read"),
        ("\0", 1, 1, "not valid YAML"),
        ("#" * 70_000, 1, 1, "too long"),
    ],
)
def test_a_wrong_file_says_where_and_what(text: str, line: int, column: int, words: str) -> None:
    parsed = read_config(text)
    assert parsed["values"] == {}
    [problem] = parsed["problems"]
    assert (problem["line"], problem["column"]) == (line, column)
    assert words in problem["message"]


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    wrong = read_config("agents: {time_limit: x}\nmerge: {mood: 1}\npipeline: {parallel: 0, order: 1}")
    assert [(one["line"], one["column"]) for one in wrong["problems"]] == [(1, 22), (2, 9), (3, 22), (3, 25)]


@given(st.text() | st.text("abc:-[]{}*&!?|>'\"%@`#\n "))
def test_no_text_breaks_the_reader(text: str) -> None:
    parsed = read_config(text)
    assert not (parsed["values"] and parsed["problems"])
    assert all(one["line"] >= 1 and one["column"] >= 1 and one["message"] for one in parsed["problems"])


HOSTILE = json.loads((Path(__file__).parents[1] / "stages/hostile_texts.json").read_text())


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_the_file_is_live_in_what_is_said_of_it(name: str) -> None:
    text = HOSTILE[name] if isinstance(HOSTILE[name], str) else HOSTILE[name][0] * HOSTILE[name][1]
    quoted = json.dumps(text)
    values = (f"{quoted}: 1", f"pipeline: {{{quoted}: 1}}", f"merge: {{mode: {quoted}}}", text, f"a: {text}")
    for file in (*values, f"agents: {{framework: {quoted}}}", f"agents: {{time_limit: {quoted}}}"):
        for problem in read_config(file)["problems"]:
            found = live_in_body(f"- {problem['message']}")
            assert found["text"] == live_in_body("- x")["text"]
            assert set(found["tags"]) <= {"<ul []>", "<li []>", "<p []>", "<code []>"}


def test_a_command_may_take_more_than_by_itself_but_not_less() -> None:
    rights = {"skip": "write", "merge": "maintain"}
    asked = "commands:\n  minimum: {skip: maintain}\n"
    assert read_config(asked, rights)["values"] == {"command_minimum": {"skip": "maintain"}}
    for wrong, words in (
        ("{merge: write}", "`commands.minimum` may only ask for more; `/merge` needs maintain already"),
        ("{skpi: maintain}", "`skpi` is none that acts here; did you mean `skip`?"),
        ("{skip: read}", "`commands.minimum.skip`"),
    ):
        [problem] = read_config(f"commands:\n  minimum: {wrong}\n", rights)["problems"]
        assert words in problem["message"] and problem["line"] == 2


def test_the_organisations_values_hold_beneath_the_repositorys_own() -> None:
    """Key by key: what is one value is replaced, what has entries has those of both."""
    below = read_config(
        "agents: {framework: {acp: qwen}, models: {quick: a, standard: b}, network: [one.example.org]}\n"
        "commands: {minimum: {skip: maintain}}\nprotected_paths: [infra]\nverify: [{name: a, run: x}]\n"
    )["values"]
    own = read_config(
        "agents: {framework: claude-code, models: {quick: c}, network: [two.example.org]}\n"
        "commands: {minimum: {retry: maintain}}\nprotected_paths: [deploy, infra]\n"
    )["values"]
    both = merged(below, own)
    assert both["framework"] == "claude-code" and "acp" not in both
    assert both["models"] == {"quick": "c", "standard": "b"} and both["network"] == ["two.example.org"]
    assert both["command_minimum"] == {"skip": "maintain", "retry": "maintain"}
    assert both["protected_paths"] == ["infra", "deploy"] and both["verify"] == below["verify"]
    assert merged(below, {}) == below and merged({}, own) == own


def test_what_joins_is_told_as_of_both_files() -> None:
    joined = loaded(Path("stages/command/config.py").resolve()).JOINED
    assert {sets.policy for _, _, sets in KEYS if sets.join in JOINS} == set(joined)


def test_each_key_is_explained_with_where_it_comes_from() -> None:
    forge = {"CALORON_WEBHOOK_SECRET": "s", "GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t"}
    own: Any = {
        "commit": "c", "valid": "c", "values": {"parallel": 1, "stall_threshold_m": 9},
        "lines": {"pipeline.parallel": 2},
    }  # fmt: skip
    beneath: Any = {
        "held_in": "ada/.caloron", "commit": "d", "valid": "d",
        "defaults": {"parallel": 4, "merge": "manual"}, "lines": {"merge.mode": 7},
    }  # fmt: skip
    found = explained(Settings.of(forge | {"CALORON_STALL_M": "5"}), own, beneath)
    rows = {row["key"]: (row["value"], row["source"]) for row in found}
    assert rows["pipeline.parallel"] == (1, ".caloron.yml:2")
    assert rows["merge.mode"] == ("manual", ".caloron.yml:7 of ada/.caloron")
    assert rows["supervisor.stall"] == (5, "CALORON_STALL_M; .caloron.yml may only shorten it")
    assert rows["merge.update"] == ("needed", "default")
