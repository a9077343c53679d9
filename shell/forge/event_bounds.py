"""The bounds of every field that a delivery may put into an event."""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shell.event import Delivered
from shell.sanitize import LARGEST

TEXT = 256 * 1024
"""Characters of a text that are kept; of less than that commands are read."""


def _cut(value: Any) -> Any:
    return value[:TEXT] if isinstance(value, str) else value


_Id = Annotated[int, Field(ge=1, le=LARGEST)]
_Account = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]  # Gitea's own users have negative numbers
_Name = Annotated[str, Field(max_length=1024)]
_Key = Annotated[str, Field(max_length=2048)]
_Hash = Annotated[str, Field(max_length=64)]
_Moment = Annotated[str, Field(max_length=64)]
_Text = Annotated[str, BeforeValidator(_cut)]


class _Delivered(BaseModel):
    """The fields of `changed`, `issue_comment` and `ignored`, and no other."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["changed", "issue_comment", "ignored"]
    forge: Literal["forgejo", "gitea", "github"]
    key: _Key | None = None
    reason: _Key | None = None
    repo_id: _Id | None = None
    repo: _Name | None = None
    actor: _Name | None = None
    actor_id: _Account | None = None
    created_at: _Moment | None = None
    written_at: _Moment | None = None
    object: _Name | None = None
    hint: _Name | None = None
    number: _Id | None = None
    issue_number: _Id | None = None
    is_pull: bool | None = None
    comment_id: _Id | None = None
    author: _Name | None = None
    author_id: _Account | None = None
    body: _Text | None = None
    previous: _Text | None = None
    body_hash: _Hash | None = None
    body_was: _Hash | None = None
    head_sha: _Hash | None = None
    branch: _Name | None = None
    label: _Name | None = None
    labelled: bool | None = None


def bounded_event(event: Delivered) -> Delivered:
    """The event as it was given, its texts cut; ValueError names a field that is not as it must be."""
    if event.get("repo_id", 1) is None:
        raise ValueError("repo_id, which must be a number")
    try:
        return cast("Delivered", _Delivered.model_validate(event).model_dump(exclude_unset=True))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
