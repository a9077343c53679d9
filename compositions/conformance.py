"""Comparing this engine with recorded answers of the real one: python -m compositions.conformance FOLDER."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from compositions.catalogue import Catalogue
from compositions.dry_run import FAILED, NO_FILE, Allowed, DryRun, NotRunnable
from compositions.effects import KINDS, effect_set
from compositions.execute import Compiler, start
from compositions.failure import CompositionError, OverBudget, StageFailed
from compositions.graph import GRAPH_FIELDS, GraphError, Stage, read_graph
from compositions.identity import implementation_hash, signature_id_of
from compositions.ntype import TypeFault, read_type, to_json
from compositions.recorded import RecordedStage, TimedOut, whole
from compositions.subtype import why_not
from compositions.trace import make_trace

# What of a dry run is compared.
LOOKED_AT = (
    *("composition_id", "effects", "optimizer", "plan", "type_check", "warnings"),
    "expected_cost_cents",
)
# Cases that are not compared, by name, each with its reason in one line.
NOT_COMPARED: dict[str, str] = {}
# The words of the command line's policies, and what each grants; in small letters only.
EFFECT_WORDS = {
    **{kind: kind for kind in KINDS.values()},
    "fsread": "fs-read",
    "fswrite": "fs-write",
    "nondeterministic": "non-deterministic",
}
CAPABILITY_WORDS = {word: word for word in ("network", "fs-read", "fs-write", "gpu", "llm")}
Difference = tuple[str, Any, Any]


def differences(expected: Any, actual: Any, place: str = "") -> Iterator[Difference]:
    """Every place at which two JSON values are not the same."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted({*expected, *actual}):
            missing = object()
            one, other = expected.get(key, missing), actual.get(key, missing)
            if one is missing or other is missing:
                yield f"{place}.{key}", expected.get(key, "(nothing)"), actual.get(key, "(nothing)")
            else:
                yield from differences(one, other, f"{place}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{place}[{index}]")
    elif comparable(expected) != comparable(actual) or type(expected) is not type(actual):
        yield place, expected, actual


def comparable(value: Any) -> Any:
    """A value to compare: which of many stages the engine names first is left to chance there."""
    return value.partition("First few:")[0] if isinstance(value, str) else value


