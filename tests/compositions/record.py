"""Record fresh vectors from the real engine: python -m tests.compositions.record FOLDER [SEED GRAPHS PAIRS]

Random graphs and pairs of types, the same for the same seed, in the form of `tests/fixtures/noether`;
compare with `python -m compositions.conformance FOLDER`. Takes about half a second a graph.
"""

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from compositions.engine import Engine
from compositions.identity import implementation_hash, signature_id_of
from compositions.ntype import PRIMITIVES, read_type, to_json
from compositions.recorded import RecordedStage

ROOT = Path(__file__).parents[2]
NOETHER = ROOT / "tests" / "tools" / "noether"
FIXTURES = ROOT / "tests" / "fixtures" / "noether"
UNREPEATABLE = ("f_env", "f_sleep", "f_flaky", "f_print", "f_stderr")
SWITCHES = ("NOETHER_NO_OPTIMIZE", "NOETHER_NO_MEMOIZE", "NOETHER_NO_REFINEMENT_CHECK")
# Options that only their kinds tell apart, or not even those.
TWINS: tuple[list[Any], ...] = ([1], [1.0], [True], [0], [False], [0.0], [-0.0], [[1]], [[True]])
NOWHERE = "http://127.0.0.1:9/"
Json = Any


def ask(engine: Engine, case: Json) -> Json:
    """The case with the engine's answers."""
    runs, environment, arguments = case.pop("runs"), case.get("env"), case.get("args", [])
    dry = engine.run(case["graph"], case["input"], *arguments, "--dry-run", env=environment)
    ran = engine.run(case["graph"], case["input"], *arguments, env=environment) if runs else None
    return {**case, "dry_run": answer(*dry), "run": ran and answer(*ran)}


def answer(code: int, data: Json) -> Json:
    if code:
        return {"rc": code, "error": data}
    kept = (
        *("composition_id", "effects", "optimizer", "plan", "type_check", "warnings"),
        *("expected_cost_cents", "output", "memoize", "spent_cents"),
    )
    found = {"rc": 0, **{key: data[key] for key in kept if key in data}}
    if "trace" in data:
        names = ("input_hash", "output_hash", "stage_id", "status", "step_index")
        found["trace_stages"] = [{name: entry[name] for name in names} for entry in data["trace"]["stages"]]
        del found["composition_id"], found["effects"]
    return found


def whole(stage: Json) -> Json:
    """A stage in full, for what a simple specification cannot say."""
    same = ("signature_id", "signature", "name")
    return {
        **{key: stage[key] for key in same},
        "id": stage["stage_id"],
        "capabilities": stage.get("capabilities", []),
        "cost": {},
        "description": stage.get("description", stage["name"]),
        "examples": [],
        "lifecycle": "Draft",
        "implementation_code": stage["implementation"],
        "implementation_language": "python",
        "tags": [],
        "aliases": [],
        "properties": [],
    }


