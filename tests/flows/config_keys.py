"""The flows in which the keys of `.caloron.yml` change what happens."""

MODELS_AND_COMMITS = "test_each_task_gets_the_model_of_its_complexity_and_commits_are_as_the_file_says"

CHANGES = {
    "test_pipelines.py::test_a_quick_sprint_asks_nobody_and_takes_the_model_of_quick_tasks": [
        "pipeline.default"
    ],
    "test_configuration.py::test_what_the_file_says_is_done": ["pipeline.parallel", "protected_paths"],
    "test_milestones.py::test_milestones_follow_one_another_where_the_file_says_so": [
        "pipeline.milestones",
        "gates.next",
    ],
    "test_configuration.py::test_a_repositorys_own_agent_does_its_tasks": ["agents.framework"],
    f"test_agents_settings.py::{MODELS_AND_COMMITS}": [
        "agents.model",
        "agents.models",
        "commits.sign_off",
        "commits.style",
    ],
    "test_agents_keys.py::test_an_agent_has_what_the_file_gives_it": [
        "agents.network",
        "agents.env",
        "agents.setup",
        "agents.mcp",
    ],
    "test_agents_keys.py::test_a_run_is_ended_after_the_time_that_the_file_gives_it": ["agents.time_limit"],
    "test_configuration.py::test_no_task_is_begun_while_people_have_enough_to_review": [
        "agents.max_unreviewed"
    ],
    "test_manual_merges.py::test_nothing_is_merged_before_a_maintainer_says_so": ["merge.mode"],
    "test_gates_and_styles.py::test_it_is_merged_in_the_named_style_or_waits": ["merge.style"],
    "test_merge_settings.py::test_a_pull_request_behind_its_base_is_brought_up_to_date_and_checked_again": [
        "merge.update"
    ],
    "test_merge_settings.py::test_which_checks_must_be_green_is_said_in_the_file": ["merge.checks"],
    "test_red_checks.py::test_red_checks_settle_first": ["merge.checks_settle"],
    "test_configuration.py::test_the_named_reviewers_are_asked_and_a_wrong_name_is_told_once": [
        "review.reviewers"
    ],
    "test_agents_settings.py::test_after_as_many_rounds_as_reviews_may_ask_for_a_person_is_asked": [
        "review.rounds"
    ],
    "test_gates_and_styles.py::test_a_plan_of_ones_own_text_starts_at_once_where_its_gate_is_open": [
        "gates.plan"
    ],
    "test_command_settings.py::test_where_the_prefix_is_required_only_that_makes_a_command": [
        "commands.prefix"
    ],
    "test_command_settings.py::test_a_command_and_its_label_take_what_the_file_asks_for": [
        "commands.minimum"
    ],
    "test_command_settings.py::test_another_bot_acts_where_the_file_names_it_and_approves_nothing": [
        "commands.bots"
    ],
    "test_agents_settings.py::test_a_commit_names_no_framework_where_the_file_forbids_it": [
        "commits.trailers.assisted_by"
    ],
    "test_configuration.py::test_no_agent_starts_over_the_budget_until_it_is_raised": ["budget.task"],
    "test_configuration.py::test_no_agent_starts_over_the_budget_of_sprint_or_day": [
        "budget.sprint",
        "budget.day",
    ],
    "test_supervisor_keys.py::test_a_stall_and_the_time_between_two_steps_are_as_the_file_says": [
        "supervisor.stall",
        "supervisor.cooldown",
    ],
    "test_supervisor_keys.py::test_an_agent_that_the_store_lost_is_missing_when_the_file_says_so": [
        "supervisor.missing"
    ],
    "test_configuration.py::test_work_that_does_not_pass_is_a_draft_until_it_does": ["supervisor.retries"],
    "test_configuration.py::test_work_is_verified_before_it_is_proposed": ["verify"],
}
"""The address of a flow beneath `tests/flows` → the keys that act in it."""
