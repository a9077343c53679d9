"""The types of what a repository may set: the part of `stages/world.py` made from `.caloron.yml`'s keys."""

from collections.abc import Iterator
from pathlib import Path

from shell.repository_config import KEYS

WORLD = Path(__file__).parents[2] / "stages/world.py"
BEGIN = "# Made by `caloron docs` from shell/repository_config.py\n"
END = "# End of what is made\n"


def world() -> str:
    """The module with that part as the code says it now."""
    before, _, rest = WORLD.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    policy = shape("RepositoryPolicy(TypedDict)", "All that a repository may set, as it holds now.")
    values = shape("RepositoryValues(TypedDict, total=False)", "What a repository sets in its file.")
    return f"{before}{BEGIN}\n\n{policy}\n\n\n{values}\n\n\n{END}{after}"


def shape(name: str, sentence: str) -> str:
    return "\n".join([f"class {name}:", f'    """{sentence}"""', "", *fields()])


def fields() -> Iterator[str]:
    for key, field, sets in KEYS:
        yield f"    {sets.policy}: {sets.type}"
        yield f'    """`{key}`: {str(field.description).partition(";")[0]}."""'