class Dice:
    """Random graphs, types and values."""

    def __init__(self, seed: int, stages: list[Json]) -> None:
        self.random = random.Random(seed)
        kept = [stage for stage in stages if stage["name"] not in UNREPEATABLE]
        rarely = ("f_fail", "f_nan", "f_tok", "g_prop")
        self.stages = [stage for stage in kept for _ in range(1 if stage["name"] in rarely else 4)]

    def pick(self, options: Any) -> Any:
        return self.random.choice(list(options))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def type(self, depth: int = 2, variables: bool = False) -> Json:
        plain = [{"kind": kind} for kind in (*PRIMITIVES, "Text", "Number")]
        if variables:
            plain += [{"kind": "Var", "value": "T"}, {"kind": "Var", "value": "U"}]
        if depth == 0 or self.chance(0.3):
            return self.pick(plain)
        kind = self.pick(["List", "Stream", "Map", "Record", "Record", "Record", "Union", "Union", "Refined"])
        if variables and self.chance(0.3):
            kind = "RecordWith"
        return {"kind": kind, "value": self.content(kind, depth - 1, variables)}

    def content(self, kind: str, depth: int, variables: bool) -> Json:
        def inner() -> Json:
            return self.type(depth, variables)

        match kind:
            case "List" | "Stream":
                return inner()
            case "Map":
                return {"key": inner(), "value": inner()}
            case "Record":
                return self.fields(inner)
            case "RecordWith":
                return {"fields": self.fields(inner), "rest": self.pick("RS")}
            case "Union":
                return [inner() for _ in range(self.pick((1, 2, 2, 3)))]
            case _:
                return {"base": inner(), "refinement": self.refinement()}

    def fields(self, inner: Any) -> Json:
        return {
            name: inner() for name in self.random.sample(["a", "b", "c", "é"], self.pick((0, 1, 2, 2, 3)))
        }

    def refinement(self) -> Json:
        ranges: tuple[Json, ...] = (
            {},
            {"min": 0},
            {"max": 2.5},
            {"min": -1.5, "max": 10.0},
            {"min": 1e-7, "max": 1e21},
        )
        options = (["a", "b"], [1, 2.5, None], [{"z": 1, "a": "é"}], *TWINS)
        return self.pick(
            [
                {"kind": "NonEmpty"},
                {"kind": "Range", **self.pick(ranges)},
                {"kind": "OneOf", "options": self.pick(options)},
            ]
        )

    def near(self, given: Json) -> Json:
        """A type that may well fit where the given one is expected, or just not."""
        if self.chance(0.15):
            return self.type()
        match given:
            case {"kind": "Record", "value": fields}:
                changed = {name: self.near(field) for name, field in fields.items() if self.chance(0.9)}
                return {
                    "kind": "Record",
                    "value": changed | (self.fields(self.type) if self.chance(0.3) else {}),
                }
            case {"kind": "List" | "Stream" as kind, "value": element}:
                return {"kind": kind, "value": self.near(element)}
            case {"kind": "Refined", "value": {"base": base, "refinement": {"kind": "OneOf"}}}:
                twins = {"kind": "OneOf", "options": self.pick(TWINS)}
                return {"kind": "Refined", "value": {"base": base, "refinement": twins}}
            case {"kind": "Union", "value": variants}:
                return self.near(self.pick(variants)) if self.chance(0.5) else given
            case _:
                return {"kind": "Union", "value": [given, {"kind": "Null"}]} if self.chance(0.15) else given

    def value(self, depth: int = 2) -> Json:
        plain = [
            *(None, True, False, 0, 1, -7, 1.0, -0.0, 2.5, 1e-5, 1.5e-6, 1e16, 1e21, 123456789012345680.0),
            *(9007199254740993, -(2**63), 2**64 - 1, "", "é☃\u0007\n", "\U0001f600", "[1]", "null", '"x"'),
        ]
        if depth == 0 or self.chance(0.4):
            return self.pick(plain)
        if self.chance(0.4):
            return [self.value(depth - 1) for _ in range(self.pick((0, 1, 3)))]
        keys = self.random.sample(
            ["a", "b", "text", "n", "é", "\U0001f600", "\uffee", 'q"'], self.pick((0, 1, 2, 4))
        )
        return {key: self.value(depth - 1) for key in keys}

    def given(self) -> Json:
        usual = (
            {"text": "abc"},
            {"text": "abcde", "keep": "k"},
            {"a": 1, "b": 2},
            {"text": "x", "a": 1, "b": 2},
        )
        sources = {"source_0": {"text": "ab"}, "source_1": {"text": "cd"}}
        return (
            self.value()
            if self.chance(0.25)
            else self.pick((*usual, *usual, sources, 3, [1, 2], "raw", None, 10**30))
        )

    def stage(self) -> Json:
        stage = self.pick(self.stages)
        reference = stage["name"]
        if self.chance(0.1):
            reference = self.pick(
                (stage["stage_id"], stage["stage_id"][:20], stage["signature_id"], "nowhere")
            )
        node: Json = {"op": "Stage", "id": reference}
        if self.chance(0.15):
            configs: tuple[Json, ...] = (
                {},
                {"b": 10},
                {"text": "set"},
                {"a": 1, "b": 2},
                {"items": [1.5]},
                {"text": None, "n": 2},
            )
            node["config"] = self.pick(configs)
        if self.chance(0.1):
            node["pinning"] = self.pick(("signature", "both"))
        return node

    def remote(self) -> Json:
        return {
            "op": "RemoteStage",
            "url": NOWHERE,
            "input": self.type(2, True),
            "output": self.type(2, True),
        }

    def node(self, depth: int, remote: bool) -> Json:
        if depth == 0 or self.chance(0.2):
            if remote and self.chance(0.5):
                return self.remote()
            return {"op": "Const", "value": self.value()} if self.chance(0.15) else self.stage()
        operator = self.pick(
            ["Sequential"] * 4 + ["Let"] * 3 + ["Parallel", "Branch", "Fanout", "Merge", "Retry"]
        )
        return {"op": operator, **self.operands(operator, depth - 1, remote)}

    def operands(self, operator: str, depth: int, remote: bool) -> Json:
        def some(*counts: int) -> list[Json]:
            return [self.node(depth, remote) for _ in range(self.pick(counts))]

        names = ["a", "b", "text", "source_0", "é", 'q"x', "n"]
        match operator:
            case "Sequential":
                return {"stages": some(*(1, 2, 2, 2, 3, 3) * 4, 0)}
            case "Let":
                bindings = some(*(1, 1, 1, 2, 2) * 4, 0)
                named = zip(self.random.sample(names, len(bindings)), bindings, strict=True)
                return {"bindings": dict(named), "body": self.node(depth, remote)}
            case "Parallel":
                branches = some(*(1, 2, 2, 3) * 4, 0)
                return {
                    "branches": dict(zip(self.random.sample(names, len(branches)), branches, strict=True))
                }
            case "Branch":
                return {name: self.arm(name, depth, remote) for name in ("predicate", "if_true", "if_false")}
            case "Fanout":
                return {"source": self.node(depth, remote), "targets": some(*(1, 2, 2) * 5, 0)}
            case "Merge":
                return {"sources": some(*(1, 2, 2) * 5, 0), "target": self.node(depth, remote)}
            case _:
                delay = self.pick(({}, {}, {"delay_ms": None}, {"delay_ms": 5}))
                return {"stage": self.node(depth, remote), "max_attempts": self.pick((0, 1, 2, 3)), **delay}

    def arm(self, name: str, depth: int, remote: bool) -> Json:
        if name != "predicate" or self.chance(0.2):
            return self.node(depth, remote)
        if self.chance(0.4):
            return {"op": "Const", "value": self.pick((True, False, "true", 1))}
        return {"op": "Stage", "id": self.pick(("f_is_long", "f_notbool"))}

    def case(self, number: int) -> Json:
        remote = self.chance(0.25)
        root = self.node(self.pick((1, 2, 2, 3)), remote)
        case: Json = {
            "name": f"random_{number}",
            "graph": {"description": f"random {number}", "version": "0.1.0", "root": root},
            "input": self.given(),
            "runs": True,
        }
        if self.chance(0.15):
            effects = self.random.sample(["pure", "fallible", "network", "llm", "cost"], self.pick((1, 3, 5)))
            case["args"] = self.pick(
                (
                    ["--allow-effects", self.pick((",", " , ", ",bogus,")).join(effects)],
                    ["--allow-effects", self.pick(("bogus", "Network", "fsread,pure"))],
                    ["--budget-cents", self.pick(("0", "4", "5", "9", "12", "30"))],
                    ["--budget-cents", "30"],
                    ["--allow-capabilities", self.pick(("network", "gpu", "GPU", " network "))],
                )
            )
        if self.chance(0.12):
            case["env"] = {self.pick(SWITCHES): self.pick(("1", "TRUE", "0"))}
        return case


