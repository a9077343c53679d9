"""An agent's report on its own work, by its declared types: whatever is out of bounds is left out."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator

from shell.sanitize import replace_lone_surrogates

_TEXT, _WORD, _ITEMS = 4000, 200, 50
_T = TypeVar("_T")


def _or_nothing(value: Any, read: Any) -> Any:
    try:
        return read(value)
    except (ValidationError, ValueError):
        return None


def _cut(longest: int) -> BeforeValidator:
    def cut(value: Any) -> Any:
        return replace_lone_surrogates(value[:longest]) if isinstance(value, str) else value

    return BeforeValidator(cut)


def _listed(value: Any) -> Any:
    """A single text counts as a list of one; what is no text is left out."""
    items = [value] if isinstance(value, str) else value
    return [one for one in items if isinstance(one, str)][:_ITEMS] if isinstance(items, list) else items


_Word = Annotated[str, _cut(_WORD)]
_Nothing = WrapValidator(_or_nothing)
_List = Annotated[list[Annotated[str, _cut(_WORD * 5)]] | None, _Nothing, BeforeValidator(_listed)]


class AgentReport(BaseModel):
    """Every field may be missing; nothing else is taken over."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    task_id: Annotated[_Word | None, _Nothing] = None
    agent_role: Annotated[_Word | None, _Nothing] = None
    task_clarity: Annotated[Annotated[int | float, Field(ge=1, le=10)] | None, _Nothing] = None
    blockers: _List = None
    tools_used: _List = None
    tokens_consumed: Annotated[Annotated[int, Field(ge=0, le=10**12)] | None, _Nothing] = None
    time_to_complete_min: Annotated[Annotated[int | float, Field(ge=0, le=10**6)] | None, _Nothing] = None
    self_assessment: Annotated[
        Literal["completed", "partial", "blocked", "failed", "crashed"] | None, _Nothing
    ] = None
    notes: Annotated[Annotated[str, _cut(_TEXT)] | None, _Nothing] = None


def bounded_report(found: dict[Any, Any]) -> dict[str, Any]:
    """The fields of the report that are as they should be; long texts and lists are cut."""
    named = {str(name): value for name, value in found.items()}
    return AgentReport.model_validate(named).model_dump(exclude_none=True)
