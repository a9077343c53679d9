"""The engine gives the real one's recorded answers, and a comparison that differs says so."""

import json
from pathlib import Path
from typing import Any

import pytest

from compositions.catalogue import Catalogue
from compositions.conformance import NOT_COMPARED, Attempt, cases_in, compare, differences, main
from compositions.ntype import read_type
from compositions.recorded import RecordedStage, StageError, parse_fault

FIXTURES = Path(__file__).parents[1] / "fixtures" / "noether"


def test_every_recorded_answer_is_ours_too() -> None:
    said: list[str] = []
    passed, failed = compare(FIXTURES, said.append)
    assert (said, failed) == ([], 0)
    compared = [name for name, *_ in cases_in(FIXTURES) if name not in NOT_COMPARED]
    assert passed == len(compared) > 0


def test_a_difference_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [
        {"sub": "Text", "sup": "Text", "compatible": True, "reason": None},
        {"sub": "Text", "sup": "Bool", "compatible": False, "reason": "expected Bool, got Number"},
    ]
    (tmp_path / "subtyping.json").write_text(json.dumps(pairs))
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert printed.endswith("1 passed, 1 failed\n")
    assert '"expected Bool, got Number"' in printed
    assert '"expected Bool, got Text"' in printed


def test_a_folder_without_vectors_does_not_pass(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 1
    assert main([]) == 2


def test_numbers_of_another_kind_differ() -> None:
    assert list(differences({"a": [1]}, {"a": [1.0]})) == [(".a[0]", 1, 1.0)]
    assert list(differences({"a": True}, {"a": 1})) == [(".a", True, 1)]
    assert list(differences({"a": None}, {})) == [(".a", None, "(nothing)")]


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("noise\n{}\n", "expected ident at line 1 column 2"),
        ("NaN\n", "expected value at line 1 column 1"),
        ("[1, -Infinity]\n", "invalid number at line 1 column 6"),
        ('{"NaN": NaN}\n', "expected value at line 1 column 9"),
        ("[1]\n2\n", "trailing characters at line 2 column 1"),
        ("1 2\n2\n", "trailing characters at line 1 column 3"),
        ("tree\n2\n", "expected ident at line 1 column 3"),
        ("", "EOF while parsing a value at line 1 column 0"),
    ],
)
def test_what_spoils_an_output(printed: str, words: str) -> None:
    assert parse_fault(printed) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('boom')", "stage error (exit 1): boom\n"),
        (
            "import sys; print('warn', file=sys.stderr); raise ValueError('boom')",
            "stage error (exit 1): warn\nboom\n",
        ),
        ("raise SystemExit('bye')", "stage error (exit 1): bye\n"),
        ("raise SystemExit(3)", "stage exited without output (exit 3)"),
        ("raise ValueError()", "stage exited without output (exit 1)"),
        ("return {1}", "stage error (exit 1): Object of type set is not JSON serializable\n"),
        ("open('/no/such/file')", "nix binary not found — is Nix installed?"),
        ("import time; time.sleep(40)", "timed out after 30s"),
        (
            "print('noise'); return 1",
            'failed to parse stage output as JSON: expected ident at line 1 column 2 (got: "noise\\n1\\n")',
        ),
    ],
)
def test_how_a_recorded_stage_fails(body: str, words: str) -> None:
    anything = {"kind": "Any"}
    effects = {"effects": [{"effect": "Pure"}]}
    stage = RecordedStage(
        {
            "name": "odd",
            "implementation": f"def execute(i):\n    {body}\n",
            "lifecycle": "Active",
            "signature": {"input": anything, "output": anything, "effects": effects},
        }
    )
    with pytest.raises(StageError) as told:
        stage.execute({})
    assert str(told.value) == words


ANYTHING = {"kind": "Any"}


def recorded(name: str, *effects: object) -> RecordedStage:
    signature = {"input": ANYTHING, "output": ANYTHING, "effects": {"effects": list(effects)}}
    source = "def execute(i):\n    return i\n"
    return RecordedStage(
        {"name": name, "implementation": source, "lifecycle": "Active", "signature": signature}
    )


def dry_run(root: object, *arguments: str, **environment: str) -> dict[str, Any]:
    costs = [recorded(name, {"effect": "Cost", "cents": 5}) for name in ("one", "other")]
    stages = [
        *costs,
        recorded("dear", {"effect": "Cost", "cents": 10}),
        recorded("net", {"effect": "Network"}),
    ]
    graph = {"description": "", "version": "1", "root": root}
    case = {"graph": graph, "input": 1, "args": list(arguments), "env": environment}
    return Attempt(case, Catalogue(stages)).dry_run()