def pair_case(engine: Engine, given: Json, expected: Json) -> Json:
    """What the engine says of an edge between two stages served elsewhere, which need not be there."""
    anything = {"kind": "Any"}
    ends = ({"input": anything, "output": given}, {"input": expected, "output": anything})
    stages = [{"op": "RemoteStage", "url": NOWHERE, **types} for types in ends]
    root = {"op": "Sequential", "stages": stages}
    graph = {"description": "pair", "version": "0.1.0", "root": root}
    code, data = engine.run(graph, None, "--dry-run")
    reason = None
    if code:
        shown = f"output {read_type(given)} is not subtype of input {read_type(expected)}: "
        _, found, reason = data["message"].partition(shown)
        if not found:
            raise RuntimeError(f"unexpected words: {data['message']} (wanted: {shown})")
    return {"sub": given, "sup": expected, "compatible": code == 0, "reason": reason}


def refined(base: str, **refinement: Json) -> Json:
    return {"kind": "Refined", "value": {"base": {"kind": base}, "refinement": refinement}}


ANYTHING = {"kind": "Any"}
FREE: tuple[Json, ...] = ({"effect": "Pure"},)
MADE: tuple[tuple[Any, ...], ...] = (
    ("m_pair", "(i, {1: None})", ANYTHING, ANYTHING),
    ("m_set", "{1}", ANYTHING, ANYTHING),
    ("m_nothing", "None", ANYTHING, {"kind": "Null"}),
    ("m_quiet", "[][1]", ANYTHING, ANYTHING),
    ("m_range", "i", refined("Number", kind="Range", min=0.5), refined("Number", kind="Range", max=2)),
    ("m_one_of", "i", refined("Any", kind="OneOf", options=["abc", 3, 2.5, None]), ANYTHING),
    ("m_full", "i", refined("Any", kind="NonEmpty"), refined("Any", kind="NonEmpty")),
    (
        "m_double",
        "i",
        {
            "kind": "Refined",
            "value": {
                "base": refined("Number", kind="Range", min=1),
                "refinement": {"kind": "Range", "max": 9},
            },
        },
        ANYTHING,
    ),
    ("m_zero", "i", refined("Any", kind="OneOf", options=[0.0, 1, True]), ANYTHING),
    ("m_price", "i", ANYTHING, ANYTHING, ({"effect": "Cost", "cents": 5}, *FREE)),
    ("m_price_too", "1", ANYTHING, ANYTHING, ({"effect": "Cost", "cents": 5},)),
    ("m_dear", "i", refined("Any", kind="NonEmpty"), ANYTHING, ({"effect": "Cost", "cents": 10},)),
    # Two of one signature: the later takes the earlier's place. Then two of one name.
    ("m_again", "1", ANYTHING, ANYTHING),
    ("m_again", "2", ANYTHING, ANYTHING),
    ("m_twins", "1", ANYTHING, ANYTHING),
    ("m_twins", "2", {"kind": "Text"}, ANYTHING),
)


