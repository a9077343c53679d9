"""An action: something to be done in the world, asked for once by its deterministic key."""

from typing import Any, NamedTuple

Action = dict[str, Any]
"""`type`, `key` and the fields of the type (docs/actions.md); `mark` becomes the hidden marker."""

COMMON = "type key sprint_id task_id mark due_in_s".split()
"""Fields that any action may have."""


class ActionType(NamedTuple):
    """A type of action: what is done, its own fields (`?`: not always there), and what its answer holds."""

    does: str
    fields: str
    answer: str = "performed {}"


ACTIONS: dict[str, ActionType] = {
    "look": ActionType(
        "reads what is there now",
        "what number? login? since? agent_id? path? ref? known_reviews? asks? author? author_id? "
        "caused? restoring? branch? known?",
        "seen {what, request, there}",
    ),
    "create_issue": ActionType(
        "opens an issue, once: a repeat looks for its marker first",
        "title body labels",
        "performed {number, html_url}",
    ),
    "comment": ActionType(
        "writes a comment, once: a repeat looks for its marker first",
        "number body",
        "performed {comment_id, html_url}",
    ),
    "react": ActionType(
        "puts a reaction on a comment or an issue",
        "content comment_id? number? remove?",
    ),
    "close_issue": ActionType(
        "closes an issue",
        "number",
    ),
    "reopen_issue": ActionType(
        "opens an issue again",
        "number",
    ),
    "update_branch": ActionType(
        "merges the base into a pull request's branch",
        "pr_number head_sha reason?",
        "performed {moved}",
    ),
    "merge_pr": ActionType(
        "merges exactly the head that was judged",
        "pr_number head_sha style? delete_branch? title?",
        "performed {merged, merge_sha}",
    ),
    "make_labels": ActionType(
        "makes the labels that are missing, of those that the bot offers",
        "",
    ),
    "set_labels": ActionType(
        "adds and removes labels",
        "number add? remove?",
        "performed {labels}",
    ),
    "delete_comment": ActionType(
        "deletes a comment of the bot",
        "comment_id",
    ),
    "spawn_agent": ActionType(
        "starts an agent's run",
        "agent_id attempt round branch base title prompt framework model scope protected issue_number "
        "pr_title pr_body pr_number seen_sha closed_shas time_limit_s merge_base",
        "agent_started, then agent_finished",
    ),
    "stop_agent": ActionType(
        "tells an agent's run to stop",
        "agent_id attempt",
    ),
}
"""Every type of action that is carried out."""
