"""What people see of a composition."""

from compositions import Composition
from compositions.catalogue import Catalogue
from compositions.draw import mermaid, signature, tree
from compositions.effects import effect_set
from compositions.graph import read_graph
from compositions.ntype import BOOL, TEXT, list_of, record


class Drawn:
    """A stage that is only looked at."""

    active = True

    def __init__(self, name: str, given: object, output: object, *effects: str) -> None:
        self.name = name
        self.description = f"Does {name}."
        self.types = (given, output)
        self.effects = effect_set(effects)
        self.stage_id = name


STAGES = Catalogue(
    [
        Drawn("read", record({"text": TEXT}), list_of(TEXT), "Network", "Fallible"),
        Drawn("is_long", record({"text": TEXT}), BOOL),
        Drawn("tell", record({"lines": list_of(TEXT)}), TEXT),
    ]
)


def composition() -> Composition:
    read = {"op": "Retry", "max_attempts": 2, "stage": {"op": "Stage", "id": "read"}}
    body = {"op": "Stage", "id": "tell", "config": {"loud": True}}
    root = {
        "op": "Branch",
        "predicate": {"op": "Stage", "id": "is_long"},
        "if_true": {"op": "Let", "bindings": {"lines": read}, "body": body},
        "if_false": {"op": "Const", "value": "short"},
    }
    return Composition("news", read_graph({"description": "Tell it", "version": "1", "root": root}), STAGES)


def test_the_tree() -> None:
    assert (
        tree(composition())
        == """\
news: Tell it
takes {text: Text}
Branch
├─ if: is_long
│      {text: Text} → Bool
├─ then: Let
│  ├─ lines = Retry, at most 2 tries
│  │  └─ read  (fallible, network)
│  │         {text: Text} → List<Text>
│  └─ in: tell with {"loud": true}
│         Any → Text
└─ else: always "short"
gives Any | Text
"""
    )


def test_the_signature() -> None:
    assert (
        signature(STAGES.find("tell"))
        == """\
tell (pure): Does tell.
  takes
    lines: List<Text>
  gives Text
"""
    )


def test_a_long_type_in_a_signature_is_whole() -> None:
    fields = {f"a_field_with_a_long_name_{number}": TEXT for number in range(9)}
    stage = Drawn("tell", record({"one": record(fields)}), TEXT)
    written = ", ".join(f"{name}: Text" for name in fields)
    assert f"    one: {{{written}}}\n" in signature(stage)


def test_the_flowchart() -> None:
    assert (
        mermaid(composition())
        == """\
flowchart TD
  given(["input"])
  n1["is_long"]
  given -->|"{text: Text}"| n1
  n2{"which?"}
  n1 -->|"Bool"| n2
  n3["read  (fallible, network)"]
  n2 -->|"true · at most 2 tries"| n3
  n4["tell with {&quot;loud&quot;: true}"]
  n2 -->|"true"| n4
  n3 -->|"lines: List&lt;Text&gt;"| n4
  n5(["&quot;short&quot;"])
  n2 -->|"false"| n5
  answer(["output"])
  n4 -->|"Text"| answer
  n5 --> answer
"""
    )
