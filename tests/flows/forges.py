"""Which flows are played on which forges: on both fakes, if nothing here says otherwise.

That a fake answers and delivers as the real server does is held by `tests/forge/test_contract*.py`, call by
call. A flow is played on a real Gitea too where it rests on how such a server behaves over many calls, and on
one fake alone where nothing in it depends on the forge. With CALORON_ALL_FORGES=1 all are played on all.
"""

import os
import re

REAL_GITEA_TOO = {
    "test_board_edits.py": "whom a delivery names that edited a comment of the bot, and its text before",
    "test_diamond.py": "one whole sprint, driven by the webhooks of a real server",
    "test_four_eyes.py": "who pushed, what a merge closes, and a branch brought up to date",
    "test_required_checks.py": "branch protection, and what the server says when it refuses a merge",
    "test_merge_settings.py": "a branch that the bot brings up to date, checks of the base, protection",
    "test_red_checks.py::test_red_checks_go_back": "statuses of heads that change",
    "test_uninvited.py": "a repository of someone else's, with rights and a hook of its own",
    "test_merging.py::test_a_review_that_asks_for_changes": "a review's remarks on lines",
    "test_merging.py::test_a_pull_request_closed_unmerged": "a second pull request of one branch name",
    "test_merging.py::test_a_closed_task_issue": "an issue that is closed and opened again",
    "test_merging.py::test_only_the_approval_of_this_head": "approvals and statuses of heads that change",
    "test_merging.py::test_who_approves_an_older_head": "a review of a commit that is not the head",
    "test_merging.py::test_a_merge_that_conflicts": "how the server reports a conflict, and when it knows",
    "test_configuration.py::test_work_that_does_not_pass_is_a_draft": "what makes a draft of a pull request",
    "test_organisation.py": "a repository whose name begins with a dot, and who may read it",
    "test_proposed_settings.py": "files of a pull request, and a status and a file of its head",
    "test_renamed_branch.py": "what a server does with pull requests of a branch that gets another name",
    "test_steered_runs.py::test_a_person_ends": "a pull request of a person that closes an issue",
    "test_by_hand.py::test_a_merge_by_hand": "a merge that is not the bot's",
    "test_by_hand.py::test_labels_changed_by_hand": "label events of a real server",
    "test_by_hand.py::test_a_merge_that_the_forge_forbids": "branch protection",
    "test_manual_merges.py::test_nothing_is_merged_before": "a maintainer's right, labels of a pull request",
    "test_review_command.py::test_where_nobody_is_named": "who is asked again, and a label of a pull request",
    "test_hotfix.py::test_a_hotfix_beside": "label events of a person's issue, checks of a head",
    "test_plan_changes.py::test_an_issue_with_the_label": "label events of a person's issue",
    "test_milestones.py::test_milestones_are_those": "milestones of the server, and a box of a comment",
    "test_hold.py::test_the_label_on_the_pull_request_itself": "label events of a pull request",
    "test_rights.py::test_a_label_of_someone_without_the_right": "whom the timeline names",
    "test_rights.py::test_a_pull_request_that_looks_like_ours": "a branch and pull request of others",
    "test_rights.py::test_an_account_that_may_only_write": "what the server lets such an account read",
    "test_rights.py::test_an_empty_repository": "what the server says of one without a commit",
    "test_two_installations.py": "comments listed by when they were changed, two hooks of one repository",
    "test_no_deliveries.py::test_a_pull_request_that_breaks": "what lists show of a pull request",
    "test_no_deliveries.py::test_while_a_repository_is_archived": "what a server lets one do there",
    "test_no_deliveries.py::test_a_label_that_no_delivery": "what lists and the timeline show of the past",
}
"""The beginning of a test's address → why."""

ONE_FAKE = {
    "test_agents.py": "what agents do wrong",
    "test_brief.py": "which words reach board, issues and agents",
    "test_gathered_answers.py": "the limit on answers, which counts people",
    "test_long_comments.py": "the cost of reading; this fake takes the longest text",
    "test_killed_run.py": "what a killed run leaves on the machine",
    "test_red_checks.py::test_red_checks_settle": "how long a red check is left alone",
    "test_steered_runs.py::test_a_restarted": "what the next run of an agent finds",
    "test_secrets.py": "what agents print",
    "test_wild_reports.py": "what agents report",
    "test_configuration.py::test_what_the_file_says": "what is done by a file that was read",
    "test_configuration.py::test_work_is_verified": "how the agent's work is verified",
    "test_configuration.py::test_no_agent_starts_over_the_budget_until": "what agents use",
    "test_configuration.py::test_no_agent_starts_over_the_budget_of": "what agents use",
    "test_plan.py::test_a_sprint_stays": "what agents use",
    "test_commands.py::test_what_is_told_reaches": "what the next run of an agent is told",
    "test_by_hand.py::test_a_retry_has_its_hint": "what the next run of an agent is told",
    "test_agents_settings.py::test_after_as_many": "how often a task is sent back",
    "test_hotfix.py::test_a_hotfix_that_fails": "what an agent that fails means",
    "test_pipelines.py::test_what_was_said": "whom the bot asks, as in the other flow of that file",
    "test_agents_keys.py": "what an agent finds where it runs",
}
"""The beginning of the address of a test that the fake Gitea is enough for → what it is about instead."""


def is_wanted(nodeid: str) -> bool:
    """Whether a flow is played on the forge that its address names."""
    found = re.fullmatch(r"tests/flows/(.*)\[.*?(on_\w+).*\]", nodeid)
    if found is None or os.environ.get("CALORON_ALL_FORGES"):
        return True
    flow, forge = found[1], found[2]
    if forge == "on_real_gitea":
        return flow.startswith(tuple(REAL_GITEA_TOO))
    return forge == "on_fake_gitea" or not flow.startswith(tuple(ONE_FAKE))
