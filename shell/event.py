"""An event: something that happened, once, as one flat JSON object."""

from typing import Any, Literal, NamedTuple

Event = dict[str, Any]
"""`type`, `key`, `at`; from a forge also `forge, repo_id, repo, actor, actor_id`. All: docs/events.md."""

ForgeKind = Literal["gitea", "github"]


def lane_of(event: Event) -> str:
    """The lane (one repository) of the event: `<forge>-<repository id>`; Forgejo counts as Gitea."""
    forge = "github" if event["forge"] == "github" else "gitea"
    return f"{forge}-{event['repo_id']}"


COMMON = "type key at receipt forge repo_id repo actor actor_id created_at cause".split()
"""Fields that any event may have."""


class EventType(NamedTuple):
    """A type of event: who tells it, what it means, and its own fields (`?`: not always there)."""

    by: str
    means: str
    fields: str = ""


EVENTS: dict[str, EventType] = {
    "changed": EventType(
        "the forge",
        "something may have changed: a hint what to look at",
        "object hint number? branch? head_sha? label? labelled? body_hash? body_was?",
    ),
    "issue_comment": EventType(
        "the forge",
        "a comment was written or edited; it means what it says, once",
        "issue_number is_pull comment_id author author_id body previous hint written_at? html_url? "
        "updated_at? found?",
    ),
    "account_shared": EventType(
        "the switchboard",
        "a person wrote a comment with the bot's own account",
        "issue_number",
    ),
    "own_comment_edited": EventType(
        "the switchboard",
        "a person edited what the bot wrote",
        "issue_number is_pull comment_id author author_id body previous hint written_at? html_url? "
        "updated_at? found?",
    ),
    "command": EventType(
        "the switchboard",
        "somebody asks for something, by a line of text or by a label",
        "name args minimum needs help where inactive? allowed? permission? denial? found? own?",
    ),
    "mistakes": EventType(
        "the switchboard",
        "lines that were meant as commands and are none",
        "where mistakes found?",
    ),
    "label_added": EventType(
        "a look",
        "a label that means a command was set",
        "issue_number label needs allowed? permission? denial? found? author_id?",
    ),
    "label_removed": EventType(
        "a look",
        "a label that means a command was removed",
        "issue_number label needs allowed? permission? denial? found? author_id?",
    ),
    "label_acted_on": EventType(
        "the switchboard",
        "a label has done its work, or was set or removed without permission",
        "issue_number label needs? allowed permission? denial? found? author_id? put_back?",
    ),
    "repository_met": EventType(
        "the switchboard",
        "a repository is met for the first time, or under a new name",
    ),
    "seen": EventType(
        "a performer",
        "what a look found",
        "what request there number? login? asks?",
    ),
    "performed": EventType(
        "a performer",
        "an action was carried out",
        "action result",
    ),
    "refused": EventType(
        "a performer",
        "the forge refused an action for good, or it was no longer wanted when its turn came",
        "action status message reason? withdrawn?",
    ),
    "shown": EventType(
        "a performer",
        "a label or a board was brought up to date",
        "object kind number hash comment_id? written_at? labels? plan_hash? on? off? mark?",
    ),
    "unavailable": EventType(
        "a performer",
        "a host does not answer; it is asked again",
        "host reason until",
    ),
    "available": EventType(
        "a performer",
        "the host answers again",
        "host",
    ),
    "tick": EventType(
        "the clock",
        "time has passed; with `reconcile`, lost deliveries are looked for",
        "reconcile agents",
    ),
    "restored": EventType(
        "the clock",
        "the store was lost; a sprint is taken up as it was last written down",
        "sprint_id kept tasks actions",
    ),
    "issue_opened": EventType(
        "a look",
        "an issue is seen for the first time; a task's own, once it is made",
        "issue_number title? body? labels? author_id? hint? own? task_id? found?",
    ),
    "issue_refused": EventType(
        "a refused issue",
        "the forge will not open a task's issue",
        "task_id message",
    ),
    "issue_edited": EventType(
        "a look",
        "an issue's title or text is another one",
        "issue_number title body had hint author_id found?",
    ),
    "issue_closed": EventType(
        "a look",
        "somebody closed a task's issue or a kickoff",
        "issue_number needs? allowed? permission? denial? task_id? found? author_id? label?",
    ),
    "issue_reopened": EventType(
        "a look",
        "somebody opened it again",
        "issue_number needs? allowed? permission? denial? task_id? found? author_id? label?",
    ),
    "kickoff_read": EventType(
        "a look",
        "the text of an issue that is to be planned",
        "issue_number title body author author_id labels found?",
    ),
    "kickoff_closed": EventType(
        "the switchboard",
        "somebody closed the kickoff",
        "issue_number needs? allowed permission? denial? found? author_id?",
    ),
    "kickoff_reopened": EventType(
        "the switchboard",
        "somebody opened the kickoff again",
        "issue_number needs? allowed permission? denial? found? author_id?",
    ),
    "pr_opened": EventType(
        "a look",
        "a task's pull request is there",
        "pr_number task_id head_sha branch? linked_issue? found?",
    ),
    "pr_synchronized": EventType(
        "a look",
        "the pull request has another head",
        "pr_number task_id head_sha branch? found?",
    ),
    "pr_review_submitted": EventType(
        "a look",
        "somebody reviewed it",
        "pr_number task_id review_id review_state commit_sha body comments pr_author_id needs "
        "allowed? permission? denial? found?",
    ),
    "check_completed": EventType(
        "a look",
        "the checks of its head say something else",
        "pr_number task_id head_sha state contexts found?",
    ),
    "pr_merged": EventType(
        "a look",
        "it is merged: the task is done",
        "pr_number task_id merge_sha? found?",
    ),
    "pr_closed": EventType(
        "a look",
        "it was closed without a merge",
        "pr_number task_id found?",
    ),
    "pr_reopened": EventType(
        "a look",
        "it was opened again",
        "pr_number task_id head_sha branch? found?",
    ),
    "pr_conflict": EventType(
        "a refused merge",
        "it conflicts with its base",
        "pr_number task_id head_sha? found?",
    ),
    "merge_refused": EventType(
        "a refused merge",
        "the forge will not merge it",
        "pr_number task_id head_sha message found?",
    ),
    "merge_postponed": EventType(
        "a refused merge",
        "its head is another one by now",
        "pr_number task_id head_sha? found?",
    ),
    "agent_started": EventType(
        "an agent's run",
        "the agent works",
        "sprint_id task_id agent_id attempt pid",
    ),
    "agent_heartbeat": EventType(
        "an agent's run",
        "the agent did something",
        "sprint_id? task_id agent_id? last_sign_at? recovered?",
    ),
    "agent_finished": EventType(
        "an agent's run",
        "the run has ended, and how",
        "sprint_id task_id agent_id attempt outcome changed? head_sha? pr_number? reason? "
        "output_tail? feedback? cost?",
    ),
    "agent_intervened": EventType(
        "the bot",
        "a silent agent is probed or restarted, or a person is asked",
        "task_id action reason agent_id? found?",
    ),
    "spawn_requested": EventType(
        "the shell's surface",
        "an agent is to be started",
        "sprint_id task_id agent_id",
    ),
    "stop_requested": EventType(
        "the shell's surface",
        "an agent is to be stopped",
        "sprint_id task_id? agent_id",
    ),
    "task_retry": EventType(
        "the bot",
        "`/retry`: a new attempt, counters reset",
        "task_id hint? model?",
    ),
    "task_skip": EventType(
        "the bot",
        "`/skip`: the task is left out",
        "task_id",
    ),
    "task_held": EventType(
        "the bot",
        "`/hold`: no merge until it is released; one that was asked for is withdrawn",
        "task_id actor",
    ),
    "task_unheld": EventType(
        "the bot",
        "`/unhold`: the task may merge again",
        "task_id actor",
    ),
    "hold_seen": EventType(
        "a look",
        "the label `caloron:hold` came to or left a task's issue or pull request",
        "task_id issue_number? pr_number?",
    ),
    "task_cancelled": EventType(
        "the bot",
        "its sprint was stopped",
        "task_id",
    ),
    "sprint_approved": EventType(
        "the bot",
        "`/approve`: the plan may go ahead",
        "number",
    ),
    "sprint_stopped": EventType(
        "the bot",
        "`/stop`, or the kickoff was closed",
        "number",
    ),
    "sprint_resumed": EventType(
        "the bot",
        "a restored sprint was looked at, and goes on",
    ),
    "sprint_finished": EventType(
        "the bot",
        "every task is at its end",
        "number",
    ),
    "sprint_ended": EventType(
        "the bot",
        "the retro is written; the next sprint may run",
        "number",
    ),
}
"""Every type of event that is decided on or written down."""
