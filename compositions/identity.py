"""What a stage is called by: the hashes of its source, its signature and both."""

from hashlib import sha256
from typing import Any

from compositions.canonical import canonical_json
from compositions.ntype import to_json

TAIL = '\nif __name__ == "__main__":'


def without_tail(text: str) -> str:
    """The source without its last lines, which are for running it by hand."""
    return text.split(TAIL, 1)[0].rstrip() + "\n"


def digest(value: Any) -> str:
    return sha256(canonical_json(value).encode()).hexdigest()


def signature_of(stage: Any) -> dict[str, Any]:
    """Name, types and effects, as they are hashed."""
    given, output = stage.types
    return {
        "name": stage.name,
        "input": to_json(given),
        "output": to_json(output),
        "effects": {"effects": list(stage.effects)},
    }


def implementation_hash(source: str) -> str:
    return sha256(source.encode()).hexdigest()


def signature_id_of(stage: Any) -> str:
    """The same for every implementation of one signature."""
    return digest(signature_of(stage))


def stage_id_of(stage: Any) -> str:
    """Changes with each change of the source."""
    return digest({**signature_of(stage), "implementation_hash": implementation_hash(stage.source)})