def identity_cases(recorded: list[dict[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """Each stage's ids, and its specification read as the engine reads it."""
    for case in recorded:
        expected = {key: case[key] for key in ("stage_id", "signature_id", "signature")}
        yield f"identity {case['name']}", expected, lambda case=case: ids_of(RecordedStage(case))
        if spec := case.get("spec"):
            yield f"specification {case['name']}", case["signature"], lambda spec=spec: signature_in(spec)


def ids_of(stage: RecordedStage) -> dict[str, Any]:
    signature_id = signature_id_of(stage)
    return {"stage_id": stage.stage_id, "signature_id": signature_id, "signature": signature_json(stage)}


def signature_json(stage: Any) -> dict[str, Any]:
    given, output = stage.types
    return {
        "input": to_json(given),
        "output": to_json(output),
        "effects": {"effects": list(stage.effects)},
        "implementation_hash": implementation_hash(stage.source),
    }


def signature_in(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "input": to_json(read_type(spec["input"])),
        "output": to_json(read_type(spec["output"])),
        "effects": {"effects": list(effect_set(spec.get("effects", ())))},
        "implementation_hash": implementation_hash(spec["implementation"]),
    }


def subtyping_cases(recorded: list[dict[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    for case in recorded:
        given, expected = case["sub"], case["sup"]
        answer = {"compatible": case["compatible"], "reason": case["reason"]}
        yield (
            f"subtyping {shown(given)} <: {shown(expected)}",
            answer,
            lambda a=given, b=expected: verdict(a, b),
        )


def shown(given: Any) -> str:
    try:
        return str(read_type(given))
    except TypeFault:
        return json.dumps(given)


def verdict(given: Any, expected: Any) -> dict[str, Any]:
    reason = why_not(read_type(given), read_type(expected))
    return {"compatible": reason is None, "reason": reason}


def graph_cases(recorded: dict[str, Any], stages: Catalogue) -> Iterator[tuple[str, Any, Any]]:
    for case in recorded["cases"]:
        attempt = Attempt(case, stages)
        for part, answer in (("dry_run", attempt.dry_run), ("run", attempt.run)):
            if case.get(part) is not None:
                yield f"{part} {case['name']}", case[part], answer


class Attempt:
    """One recorded graph, looked at and run with the recorded arguments."""

    def __init__(self, case: dict[str, Any], stages: Catalogue) -> None:
        self.case = case
        self.stages = stages
        self.environment = case.get("env", {})
        self.allowed = allowed_by(case.get("args", []))

    def find(self, node: Stage) -> Any:
        return self.stages.find(node.id, node.pinning)

    def off(self, name: str) -> bool:
        return self.environment.get(name, "").lower() in ("1", "true")

    def looked_at(self) -> DryRun:
        try:
            graph = read_graph(as_written(self.case["graph"]))
        except GraphError as error:
            words = f"invalid graph JSON: {error} at line 1 column {column(self.case['graph'], error.place)}"
            raise NotRunnable(words, NO_FILE) from error
        return DryRun(graph, self.find, self.allowed, not self.off("NOETHER_NO_OPTIMIZE"))

    def dry_run(self) -> dict[str, Any]:
        try:
            report = self.looked_at().report()
        except NotRunnable as error:
            return failure(str(error), error.code, error.hints)
        return {"rc": 0, **{key: report[key] for key in LOOKED_AT if key in report}}

    def run(self) -> dict[str, Any]:
        try:
            looked_at = self.looked_at()
            return self.outcome(looked_at)
        except NotRunnable as error:
            return failure(str(error), error.code, error.hints)
        except StageFailed as error:
            how = "" if isinstance(error.__cause__, TimedOut) else "failed: "
            words = f'execution failed: stage StageId("{error.stage_id()}") {how}{error.words}'
            return failure(words, FAILED)
        except OverBudget as error:
            return failure(error.words, NotRunnable("", 2).code)
        except CompositionError as error:
            return failure(f"execution failed: {error.words}", FAILED)

    def outcome(self, looked_at: DryRun) -> dict[str, Any]:
        root = looked_at.optimized.root
        memoize = not self.off("NOETHER_NO_MEMOIZE")
        # Unlike the other two, this one is off whatever is said: "0" and "false" too.
        refine = not self.environment.get("NOETHER_NO_REFINEMENT_CHECK")
        program = Compiler(root, self.find, memoize, refine).compile(root)
        output, record = start(program, self.case.get("input"), self.allowed.budget)
        kept = ("input_hash", "output_hash", "stage_id", "status", "step_index")
        stages = [{key: entry[key] for key in kept} for entry in make_trace(record, "")["stages"]]
        memo = {"enabled": memoize, "hits": record.hits, "misses": record.misses}
        return {
            "rc": 0,
            "output": output,
            "trace_stages": stages,
            "warnings": looked_at.warnings,
            **({"memoize": memo} if record.hits or not memoize else {}),
            **({"spent_cents": record.spent} if self.allowed.budget is not None and record.spent else {}),
        }


def as_written(graph: Any) -> Any:
    """The graph with its fields in the order of its file; recordings are sorted by name."""
    if not isinstance(graph, dict):
        return graph
    return {key: graph[key] for key in ("description", "version", "root") if key in graph}


def column(graph: Any, place: str) -> int:
    """Where the reader noticed: at the end of a field or of the root's operator, or else of the file.

    What has an inside it does not enter where it wants something else.
    """
    if not place:
        return len(json.dumps(as_written(graph)))
    if place == "op":
        root = graph[GRAPH_FIELDS.index("root")] if isinstance(graph, list) else graph["root"]
        first = {"op": root["op"], **root}  # written first by those who recorded it
        begun = column(graph, "root") - len(json.dumps(first))
        return begun + end_of(first, "op")
    return end_of(as_written(graph), place)


def end_of(whole: Any, name: str) -> int:
    """The column after the value of this name."""
    if isinstance(whole, list):
        upto: Any = whole[: GRAPH_FIELDS.index(name) + 1]
        value = upto[-1]
    else:
        names = list(whole)
        upto = {key: whole[key] for key in names[: names.index(name) + 1]}
        value = whole[name]
    entered = name == "root" or not isinstance(value, dict | list)
    return len(json.dumps(upto)) - 1 - (0 if entered else len(json.dumps(value)))


def allowed_by(arguments: list[str]) -> Allowed:
    """What the recorded command line granted."""
    given = dict(zip(arguments[::2], arguments[1::2], strict=False))
    effects, capabilities = given.get("--allow-effects"), given.get("--allow-capabilities")
    budget = given.get("--budget-cents")
    return Allowed(
        known_words(effects, EFFECT_WORDS),
        known_words(capabilities, CAPABILITY_WORDS),
        int(budget) if budget else None,
    )


def known_words(given: str | None, known: dict[str, str]) -> list[str] | None:
    """What a list on the command line grants: unknown words are passed over, a list of none grants all."""
    words = [known[word] for word in map(str.strip, (given or "").split(",")) if word in known]
    return words or None


def failure(message: str, code: int, hints: list[str] | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": "GENERAL_ERROR", "message": message}
    if hints:
        error["hints"] = hints
    return {"rc": code, "error": error}


def cases_in(folder: Path) -> Iterator[tuple[str, Any, Callable[[], Any]]]:
    """Every recorded case: its name, the real engine's answer, and how to get ours."""
    identity = read(folder / "identity.json") or []
    yield from identity_cases(identity)
    yield from subtyping_cases(read(folder / "subtyping.json") or [])
    if graphs := read(folder / "graphs.json"):
        yield from graph_cases(graphs, Catalogue(map(RecordedStage, filter(readable, identity))))


def readable(recorded: dict[str, Any]) -> bool:
    """Can the stage be taken up? One that cannot is told as a case of its own."""
    try:
        RecordedStage(recorded)
    except (KeyError, ValueError):
        return False
    return True


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"), parse_int=whole) if file.is_file() else None


def compare(folder: Path, say: Callable[[str], None] = print) -> tuple[int, int]:
    """How many cases agree, and how many do not; every difference is said."""
    passed = failed = 0
    for name, expected, answer in cases_in(folder):
        if reason := NOT_COMPARED.get(name):
            say(f"not compared: {name}: {reason}")
            continue
        try:
            found = list(differences(expected, answer()))
        except Exception as error:  # whatever it is, the other cases are worth their while
            say(f"{name}: raised {type(error).__name__}: {error}")
            failed += 1
            continue
        passed, failed = (passed, failed + 1) if found else (passed + 1, failed)
        for place, one, other in found:
            say(f"{name}{place}:\n  recorded {json.dumps(one)}\n  ours     {json.dumps(other)}")
    return passed, failed


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m compositions.conformance FOLDER  (with identity, subtyping and graphs .json)")
        return 2
    passed, failed = compare(Path(arguments[0]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
