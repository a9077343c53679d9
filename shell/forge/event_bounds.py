"""The bounds of every field that a delivery may put into an event."""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shell.event import LARGEST_ID, Delivered

TEXT = 256 * 1024
"""Characters of a text that are kept; of less than that commands are read."""


def _cut(value: Any) -> Any:
    return value[:TEXT] if isinstance(value, str) else value


_Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
_Account = Annotated[int, Field(ge=-LARGEST_ID, le=LARGEST_ID)]  # Gitea's own users have negative numbers
_Name = Annotated[str, Field(max_length=1024)]
_Key = Annotated[str, Field(max_length=2048)]
_Hash = Annotated[str, Field(max_length=64)]
_Moment = Annotated[str, Field(max_length=64)]
_Text = Annotated[str, BeforeValidator(_cut)]
_ABSENT: Any = None
"""A field that a kind of delivery does not have is left out; one that is there is never null, but for two."""


class _Delivered(BaseModel):
    """The fields of `changed`, `issue_comment` and `ignored`, and no other."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    type: Literal["changed", "issue_comment", "ignored"]
    forge: Literal["forgejo", "gitea", "github"]
    key: _Key = _ABSENT
    reason: _Key = _ABSENT
    repo_id: _Id = _ABSENT
    repo: _Name = _ABSENT
    actor: _Name = _ABSENT
    actor_id: _Account | None = _ABSENT  # a delivery without a sender has none
    created_at: _Moment = _ABSENT
    written_at: _Moment = _ABSENT
    object: _Name = _ABSENT
    hint: _Name = _ABSENT
    number: _Id = _ABSENT
    issue_number: _Id = _ABSENT
    is_pull: bool = _ABSENT
    comment_id: _Id = _ABSENT
    author: _Name = _ABSENT
    author_id: _Account = _ABSENT
    machine: bool = _ABSENT
    body: _Text = _ABSENT
    previous: _Text | None = _ABSENT
    body_hash: _Hash = _ABSENT
    body_was: _Hash = _ABSENT
    head_sha: _Hash = _ABSENT
    branch: _Name = _ABSENT
    label: _Name = _ABSENT
    labelled: bool = _ABSENT


def bounded_event(event: Delivered) -> Delivered:
    """The event as it was given, its texts cut; ValueError names a field that is not as it must be."""
    try:
        return cast("Delivered", _Delivered.model_validate(event).model_dump(exclude_unset=True))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