def made(name: str, gives: str, given: Json, output: Json, effects: tuple[Json, ...] = FREE) -> Json:
    """A stage recorded before the engine knows it; `record` holds its id against the engine's."""
    source = f"def execute(i):\n    return {gives}\n"
    types = {"input": to_json(read_type(given)), "output": to_json(read_type(output))}
    signature = {**types, "effects": {"effects": list(effects)}}
    recorded = {
        "name": name,
        "spec": None,
        "implementation": source,
        "lifecycle": "Active",
        "signature": {**signature, "implementation_hash": implementation_hash(source)},
        "description": f"made {name}",
    }
    stage = RecordedStage(recorded)
    return {**recorded, "stage_id": stage.stage_id, "signature_id": signature_id_of(stage)}


def more_stages() -> list[Json]:
    """The fixtures' stages with what only a whole stage can say, and some that behave oddly."""
    stages = json.loads((FIXTURES / "identity.json").read_text())
    for stage in stages:
        stage["capabilities"] = ["Network"] if stage["name"] == "g_caps" else []
    odd = [made(*one) for one in MADE]
    again, successor = (stage for stage in odd if stage["name"] == "m_again")
    again["lifecycle"] = {"Deprecated": {"successor_id": successor["stage_id"]}}
    return [*stages, *odd]


def fill(engine: Engine, stages: list[Json]) -> None:
    """Register all in their order, and see to it that ids are those that were recorded."""
    named = {f"{number:03}": stage for number, stage in enumerate(stages)}
    given = engine.sync({number: stage["spec"] or whole(stage) for number, stage in named.items()})
    wrong = [stage["name"] for number, stage in named.items() if given[number] != stage["stage_id"]]
    if wrong:
        raise RuntimeError(f"the engine gives other ids to {', '.join(wrong)}")


def record(folder: Path, seed: int, graphs: int, pairs: int) -> None:
    stages = more_stages()
    dice = Dice(seed, stages)
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home), str(NOETHER))
        fill(engine, stages)
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "identity.json", stages)
        found = []
        for _ in range(pairs):
            expected = dice.type(3)
            found.append(pair_case(engine, dice.near(expected), expected))
        write(folder / "subtyping.json", found)
        cases = [ask(engine, dice.case(number)) for number in range(graphs)]
        write(folder / "graphs.json", {"seed": seed, "cases": cases})


def write(file: Path, value: Json) -> None:
    file.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    seed, graphs, pairs = (*map(int, sys.argv[2:]), *(1, 200, 200)[len(sys.argv) - 2 :])
    record(Path(sys.argv[1]), seed, graphs, pairs)