def node(name: str) -> dict[str, str]:
    return {"op": "Stage", "id": name}


@pytest.mark.parametrize(
    ("names", "cents"), [(["one", "other"], 10), (["one", "one"], 5), (["one", "dear", "other"], 20)]
)
def test_the_expected_cost_counts_each_stage_once(names: list[str], cents: int) -> None:
    root = {"op": "Sequential", "stages": list(map(node, names))}
    assert dry_run(root, "--budget-cents", "50")["expected_cost_cents"] == cents


@pytest.mark.parametrize(("unoptimized", "cents"), [("yes", 5), ("1", 15), ("TRUE", 15)])
def test_an_arm_that_is_never_taken_is_not_expected_to_cost(unoptimized: str, cents: int) -> None:
    arms = {"if_true": node("one"), "if_false": node("dear")}
    root = {"op": "Branch", "predicate": {"op": "Const", "value": True}, **arms}
    told = dry_run(root, "--budget-cents", "50", NOETHER_NO_OPTIMIZE=unoptimized)
    assert told["expected_cost_cents"] == cents


@pytest.mark.parametrize(
    ("effects", "code"),
    [
        (" network ", 0),
        ("bogus", 0),
        ("FALLIBLE", 0),
        ("Network", 0),
        ("", 0),
        ("bogus,pure", 2),
        ("fsread", 2),
        ("nondeterministic", 2),
    ],
)
def test_a_policy_of_words_that_nobody_knows_grants_all(effects: str, code: int) -> None:
    assert dry_run(node("net"), "--allow-effects", effects)["rc"] == code


def test_what_refines_is_not_looked_at_when_that_is_off() -> None:
    refined = {"kind": "Refined", "value": {"base": ANYTHING, "refinement": {"kind": "NonEmpty"}}}
    stage = recorded("full")
    stage.types = (read_type(refined), stage.types[1])
    stage.refined = True
    graph = {"description": "", "version": "1", "root": node("full")}
    for value, code in (("", 3), ("0", 0), ("yes", 0)):
        case = {"graph": graph, "input": 1, "env": {"NOETHER_NO_REFINEMENT_CHECK": value}}
        assert Attempt(case, Catalogue([stage])).run()["rc"] == code


LOOP = {"op": "Loop", "more": 1}


@pytest.mark.parametrize(
    ("graph", "end"),
    [
        ("x", "expected struct CompositionGraph at line 1 column 3"),
        ([1], "integer `1`, expected a string at line 1 column 2"),
        ([], "invalid length 0, expected struct CompositionGraph with 3 elements at line 1 column 2"),
        ({"description": 1, "version": "1", "root": None}, "expected a string at line 1 column 17"),
        ({"description": "d", "root": None, "version": None}, "expected a string at line 1 column 36"),
        ({"description": "d", "version": "1", "root": None}, "CompositionNode at line 1 column 49"),
        ({"description": "d", "version": "1", "root": []}, "missing field `op` at line 1 column 47"),
        ({"description": "d", "version": "1", "root": "Stage"}, "CompositionNode at line 1 column 52"),
        ({"description": "d", "version": "1", "root": LOOP}, "`Let` at line 1 column 58"),
        ({"description": "d", "version": "1", "root": {"op": {}}}, "variant identifier at line 1 column 52"),
        ({"description": "d", "version": "1"}, "missing field `root` at line 1 column 36"),
    ],
)
def test_where_a_graph_is_no_graph(graph: object, end: str) -> None:
    told = Attempt({"graph": graph, "input": 1}, Catalogue([])).dry_run()
    assert told["error"]["message"].endswith(end)


def test_a_case_that_raises_fails_and_the_next_is_compared(tmp_path: Path) -> None:
    broken = {"sub": {"kind": "Map", "value": []}, "sup": "Text", "compatible": True, "reason": None}
    fine = {"sub": "Text", "sup": "Text", "compatible": True, "reason": None}
    (tmp_path / "subtyping.json").write_text(json.dumps([broken, fine]))
    said: list[str] = []
    assert compare(tmp_path, said.append) == (1, 1)
    assert len(said) == 1
    assert "raised TypeFault: invalid type: sequence" in said[0]
