"""The world: all that a lane's state, its turn, its events and its actions hold, declared once as types.

Nothing here runs. Stages, handlers, jobs and the store import these names for checking only; the registrar
makes the engine's types of them; `docs/state.md`, `docs/events.md` and `docs/actions.md` are made of them.
The text below a field says what it means and, where the class does not, who writes it. Times are ISO-8601 in
UTC; numbers of issues and pull requests are the forge's. A field without `NotRequired` is always there.
"""

from typing import Any, Literal, NotRequired, TypedDict, final

from stages.statuses import StatusLook as StatusLook
from stages.statuses import TaskStatus as TaskStatus

Json = Any
"""What another program wrote (a model's answer, an agent's report): whoever reads it checks it."""

# Words that are one of a few

Forge = Literal["gitea", "forgejo", "github"]
"""Which forge it is; Forgejo counts as Gitea."""
SprintStatus = Literal[
    "Proposed",
    "Planning",
    "AwaitingApproval",
    "Approved",
    "Running",
    "Paused",
    "Review",
    "Done",
    "Failed",
    "Cancelled",
]
"""Where a sprint is in its life."""
AgentState = Literal["wanted", "queued", "running", "held", "lost"]
"""What a task's agent does: to be started, its run waits, it works; after a lost store: held back, lost."""
Outcome = Literal[
    "done",
    "no_change",
    "out_of_scope",
    "protected",
    "secret",
    "push_rejected",
    "failed",
    "crashed",
    "timeout",
    "limit",
    "no_sandbox",
    "no_setup",
    "stopped",
    "auth",
    "quota",
    "overload",
    "network",
    "refused",
    "context_full",
    "unverified",
]
"""How an agent's run ended."""
VerificationOutcome = Literal["passed", "failed", "timeout", "missing"]
"""How a command of the verification ended; `missing`: the machine does not have it."""
FrameworkTrouble = Literal["auth", "quota", "no_sandbox"]
"""What is wrong with a framework's account: its key or login is refused, or used up."""
MilestoneMode = Literal["ask", "auto"]
PipelineKind = Literal["quick", "standard"]
"""Whether people are asked before the next milestone begins."""
BudgetScope = Literal["task", "sprint", "day"]
"""Whose use a budget counts: a task's, the running sprint's, or a repository's since 00:00 UTC."""
Walls = Literal["off", "bare", "refused"]
"""No walls: the operator switched them off; there are none and that is allowed; no agent is started."""
ReviewState = Literal["approved", "changes_requested", "commented", "dismissed"]
"""What a review says, or that it was dismissed."""
CheckState = Literal["success", "pending", "failure", "none"]
"""What the checks of a head come to; `none`: there are none, or they were skipped."""
MergeMode = Literal["on-approval", "manual", "auto"]
MergeUpdate = Literal["always", "needed"]
MergeChecks = Literal["required", "known", "all"]
"""What merges a pull request: an approval, also `/merge` (`manual`), or also the reviewing account's."""
MergeStyle = Literal["merge", "squash", "rebase", "rebase-merge"]
"""How a forge merges: with a merge commit, as one commit, the commits on top of the base, or both."""
CommandPrefix = Literal["optional", "required"]
"""Whether every command begins with `/caloron`."""
CommitStyle = Literal["conventional", "plain"]
"""Whether titles of commits say what kind of change it is, as in `feat: add a page`."""
Gate = Literal["required", "auto"]
"""Whether a person must say yes."""
AgentHealth = Literal["healthy", "stalled", "missing", "unknown"]
"""How an agent is, judged by its last sign of life."""
Right = Literal["none", "read", "triage", "write", "maintain", "admin", "owner"]
"""What an account may do in a repository, from least to most."""
OpenOrClosed = Literal["open", "closed"]
"""Whether an issue or a pull request is open."""
SupervisorStep = Literal["probe", "restart", "escalate_human"]
"""The ladder for a silent agent: ask, start again, call a person."""


# Who and where


class Account(TypedDict):
    """An account on a forge. Read from the forge by the shell."""

    login: str
    """Its name, which its owner may change."""
    id: int
    """Its number, which stays."""
    app: NotRequired[bool]
    """Whether it is a GitHub App's."""


class RequiredChecks(TypedDict):
    """What a repository's base branch requires before a merge. Written by `compare_pull`."""

    contexts: list[str]
    """The names of the checks; `*` stands for any one."""
    patterns: NotRequired[bool]
    """Whether the names are patterns."""
    unread: NotRequired[str | None]
    """Why they could not be read; those known before still hold."""
    base: NotRequired[dict[str, CheckState]]
    """The checks of the base's head, each as it ended last."""


class Repository(TypedDict):
    """The repository of a lane. Written by `meet_repository` and, after each look, `take_permission`."""

    forge: Forge
    """The forge that it is on."""
    repo_id: int
    """Its number on the forge, which stays when it is renamed."""
    full_name: str
    """`owner/name`."""
    default_branch: NotRequired[str]
    """The base of every task's branch; absent until the first look."""
    empty: NotRequired[bool]
    """Whether it has no commit yet."""
    html_url: NotRequired[str]
    """Where people see it."""
    archived: NotRequired[bool]
    """Whether nobody may write there: then its sprint stands still."""
    merge_styles: NotRequired[list[str]]
    """The ways of merging that it allows."""
    default_merge_style: NotRequired[str]
    """The one that it prefers."""
    required: NotRequired[RequiredChecks]
    """What its base requires of a merge; written by `compare_pull`."""


class Budget(TypedDict):
    """What agents may use before no further one starts. Written by the shell, from `.caloron.yml`."""

    amount: int
    """Tokens, or millionths of a US dollar."""
    unit: Literal["tokens", "usd"]
    """Which of the two."""


class VerifyStep(TypedDict):
    """One command that tells whether an agent's work is good. Written by the shell, from `.caloron.yml`."""

    name: str
    """Its status on the commit is `caloron/<name>`."""
    run: str
    """What a shell runs in the repository's folder."""
    timeout_s: float
    """It is ended after this time, in seconds."""


class AcpAgent(TypedDict):
    """An agent of the repository's own choice. Written by the shell, from `.caloron.yml`."""

    command: list[str]
    """The program and its arguments."""
    env: list[str]
    """Names of variables of the operator that it gets, where the operator allows it."""


class McpServer(TypedDict):
    """A server of tools for agents. Written by the shell, from `.caloron.yml`."""

    name: str
    """Its name."""
    type: Literal["stdio", "http", "sse"]
    """How it is reached."""
    command: list[str]
    """The program that the agent starts and its arguments, where it is reached so."""
    env: list[str]
    """Names of variables of the operator that this program gets, where the operator allows it."""
    url: str
    """Its address, where it has one."""
    headers: dict[str, str]
    """The headers of its requests, each with the name of the variable that holds its value."""


# Made by `caloron docs` from shell/repository_config.py


class RepositoryPolicy(TypedDict):
    """All that a repository may set, as it holds now."""

    parallel: int
    """`pipeline.parallel`: how many agents of a sprint work at the same time."""
    milestones: MilestoneMode
    """`pipeline.milestones`: whether people are asked before the next milestone begins (`/next`)."""
    pipeline: PipelineKind
    """`pipeline.default`: how a sprint is worked through where `/plan --pipeline` does not say it."""
    framework: str
    """`agents.framework`: the framework of the agents, where a task names none."""
    acp: AcpAgent | None
    """`agents.framework`: the framework of the agents, where a task names none."""
    model: str | None
    """`agents.model`: the model of the agents, as their framework names it."""
    models: dict[str, str]
    """`agents.models`: the model by a task's `complexity:`, which is its pipeline's where it names none."""
    network: list[str]
    """`agents.network`: public hosts that agents may reach, too: `a.example.org`, `*.example.org`."""
    env: list[str]
    """`agents.env`: names of variables of the bot's machine that agents get."""
    setup: list[str]
    """`agents.setup`: commands that install what the work needs."""
    mcp: list[McpServer]
    """`agents.mcp`: MCP servers for agents, by name."""
    time_limit_s: float
    """`agents.time_limit`: an agent's run is ended after this time."""
    max_unreviewed: int
    """`agents.max_unreviewed`: no task is begun while so many pull requests of its sprint are in review."""
    merge: MergeMode
    """`merge.mode`: what a merge waits for."""
    merge_style: MergeStyle | None
    """`merge.style`: how a pull request is merged."""
    merge_update: MergeUpdate
    """`merge.update`: when the base is merged into a pull request."""
    merge_checks: MergeChecks
    """`merge.checks`: which checks must be green before a merge."""
    checks_settle_s: float
    """`merge.checks_settle`: work whose checks ended red and stay so for this long goes back to its agent."""
    reviewers: list[str]
    """`review.reviewers`: who is asked for a review of each new pull request."""
    review_rounds: int
    """`review.rounds`: after so many rounds of changes that reviews asked for, the next one asks a person."""
    plan_gate: Gate
    """`gates.plan`: `required`: a plan starts with `/approve`."""
    next_gate: Gate
    """`gates.next`: `required`: the next milestone begins with `/next`."""
    command_prefix: CommandPrefix
    """`commands.prefix`: `required`: only what begins with `/caloron` is a command, as in `/caloron plan`."""
    command_minimum: dict[str, Right]
    """`commands.minimum`: what a command takes at least, by its name: `{skip: maintain}`."""
    command_bots: list[int]
    """`commands.bots`: other bots that may give commands, by the number of their account."""
    sign_off: bool
    """`commits.sign_off`: whether commits of agents' work are signed off by their committer."""
    assisted_by: bool
    """`commits.trailers.assisted_by`: whether commits of agents' work name framework and model."""
    commit_style: CommitStyle
    """`commits.style`: what titles of pull requests and commits are like."""
    budget_task: Budget | None
    """`budget.task`: at this much no further agent of a task starts."""
    budget_sprint: Budget | None
    """`budget.sprint`: at this much no further agent of a sprint starts."""
    budget_day: Budget | None
    """`budget.day`: at this much no further agent of this repository starts until 00:00 UTC."""
    stall_threshold_m: float
    """`supervisor.stall`: an agent that is silent for this long is stalled."""
    missing_after_s: float
    """`supervisor.missing`: a new agent must show a sign of life within this time."""
    cooldown_m: float
    """`supervisor.cooldown`: the time between two steps of the ladder."""
    stuck_retry_limit: int
    """`supervisor.retries`: how often an agent is helped before a person is asked."""
    verify: list[VerifyStep]
    """`verify`: commands (`name`, `run`, `timeout`) that must succeed before an agent's work is proposed."""
    protected_paths: list[str]
    """`protected_paths`: paths that agents must not change, beside those always protected."""


class RepositoryValues(TypedDict, total=False):
    """What a repository sets in its file."""

    parallel: int
    """`pipeline.parallel`: how many agents of a sprint work at the same time."""
    milestones: MilestoneMode
    """`pipeline.milestones`: whether people are asked before the next milestone begins (`/next`)."""
    pipeline: PipelineKind
    """`pipeline.default`: how a sprint is worked through where `/plan --pipeline` does not say it."""
    framework: str
    """`agents.framework`: the framework of the agents, where a task names none."""
    acp: AcpAgent | None
    """`agents.framework`: the framework of the agents, where a task names none."""
    model: str | None
    """`agents.model`: the model of the agents, as their framework names it."""
    models: dict[str, str]
    """`agents.models`: the model by a task's `complexity:`, which is its pipeline's where it names none."""
    network: list[str]
    """`agents.network`: public hosts that agents may reach, too: `a.example.org`, `*.example.org`."""
    env: list[str]
    """`agents.env`: names of variables of the bot's machine that agents get."""
    setup: list[str]
    """`agents.setup`: commands that install what the work needs."""
    mcp: list[McpServer]
    """`agents.mcp`: MCP servers for agents, by name."""
    time_limit_s: float
    """`agents.time_limit`: an agent's run is ended after this time."""
    max_unreviewed: int
    """`agents.max_unreviewed`: no task is begun while so many pull requests of its sprint are in review."""
    merge: MergeMode
    """`merge.mode`: what a merge waits for."""
    merge_style: MergeStyle | None
    """`merge.style`: how a pull request is merged."""
    merge_update: MergeUpdate
    """`merge.update`: when the base is merged into a pull request."""
    merge_checks: MergeChecks
    """`merge.checks`: which checks must be green before a merge."""
    checks_settle_s: float
    """`merge.checks_settle`: work whose checks ended red and stay so for this long goes back to its agent."""
    reviewers: list[str]
    """`review.reviewers`: who is asked for a review of each new pull request."""
    review_rounds: int
    """`review.rounds`: after so many rounds of changes that reviews asked for, the next one asks a person."""
    plan_gate: Gate
    """`gates.plan`: `required`: a plan starts with `/approve`."""
    next_gate: Gate
    """`gates.next`: `required`: the next milestone begins with `/next`."""
    command_prefix: CommandPrefix
    """`commands.prefix`: `required`: only what begins with `/caloron` is a command, as in `/caloron plan`."""
    command_minimum: dict[str, Right]
    """`commands.minimum`: what a command takes at least, by its name: `{skip: maintain}`."""
    command_bots: list[int]
    """`commands.bots`: other bots that may give commands, by the number of their account."""
    sign_off: bool
    """`commits.sign_off`: whether commits of agents' work are signed off by their committer."""
    assisted_by: bool
    """`commits.trailers.assisted_by`: whether commits of agents' work name framework and model."""
    commit_style: CommitStyle
    """`commits.style`: what titles of pull requests and commits are like."""
    budget_task: Budget | None
    """`budget.task`: at this much no further agent of a task starts."""
    budget_sprint: Budget | None
    """`budget.sprint`: at this much no further agent of a sprint starts."""
    budget_day: Budget | None
    """`budget.day`: at this much no further agent of this repository starts until 00:00 UTC."""
    stall_threshold_m: float
    """`supervisor.stall`: an agent that is silent for this long is stalled."""
    missing_after_s: float
    """`supervisor.missing`: a new agent must show a sign of life within this time."""
    cooldown_m: float
    """`supervisor.cooldown`: the time between two steps of the ladder."""
    stuck_retry_limit: int
    """`supervisor.retries`: how often an agent is helped before a person is asked."""
    verify: list[VerifyStep]
    """`verify`: commands (`name`, `run`, `timeout`) that must succeed before an agent's work is proposed."""
    protected_paths: list[str]
    """`protected_paths`: paths that agents must not change, beside those always protected."""


# End of what is made


class ConfigProblem(TypedDict):
    """One thing that is wrong with a `.caloron.yml`. Written by the shell, in words that are safe to show."""

    line: int
    """The line, from 1."""
    column: int
    """The column, from 1."""
    message: str
    """What is wrong."""


class Config(TypedDict):
    """The repository's own settings. Written by `apply_config`."""

    commit: str
    """The head of the base branch at which they were last read."""
    valid: str | None
    """The last commit with a valid file, whose values are in force; null: the defaults are."""
    values: RepositoryValues
    """What that file sets."""
    lines: NotRequired[dict[str, int]]
    """The line on which it sets each, by the key's name there."""
    problems: NotRequired[list[ConfigProblem]]
    """What is wrong with the file at `commit`; absent where it is valid."""
    text: NotRequired[str]
    """The hash of the text that is wrong."""
    reported: NotRequired[str | None]
    """The hash of the wrong text that was last reported."""


class OrganisationConfig(TypedDict):
    """The settings that the repository's owner keeps for all of theirs. Written by `apply_config`."""

    held_in: str
    """The repository that holds them."""
    html_url: NotRequired[str]
    """Where people see it."""
    commit: str
    """The head of its default branch at which they were last read."""
    valid: str | None
    """The last commit with a valid file, whose values are in force; null: none of them is."""
    defaults: RepositoryValues
    """What that file sets."""
    lines: NotRequired[dict[str, int]]
    """The line on which it sets each, by the key's name there."""
    problems: NotRequired[list[ConfigProblem]]
    """What is wrong with the file at `commit`; absent where it is valid."""


class Proposal(TypedDict):
    """An open pull request, as far as it was looked at for the repository's own settings."""

    looked_at: str
    """The head that was last looked at, or is being; written by `compare_pull`."""
    told: NotRequired[bool]
    """Whether that head changes the file, which its status says; written by `apply_config`."""
    commented: NotRequired[bool]
    """Whether a comment says what it would change; written by `command_config`."""


class Permission(TypedDict):
    """What someone may do here, as the forge said; good for a minute. Written by `take_permission`."""

    login: str
    """Whose it is."""
    at: str
    """When it was asked."""
    user_id: NotRequired[int | None]
    """The number of the account that has this login."""
    permission: NotRequired[Right]
    """What it may do."""
    machine: NotRequired[bool]
    """Whether it is a bot's account."""
    denial: NotRequired[str]
    """Instead: why the forge did not say."""


class Marks(TypedDict):
    """High-water marks. Written by `meet_repository` and `unfold_catch_up`."""

    since: str
    """Up to when the forge was caught up with, by its own clock."""


# Tasks


class AgentStep(TypedDict):
    """The last step of a task's agent, as the tick saw it. Written by `supervise`."""

    doing: str
    """The last line that it wrote."""
    attempt: int
    """The run's number."""
    step_at: str
    """When that was first seen."""


class Told(TypedDict):
    """What a person told a task's agent. Written by `dag_evaluate`."""

    told_by: str
    """Who; empty where the forge does not say."""
    text: str
    """What."""


class Review(TypedDict):
    """What one person last said of a task's pull request. Written by `dag_evaluate`."""

    state: ReviewState
    """Their verdict."""
    commit_sha: str
    """The head that they judged."""
    at: NotRequired[str | None]
    """When they said so."""
    review_id: NotRequired[int]
    """The review's number on the forge; a later review has a higher one."""


class Checks(TypedDict, total=False):
    """What the checks of a head say. Written by `compare_pull` and `dag_evaluate`."""

    state: CheckState
    """All of them together, less those that need not be green."""
    contexts: dict[str, CheckState]
    """Each check by its name."""
    missing: NotRequired[list[str]]
    """The required checks that have not reported at all."""
    running: NotRequired[list[str]]
    """The checks that must still end: the required ones, or all where none is known to be required."""
    ignored: NotRequired[list[str]]
    """The checks that need not be green, by `merge.checks`."""


class FailedCheck(TypedDict):
    """A check that failed on a commit. Read from the forge by the shell."""

    name: str
    """Its name."""
    description: str
    """What it says of itself, in a line; may be empty."""
    url: str
    """Where people read more; may be empty."""
    log: str
    """The end of its job's log; empty where the forge has none."""


class Cost(TypedDict, total=False):
    """What the runs of a task have cost so far. Written by `dag_evaluate`, which adds up what runs report."""

    seconds: float
    """Working time of the agent."""
    tokens: int
    """Tokens of the model, read and written together."""
    tokens_in: int
    """Those it read, without what it had cached."""
    tokens_out: int
    """Those it wrote."""
    tokens_cached: int
    """Those it read from its cache."""
    usd: float
    """US dollars: as the agent says, else by the price list; not there where neither knows."""
    charged_usd: float
    """The same as budgets count it: where nobody knows the price, that of the dearest model."""


class Made(TypedDict, total=False):
    """What a task's agent made, for those who work on what it made. Written by `dag_evaluate`."""

    changed: list[str]
    """The paths that its runs changed."""
    summary: str
    """What it says about it."""


class News(TypedDict):
    """One thing that happened to a task. Written by `spell_out`."""

    news_at: str
    """When."""
    news: str
    """What, in a line of Markdown."""


class Called(TypedDict):
    """A line on the kickoff that asks a person. Written by `spell_out`."""

    call_key: str
    """The key in its hidden marker."""
    call: str
    """Its text."""


class TaskFields(TypedDict, total=False):
    """All that a task may have beside its id, title, status and dependencies. Written by `dag_evaluate`."""

    agent_id: str | None
    """Who works on it, unique among running tasks; written by `generate_sprint_dag` and `name_agents`."""
    reviewer_id: str | None
    """Who is to review it, in the original's tick; written by `generate_sprint_dag`."""
    issue_number: int | None
    """Its issue; null until that is opened."""
    pr_number: int | None
    """Its pull request; null until one is opened, and after it was closed without a merge."""
    started_at: str | None
    """When an agent first began."""
    completed_at: str | None
    """When it was done, skipped or cancelled."""
    last_activity_at: str | None
    """The last sign of life: of its agent, a reviewer, or a push."""
    intervention_count: int
    """How often its agent was probed, restarted or given up on, since `/retry`."""
    position: int
    """Its place in the plan, from 1; written by `propose_plan`."""
    scope: list[str]
    """The paths that it may change, as patterns; empty: any."""
    acceptance: list[str]
    """What must be true when it is done."""
    skills: list[str]
    """What its agent must know, as the kickoff's text says."""
    complexity: str
    """How hard it is, as the kickoff's text says."""
    description: str
    """What the kickoff's text says about it beyond its title."""
    framework: str | None
    """The agent framework that it asks for instead of the policy's."""
    model: str | None
    """The model that it asks for instead of the framework's own."""
    attempt: int
    """The number of its agent's current run, from 1; an older run may not act any more."""
    round: int
    """The number of times that work on it began, from 1: a review that asks for changes begins another."""
    agent: AgentState | None
    """What its agent does; null: nothing."""
    branch: str
    """The branch that its agents work on; written by `spell_out`."""
    head_sha: str | None
    """The head of its pull request."""
    checks: Checks
    """The checks of that head."""
    reviews: dict[str, Review]
    """The last verdict of each reviewer, by login."""
    approved: str | bool | None
    """In the original's tick: the approved head, true where the review names none."""
    merging: str | bool | None
    """The head whose merge was asked for and not answered; in the tick as `approved`."""
    merge_asked: str | None
    """The head that someone with maintain permission said `/merge` for: `manual` waits for that."""
    head_at: str
    """When its head was first known here."""
    expected: list[str] | None
    """The checks that its head is given time to report, while it is; written by `dag_evaluate`."""
    merge_base: bool
    """Whether the next run begins by merging the base into the branch."""
    hold: str | None
    """Who keeps it from being merged, with `/hold` or its label."""
    draft: bool
    """Whether its pull request is a draft of the bot's, because its verification is red."""
    milestone: str
    """The milestone that it belongs to, as the kickoff names it; written by `generate_sprint_dag`."""
    human: str | None
    """Who has it instead of an agent, by `/take-over` or `/assign-human`."""
    human_since: str | None
    """Since when."""
    refusal: str
    """Why it was last not merged, by the forge or for want of an approval that counts: said once."""
    kept: list[str]
    """Its head, and the older ones that differ from it only by the base merged in: any may be approved."""
    pushed: list[str]
    """The commits that the shell pushed to its branch, or was about to, the newest last."""
    wait: str | None
    """What it waits for, in words, where its status does not say."""
    blocked_by: str | None
    """The dependency that will never be done, and why."""
    feedback: str | None
    """What its next run must hear: reviews, errors, the hint of `/retry`."""
    unheard: str | None
    """A review that came while its agent worked: for the run after that."""
    report: Json
    """What its agent reported in the end; checked by those who measure the sprint."""
    made: Made
    """What its agent made."""
    cost: Cost
    """What its runs have cost."""
    review_cycles: int
    """How often a review asked for changes."""
    review_rounds: int
    """How often it was sent back by a review, since `/retry`."""
    step: AgentStep
    """What its agent does; written by `supervise`."""
    told: list[Told]
    """What people told its agent; written by `dag_evaluate`."""
    partial: str | None
    """The head that a run left which was ended before its work was done; written by `dag_evaluate`."""
    not_before: str | None
    """When its agent may start, after one that met an overloaded model; written by `dag_evaluate`."""
    red_since: str | None
    """Since when all checks of its head have ended and some of them failed; written by `dag_evaluate`."""
    red_read: str | None
    """The head whose failed checks are being read, or were; written by `dag_evaluate`."""
    red_head: str | None
    """The head whose failed checks its agent works on; written by `dag_evaluate`."""
    red_mark: str | None
    """What identifies the failure that its agent works on; written by `dag_evaluate`."""
    red_rounds: dict[str, int]
    """How often it was sent back for a failure, by what identifies that, since `/retry`."""
    over_budget: str | None
    """Which budget keeps its agent from starting, in words; written by `dag_evaluate`."""
    setbacks: int
    """How many runs in a row met an overloaded or unreachable model; written by `dag_evaluate`."""
    review_asked: int
    """The pull request whose reviewers were asked; written by `spell_out`."""
    useless_rounds: int
    """Runs in a row whose result could not leave the workspace."""
    conflicts: int
    """How often its pull request conflicted with the base, since `/retry`."""
    closures: int
    """How often its pull request was closed without a merge, since `/retry`."""
    closed_pr: int
    """The last pull request that was closed without a merge."""
    sent_back: bool
    """Whether a review asked for changes and no new head has come since."""
    probed: bool
    """Whether its agent is silent and was probed."""
    issue_asked: bool | None
    """Whether its issue was asked for; null in the tick, where that failed."""
    restarted_at: str
    """When `/retry` last started it again."""
    hotfix: bool
    """Whether it goes before the others, and needs a check or `verify` that passed; by `draft_change`."""
    verified: str | None
    """Of a hotfix: the head on which the commands of `verify` passed; written by `dag_evaluate`."""
    failures: int
    """How often a hotfix failed, since `/retry`."""
    skipped_by: Literal["close"] | None
    """`close`: skipped by closing its issue, so that opening the issue brings it back."""
    closed_at_work: bool
    """Whether it was InProgress when its issue was closed: so it is again once that is open."""
    news: list[News]
    """What happened to it that its issue should tell, the newest last; written by `spell_out`."""
    called: Called
    """The line on the kickoff that asks a person, until that is solved; written by `spell_out`."""


class Task(TaskFields):
    """A task of a sprint. The first four fields are the original's small task."""

    id: str
    """Its name in the sprint: `^[a-z0-9_-]{1,64}$`; written by `generate_sprint_dag`."""
    title: str
    """What is to be done, in a line; written by `generate_sprint_dag`."""
    status: TaskStatus
    """Where it is in its life."""
    depends_on: list[str]
    """The ids of the tasks that must be done before it; written by `generate_sprint_dag`."""


class TaskChange(TaskFields, total=False):
    """What is changed of a task at a time. Made and used up by `dag_evaluate`."""

    status: TaskStatus
    """Where it is in its life now."""


# What a sprint came to


class TaskFigures(TypedDict):
    """One task of a sprint that is over, in figures. Written by `compute_sprint_kpis`."""

    task_id: str
    """The task."""
    title: str
    """Its title."""
    status: str | None
    """How it ended."""
    issue_number: float | None
    """Its issue."""
    pr_number: float | None
    """Its pull request."""
    minutes: float | None
    """From its first start to its end."""
    review_cycles: float
    """How often a review asked for changes."""
    interventions: float
    """How often its agent was helped."""
    clarity: float | None
    """How clear its agent found it, from 1 to 10."""
    tokens: float | None
    """Tokens of the model; null: nobody measured them."""
    usd: float | None
    """What its runs cost in US dollars; null: nobody knows."""
    agent_minutes: float | None
    """How long its agent worked."""
    assessment: Json
    """How its agent judged the result, as the agent wrote it."""


class Supposed(TypedDict):
    """A sprint as it would be after a change that `/simulate` plays. Made by `play_change`."""

    words: str
    """The change, in words; empty: none."""
    fault: str | None
    """Why it cannot be played."""
    tasks_after: dict[str, Task]
    """The tasks as they would be."""
    parallel: int | None
    """How many agents would work at the same time; null: as many as now."""


class Offer(TypedDict):
    """What people may change on the board of one sprint. Made by `offer_edits`."""

    boxes: list[str]
    """A line for each box that acts when it is ticked."""
    plan_lines: str
    """The plan, a line a task; empty where it cannot be changed there."""


class Forecast(TypedDict):
    """How long the running sprint still takes, by what its tasks took so far. Made by `forecast`."""

    left: str
    """How long, most likely, and how long if the tasks are quick or slow, in words."""
    measured: float
    """How many tasks were measured."""
    order: list[str]
    """In which order the tasks that are left end."""
    critical: list[str]
    """The chain of tasks that takes longest, whatever the number of agents."""
    stuck: list[str]
    """The tasks that need a person: counted as if they went on now."""
    usd: float | None
    """What the rest will cost; null: nobody measured it."""


class RoleFigures(TypedDict):
    """What the agents of one role reported. Written by `compute_sprint_kpis`."""

    reports: float
    """How many reports there are."""
    completed: float
    """How many of them say that the task was completed."""
    avg_clarity: float | None
    """How clear they found their tasks, from 1 to 10."""
    tokens: float
    """The tokens that they report."""


class Trend(TypedDict):
    """A figure beside that of the sprint before. Written by `compute_sprint_kpis`."""

    kpi: str
    """The figure's name."""
    before: float
    """What it was."""
    now: float
    """What it is."""
    change_pct: float | None
    """By how many per cent it changed; null: it was 0."""
    trend: str
    """`improved`, `degraded` or `stable`."""


class Counts(TypedDict):
    """How much was done, and with how much help."""

    total_tasks: float
    """Tasks of the plan."""
    completed_tasks: float
    """Tasks that are done."""
    completion_rate: float
    """The part of the tasks that is done, from 0 to 1."""
    sprint_days: float
    """How long it took."""
    tasks_per_day: float
    """Tasks done in a day."""
    escalated_count: float
    """Tasks that wait for a person, or are blocked."""
    blocked_count: float
    """Tasks that are blocked."""
    total_interventions: float
    """How often agents were helped."""
    avg_interventions: float
    """The same for each task."""
    skipped_count: float
    """Tasks that were left out."""
    cancelled_count: float
    """Tasks that were cancelled."""


class Quality(TypedDict):
    """How well it went."""

    failure_count: float
    """Tasks whose agent judged that it failed."""
    clean_task_pct: float
    """Per cent of the tasks that were done without help."""
    avg_review_cycles: float
    """How often a review asked for changes, for each task that is done."""
    review_loop_count: float
    """Tasks done with three such reviews or more."""
    avg_clarity: float | None
    """How clear agents found their tasks, from 1 to 10."""
    high_clarity_pct: float | None
    """Per cent of them that found it 7 or more."""


class Effort(TypedDict):
    """What the tasks that are done took; null: nobody measured it."""

    total_tokens: float | None
    """Tokens of the model."""
    avg_tokens: float | None
    """The same for each task."""
    total_usd: float | None
    """What all its tasks cost in US dollars; figures of an older version lack it."""
    total_time_min: float | None
    """Minutes that agents worked."""
    avg_time_min: float | None
    """The same for each task."""


class SprintNumbers(Counts, Quality, Effort):
    """All figures of a sprint that are one number."""


class SprintFigures(SprintNumbers):
    """The figures of a sprint that is over. Written by `compute_sprint_kpis`."""

    per_role: dict[str, RoleFigures]
    """What agents reported, by their role."""
    tasks: list[TaskFigures]
    """Its tasks."""
    trends: list[Trend]
    """What changed since the sprint before."""


class Feedback(TypedDict):
    """What an agent reported, as a retro takes it. Written by `gather_retro`."""

    issue_number: float | None
    """The task's issue."""
    author: str | None
    """The agent."""
    is_parsed_yaml: bool
    """Whether it could be read."""
    parsed: Json
    """What the agent wrote; null where it could not be read."""


class Analysis(TypedDict):
    """What hindered the agents, and what to change. Written by `analyze_sprint_feedback`."""

    themes: list[str]
    """What stood out."""
    improvements: list[str]
    """What to change next time."""
    learnings: list[str]
    """What was learned."""
    sentiment: str
    """`positive`, `mixed`, `negative` or `neutral`."""
    notes: NotRequired[list[str] | None]
    """Why rules answered instead of a model."""


# Sprints


class Options(TypedDict, total=False):
    """What was said with `/plan`. Written by `open_kickoff`."""

    pipeline: PipelineKind
    """How the sprint is worked through, whatever `pipeline.default` says."""
    auto: bool
    """Whether the plan's gate opens by itself, where its text is by who said `/plan`."""
    agents: str
    """How many of its agents work at the same time, whatever `pipeline.parallel` says."""
    budget: Budget
    """What it may use at most; where `budget.sprint` is less, that counts."""


class Unused(TypedDict):
    """A line of a kickoff that is in no brief. Written by `generate_sprint_dag`."""

    line: str
    """What it says."""
    why: str
    """Why it is of no use."""


class SprintBrief(TypedDict):
    """What a kickoff says beside its goal and its tasks. Written by `generate_sprint_dag`."""

    background: NotRequired[list[str]]
    """What explains the goal, in paragraphs as they were written."""
    constraints: NotRequired[list[str]]
    """What holds for every task."""
    out_of_scope: NotRequired[list[str]]
    """What is not to be done."""
    acceptance: NotRequired[list[str]]
    """When the sprint is done."""
    done: NotRequired[list[str]]
    """What was ticked: it is there already."""
    notes: NotRequired[list[str]]
    """What else is worth knowing, in paragraphs."""
    unused: NotRequired[list[Unused]]
    """The lines that are in no brief."""
    hidden: NotRequired[int]
    """How many pieces of the text a page does not show, which were left out."""


class Brief(TypedDict):
    """What an agent is told about a sprint or a task. Written by `write_briefs`."""

    text: str
    """As its agent gets it, and the plan's hash covers it."""
    markdown: str
    """The same as the board and the task's issue show it."""


Briefs = dict[str, Brief]


class Rejection(TypedDict):
    """A plan that was sent back. Written by `command_reject`."""

    actor: str | None
    """Who sent it back."""
    rejected_for: str
    """Why, in their words."""


class PlanChange(TypedDict):
    """What became of a plan that people had seen. Written by `command_change_plan` and `propose_plan`."""

    changed_by: str | None
    """Who changed it."""
    hash_before: str | None
    """The hash of the plan before."""
    differences: list[str]
    """What is new (`+`), gone (`-`) or other (`!`), a line each, with others' words as they are."""


class LoggedCommand(TypedDict):
    """A command that steered a sprint, or was to. Written by `command_reply`."""

    handled_at: str
    """When it was handled."""
    asker: str | None
    """Who said it, by login."""
    line: str
    """The line, or the label."""
    good: bool
    """Whether it was done."""
    number: int
    """The issue or pull request that it was said on."""
    comment_id: int | None
    """The comment that says it; null: a label, a review or the text of an issue."""


class Kickoff(TypedDict):
    """A sprint that is not over, kept under the number of its kickoff issue. Made by `open_kickoff`."""

    id: str
    """The sprint's id: `<repository>-<4 hex>-<kickoff number>`."""
    number: int
    """The number of the kickoff issue."""
    status: SprintStatus
    """Where the sprint is in its life; written by whoever moves it on."""
    asked_at: str
    """When `/plan` was said."""
    asked_by: NotRequired[str | None]
    """Who said it."""
    asked_by_id: NotRequired[int | None]
    """The number of their account."""
    options: NotRequired[Options]
    """What was said with it."""
    title: NotRequired[str]
    """The kickoff issue's title; this and its author are written by `propose_plan`."""
    author: NotRequired[str]
    """Who wrote the kickoff issue."""
    author_id: NotRequired[int | None]
    """The number of their account; null: it is gone."""
    goal: NotRequired[str]
    """What the sprint is for; written by `propose_plan`."""
    brief: NotRequired[SprintBrief]
    """What else its text says; absent in a plan of an older version. Written by `propose_plan`."""
    plan: NotRequired[dict[str, Task] | None]
    """The tasks as planned, by id; null where the text could not be planned, and once the sprint is over."""
    plan_hash: NotRequired[str | None]
    """What an approval is bound to; changes with anything that an agent is told."""
    unseen: NotRequired[int]
    """How many signs of its text nobody sees; they were removed. Written by `propose_plan`."""
    planned_at: NotRequired[str]
    """When the plan was made."""
    changes: NotRequired[list[PlanChange]]
    """How its plan was changed since it was first shown, the last one last; as these write it."""
    text_hash: NotRequired[str]
    """The hash of the text that was planned; absent in a plan of an older version. By `propose_plan`."""
    errors: NotRequired[list[str]]
    """Why the text could not be planned."""
    rejections: NotRequired[list[Rejection]]
    """How often its plan was sent back, the last one last; written by `command_reject`."""
    approved_by: NotRequired[str | None]
    """Who approved the plan; written by `command_approve`."""
    approved_at: NotRequired[str]
    """When; sprints that wait start in this order."""
    started_at: NotRequired[str | None]
    """When it began to run; written by `promote_sprint`."""
    ended_at: NotRequired[str | None]
    """When its last task ended, or it was stopped; written by `finish_sprint`."""
    stopped_by: NotRequired[str | None]
    """Who stopped it: `/stop`, or closing the kickoff."""
    auto_by: NotRequired[str | None]
    """Who let its gates open by themselves: `/auto on`."""
    first: NotRequired[bool]
    """Whether it starts before the others that wait: `/start`."""
    paused_by: NotRequired[str | None]
    """Who paused it, while it is paused: `/pause`."""
    asked_status_at: NotRequired[str]
    """When `/status` was last said: the board is refreshed for it."""
    command_log: NotRequired[list[LoggedCommand]]
    """The last commands that steered it; written by `command_reply`."""
    retro: NotRequired[SprintFigures]
    """Its figures; written by `close_sprint`."""
    retro_text: NotRequired[str]
    """Its retro, as its board shows it; written by `close_sprint`."""
    closing: NotRequired[bool]
    """Whether its issue is closed as soon as the board shows the retro; written by `close_sprint`."""
    no_milestones: NotRequired[bool]
    """Whether the forge refused one of its milestones, so that none is asked for; by `take_answer`."""
    tasks: NotRequired[dict[str, Task]]
    """Its tasks as they ended; written by `close_sprint`."""


class Telling(TypedDict):
    """What briefs are written of. Made by `take_draft`, `take_starting` and `take_unread`."""

    title: str | None
    """The kickoff issue's title."""
    goal: str
    """What the sprint is for."""
    brief: SprintBrief
    """What else its text says."""
    sprint_tasks: dict[str, Task]
    """All its tasks, by id."""
    chosen: list[str]
    """Those that a brief is written for."""


# What the state remembers of the forge


class Edit(TypedDict):
    """One change of an issue's text that a delivery told. Written by `notice_change`."""

    actor: str | None
    """Who made it."""
    actor_id: int | None
    """The number of their account."""
    text: str
    """The hash of the text that they left."""
    was: str | None
    """The hash of the text that they found; empty: there was none before."""


class Unanswered(TypedDict):
    """A text whose change nobody answered for yet. Written by `compare_issue`."""

    text: str
    """Its hash; empty: there was none before."""
    asks: list[str]
    """The commands that it held."""


class Issue(TypedDict):
    """What is remembered of an issue or, for its labels, of a pull request. Written by `compare_issue`."""

    edits: NotRequired[list[Edit]]
    """Changes of its text that no look has shown yet; written by `notice_change`."""
    state: NotRequired[OpenOrClosed]
    """Whether it is open."""
    title: NotRequired[str]
    """Its title; absent until it was looked at, or opened by ourselves."""
    author: NotRequired[str]
    """Who wrote it."""
    author_id: NotRequired[int | None]
    """The number of their account; null: it is gone."""
    html_url: NotRequired[str | None]
    """Where people see it."""
    labels: NotRequired[list[str]]
    """Its labels, sorted; also written by `take_shown` and `take_answer`."""
    body_hash: NotRequired[str | None]
    """The hash of its text; null: we opened it, and have not looked at it since."""
    asks: NotRequired[list[str]]
    """The commands that its text held at the last look."""
    waits: NotRequired[Unanswered]
    """The text before a change that no delivery told yet."""
    own: NotRequired[bool]
    """Whether we opened it; written by `take_answer`."""


class PullRequest(TypedDict):
    """What is remembered of a task's pull request. Written by `compare_pull` at each look."""

    task_id: str
    """The task that it is of."""
    state: OpenOrClosed
    """Whether it is open."""
    merged: bool
    """Whether it is merged."""
    head_sha: str
    """Its head."""
    status: Checks
    """The checks of that head."""
    reviews: dict[str, list[str | bool]]
    """Each review by its number: its state, and whether a newer head came since."""
    html_url: NotRequired[str | None]
    """Where people see it."""
    missing: NotRequired[list[str]]
    """The required checks that have not reported."""
    ignored: NotRequired[list[str]]
    """The checks that need not be green, by `merge.checks`."""
    requested: NotRequired[list[str]]
    """Whose review is asked for, and who has given none."""


class OtherLock(TypedDict):
    """What another installation of the bot says of its lock. Written by `weigh_lock`."""

    installation: str
    """Its id."""
    number: int
    """The kickoff of its sprint."""
    author: str
    """The account that it writes with."""
    until: str
    """Up to when its lock counts, if it is not renewed."""


class Lock(TypedDict):
    """The lock on the repository, which keeps other installations of the bot from starting sprints."""

    number: int
    """The kickoff that it is wanted for. Written by `promote_sprint` and `keep_lock`."""
    held: bool
    """Whether this sprint may start things; written by `weigh_lock`, `keep_lock` and `command_unlock`."""
    locked_at: str | None
    """When it was taken or renewed, as the board's marker says; null: the marker does not claim it."""
    claimed: NotRequired[bool]
    """Whether the marker with this moment stands on the forge; written by `take_shown`."""
    other: NotRequired[OtherLock | None]
    """The other installation that has it; written by `weigh_lock`."""
    took: NotRequired[str]
    """The installation that it was taken from; written by `command_unlock`."""
    asked_at: NotRequired[str]
    """When `/unlock` was heard while this installation held it: for a while it looks at each tick."""


class Shown(TypedDict):
    """What we last put on the forge under one name, such as `issue:4:board`. Written by `take_shown`."""

    hash: str | None
    """The hash of what was shown; null or `edited:…`: it is to be shown again."""
    comment_id: int | None
    """The comment that holds it."""
    plan_at: str
    """When we learned that the plan on it was shown."""
    at: NotRequired[str]
    """When we learned that it was shown."""
    plan_hash: NotRequired[str | None]
    """The plan on it."""
    plan_written_at: NotRequired[str | None]
    """When that plan was shown, by the forge's clock."""
    text: NotRequired[str]
    """The hash of its text without the marker."""
    issues: NotRequired[list[int]]
    """The issues that we put into a milestone."""


class GatheredWords(TypedDict):
    """One answer that is gathered with others. Written by `gather_answers`."""

    words: str
    """The answer."""
    places: list[str]
    """Where it was asked for, in Markdown."""


class Gathered(TypedDict):
    """Answers to one person that will be one comment. Written by `gather_answers`."""

    key: str
    """The key of the comment."""
    number: int
    """The issue or pull request that it is written on: where the first of them was asked for."""
    due: str
    """When it is written."""
    words: list[GatheredWords]
    """The answers, the eldest first."""


class Answered(TypedDict):
    """What was answered to one person in the last minute. Written by `gather_answers`."""

    at: list[str]
    """When comments were asked for that answer them, the eldest first; at most ten."""
    gathered: NotRequired[Gathered]
    """The answers beyond those, until their comment is due."""


class OwnText(TypedDict):
    """What we wrote under one key, so that a double is found. Written by `remove_doubles`."""

    kind: Literal["issue", "comment"]
    """What it is."""
    ids: list[int]
    """The numbers of the issues or comments that carry the key, the eldest first."""
    thread: int | None
    """The issue that a comment is on."""
    sprint: str | None
    """The sprint that it belongs to."""


class Counter(TypedDict):
    """How far the supervisor has gone with an agent. Written by `decide_intervention`."""

    count: float
    """Steps taken: probe, restart, call for a person."""
    at: NotRequired[str]
    """When the last one was taken."""


Counters = dict[str, Counter | float]
"""Steps taken by agent; an older file holds the bare number."""


# Events


class Happening(TypedDict, total=False):
    """What any event may have."""

    key: str
    """Names what happened: an event whose key was handled is not handled again."""
    at: str
    """When we learned of it."""
    receipt: str
    """Under which id the webhook endpoint or the command line took it in; written by the store."""
    hook: int | None
    """Until it is handled: the organisation whose webhook signed it; written by the webhook endpoint."""
    forge: Forge
    """The forge that it happened on."""
    repo_id: int
    """The repository's number."""
    repo: str
    """The repository's name then."""
    actor: str | None
    """Who did it; null: not known."""
    actor_id: int | None
    """The number of their account."""
    created_at: str | None
    """When it happened, by the forge's clock."""


class Found(Happening, total=False):
    """What an event may have that tells a difference."""

    found: bool
    """Whether reconciling found it rather than a delivery."""


class Delivered(TypedDict):
    """A comment as its delivery tells of it; what it asks for waits for the forge. By the switchboard."""

    author_id: int | None
    """The number of its author's account."""
    body_hash: str
    """The hash of its text."""


class Asking(Found, total=False):
    """What an event has that needs a permission; it waits in the state until the forge has answered."""

    needs: Right
    """The least right that its actor must have."""
    allowed: bool
    """Whether they have it; absent until that is known. Written by `ask_permission`."""
    permission: Right
    """The right that they have. Written by `ask_permission`."""
    denial: str | None
    """Why it could not be told, in words. Written by `ask_permission`."""
    asked_at: str
    """While it waits: when the forge was asked. Written by `ask_permission`."""
    turn: int
    """While it waits: its place in the order. Written by `ask_permission`."""
    looked_again: bool
    """While it waits: whether an empty repository was looked at again for it. Written by `ask_permission`."""
    for_board: str
    """While it waits: the board that must be shown first. Written by `command_approve`."""
    delivered: Delivered
    """What a delivery says of its comment; absent once the forge has shown it. Written by the switchboard."""


class Where(TypedDict):
    """Where something was said. Written by the switchboard."""

    number: int
    """The issue or pull request."""
    is_pull: NotRequired[bool]
    """Whether it is a pull request."""
    comment_id: NotRequired[int]
    """The comment that said it."""
    review_id: NotRequired[int]
    """The review that said it."""
    label: NotRequired[str]
    """The label that said it."""
    own_text: NotRequired[bool]
    """Whether the issue's own text said it."""
    behind: NotRequired[int]
    """How many commands of one text stand before it, beyond those that are answered in words."""
    asker: NotRequired[str]
    """Who said it, by login; absent where that is not known."""
    line: NotRequired[str]
    """The line or the label, where it is a command that steers something."""
    board: NotRequired[int]
    """The comment that is the board, where an edit of it said it."""


class Changed(Happening):
    """Something may have changed: a hint what to look at. Emitted by the forge."""

    type: Literal["changed"]
    object: str
    """What: `issue`, `pull`, `commit`, `branch` or `repository`."""
    hint: str
    """What the delivery says happened, in the forge's word."""
    number: NotRequired[int]
    """The issue or pull request."""
    branch: NotRequired[str]
    """The branch."""
    head_sha: NotRequired[str | None]
    """The commit."""
    label: NotRequired[str]
    """The label that was set or removed, where the delivery names it."""
    labelled: NotRequired[bool]
    """Whether a label was set, rather than removed."""
    body_hash: NotRequired[str]
    """The hash of the issue's text now."""
    body_was: NotRequired[str]
    """The hash of the text that its editor found; empty: there was none."""


class CommentFields(Found):
    """What is reported of a comment."""

    issue_number: int
    """The issue or pull request that it is on."""
    comment_id: int
    """Its number."""
    is_pull: NotRequired[bool]
    """Whether that is a pull request."""
    author: NotRequired[str]
    """Who wrote it first."""
    author_id: NotRequired[int | None]
    """The number of their account."""
    machine: NotRequired[bool]
    """Whether the forge says that this is a bot's account."""
    body: NotRequired[str]
    """Its text."""
    previous: NotRequired[str | None]
    """The text before this edit, where the delivery has it."""
    hint: NotRequired[str]
    """`created` or `edited`."""
    written_at: NotRequired[str]
    """When it was first written."""
    updated_at: NotRequired[str]
    """When it was last changed."""
    html_url: NotRequired[str]
    """Where people see it."""


class IssueComment(CommentFields):
    """A comment was written or edited; it means what it says, once. Emitted by the forge."""

    type: Literal["issue_comment"]


class OwnCommentEdited(CommentFields):
    """A person edited what the bot wrote. Emitted by the switchboard, and by `unfold_catch_up`."""

    type: Literal["own_comment_edited"]
    own: NotRequired[bool]
    """Whether the text that stands there now is one of ours after all."""


class AskedOutside(Found):
    """Somebody gave a command in a repository that was not let in. Emitted by the switchboard."""

    type: Literal["asked_outside"]
    issue_number: int
    """The issue or pull request that it stands on."""


class AccountShared(Found):
    """A person wrote a comment with the bot's own account. Emitted by the switchboard."""

    type: Literal["account_shared"]
    issue_number: int
    """The issue that the comment is on."""


class Arguments(TypedDict):
    """What stands behind a command. Written by the switchboard."""

    positional: list[str]
    """The words that are no flags."""
    flags: dict[str, str | bool | list[str]]
    """Each flag with its text, its texts, or true."""


@final
class HelpRow(TypedDict):
    """A command as `/help` lists it. Written by the switchboard."""

    minimum: Right
    """The least right that it needs."""
    usage: str
    """How to write it."""
    summary: str
    """What it does."""


class IssueText(TypedDict):
    """The text of an issue that is to be a task. Written by `compare_issue`."""

    issue_title: str
    """Its title."""
    issue_body: str
    """Its text."""
    is_open: bool
    """Whether it is open."""


class PlanEdit(TypedDict):
    """How somebody changed the plan on the board, a line a task. Written by the switchboard."""

    lines_before: str
    """The plan as it stood there."""
    lines_after: str
    """The plan as they want it; what they ticked is ticked in it."""
    outdated: NotRequired[bool]
    """Whether they edited the lines of an older plan, without what came into it meanwhile."""


class Command(Asking):
    """Somebody asks for something: by a line, a label, an edit of the board. Emitted by the switchboard."""

    type: Literal["command"]
    name: str
    """The command."""
    args: Arguments
    """Its arguments."""
    where: Where
    """Where it was said."""
    minimum: NotRequired[Right]
    """The least right that it needs."""
    help: NotRequired[str]
    """For `/help`, and what does not act yet: the answer."""
    help_rows: NotRequired[list[HelpRow]]
    """For `/help` without a command's name: what it lists."""
    inactive: NotRequired[list[str]]
    """What of it does not act yet, as it was typed."""
    text: NotRequired[IssueText]
    """The issue that is to be a task or a hotfix; absent until it was read. Written by `compare_issue`."""
    opened: NotRequired[int]
    """The issue that was opened for a hotfix. Written by `take_answer`."""
    edit: NotRequired[PlanEdit]
    """For `edit-plan`: how the plan on the board was changed."""


class ConfigProposed(Found):
    """A pull request changes the repository's own settings, or does so no more. Emitted by `apply_config`."""

    type: Literal["config_proposed"]
    pr_number: int
    """The pull request."""
    head_sha: str
    """Its head."""
    touched: bool
    """Whether it changes the file."""
    problems: list[ConfigProblem]
    """What is wrong with the file there."""
    lines: NotRequired[dict[str, int]]
    """The line on which it sets each key, by the key's name there."""
    settings: NotRequired[RepositoryPolicy]
    """What would be in effect with it; absent where it is wrong."""


@final
class Mistake(TypedDict):
    """A line that was meant as a command and is none. Written by the switchboard."""

    line: str
    """The line."""
    help: str
    """What is wrong with it and what would be right."""
    error: str
    """Which kind of mistake it is."""


class Mistakes(Asking):
    """Lines that were meant as commands and are none. Emitted by the switchboard."""

    type: Literal["mistakes"]
    where: Where
    """Where they stand."""
    mistakes: list[Mistake]
    """Each of them."""


class LabelAdded(Asking):
    """A label that means a command was set. Emitted by a look at the issue's timeline."""

    type: Literal["label_added"]
    issue_number: int
    """The issue that it is on."""
    label: str
    """The label."""


class LabelRemoved(Asking):
    """A label that means a command was removed. Emitted by a look at the issue's timeline."""

    type: Literal["label_removed"]
    issue_number: int
    """The issue that it was on."""
    label: str
    """The label."""


class LabelActedOn(Asking):
    """A label has done its work, or was not allowed: it is taken off. Emitted by the switchboard."""

    type: Literal["label_acted_on"]
    issue_number: int
    """The issue that it is on."""
    label: str
    """The label."""
    put_back: NotRequired[bool]
    """Instead: it was removed without the right to, and is put back where its task is held."""


class RepositoryMet(Happening):
    """A repository is met for the first time, or under a new name. Emitted by the switchboard."""

    type: Literal["repository_met"]


class IssueOpened(Found):
    """An issue is seen for the first time; a task's own, once it is made. Emitted by a look or an action."""

    type: Literal["issue_opened"]
    issue_number: int
    """The issue."""
    title: NotRequired[str]
    """Its title."""
    body: NotRequired[str]
    """Its text."""
    labels: NotRequired[list[str]]
    """Its labels."""
    author_id: NotRequired[int | None]
    """The number of its author's account."""
    hint: NotRequired[str]
    """`edited`: its text is not its author's own any more."""
    own: NotRequired[bool]
    """Whether we opened it."""
    task_id: NotRequired[str]
    """The task that it is of."""
    sprint_id: NotRequired[str | None]
    """The sprint whose run or action it comes of; in another one its task is another, too."""


class IssueRefused(Happening):
    """The forge will not open a task's issue. Emitted by a refused action."""

    type: Literal["issue_refused"]
    task_id: str
    """The task."""
    sprint_id: NotRequired[str | None]
    """The sprint whose run or action it comes of; in another one its task is another, too."""
    message: str
    """What the forge says."""


class IssueEdited(Found):
    """An issue has another title or text. Emitted by a look."""

    type: Literal["issue_edited"]
    issue_number: int
    """The issue."""
    title: str
    """Its title now."""
    body: str
    """Its text now."""
    had: NotRequired[list[str]]
    """The commands that the text before held."""
    hint: NotRequired[str]
    """`edited`."""
    author_id: NotRequired[int | None]
    """The number of its author's account."""
    labels: NotRequired[list[str]]
    """Its labels, where the original's tick tells of it."""
    task_id: NotRequired[str]
    """The task that its marker names, where the original's tick tells of it."""


class Ended(Asking):
    """What is reported of an issue that was closed or reopened."""

    issue_number: int
    """The issue."""
    task_id: NotRequired[str]
    """The task that its marker names, where the original's tick tells of it."""


class IssueClosed(Ended):
    """Somebody closed a task's issue or a kickoff. Emitted by a look at its timeline."""

    type: Literal["issue_closed"]


class IssueReopened(Ended):
    """Somebody opened it again. Emitted by a look at its timeline."""

    type: Literal["issue_reopened"]


class KickoffClosed(Ended):
    """Somebody closed the kickoff. Emitted by the switchboard."""

    type: Literal["kickoff_closed"]


class KickoffReopened(Ended):
    """Somebody opened the kickoff again. Emitted by the switchboard."""

    type: Literal["kickoff_reopened"]


class KickoffRead(Found):
    """The text of an issue that is to be planned. Emitted by a look."""

    type: Literal["kickoff_read"]
    issue_number: int
    """The kickoff."""
    title: str
    """Its title."""
    author: str
    """Who wrote it."""
    author_id: int | None
    """The number of their account; null: it is gone."""
    body: NotRequired[str]
    """Its text."""
    labels: NotRequired[list[str]]
    """Its labels."""


class OfPull(Found):
    """What is reported of a task's pull request."""

    pr_number: int
    """The pull request."""
    task_id: NotRequired[str]
    """The task; the original's tick finds it by the pull request."""
    sprint_id: NotRequired[str | None]
    """The sprint whose run or action it comes of; in another one its task is another, too."""
    head_sha: NotRequired[str | None]
    """Its head."""
    branch: NotRequired[str]
    """Its branch."""
    linked_issue: NotRequired[int | None]
    """The issue that it says it closes, where the original's tick tells of it."""
    body: NotRequired[str]
    """Its text, or the review's."""


class PrOpened(OfPull):
    """A task's pull request is there. Emitted by a look."""

    type: Literal["pr_opened"]
    draft: NotRequired[bool]
    """Whether it is a draft: nobody is to review it yet."""


class PrSynchronized(OfPull):
    """The pull request has another head. Emitted by a look."""

    type: Literal["pr_synchronized"]


class PrReopened(OfPull):
    """It was opened again. Emitted by a look."""

    type: Literal["pr_reopened"]


class PrClosed(OfPull):
    """It was closed without a merge. Emitted by a look."""

    type: Literal["pr_closed"]


class PrMerged(OfPull):
    """It is merged: the task is done. Emitted by a look or a performed merge."""

    type: Literal["pr_merged"]
    merge_sha: NotRequired[str | None]
    """The commit that the merge made."""


class PrConflict(OfPull):
    """It conflicts with its base. Emitted by a refused merge."""

    type: Literal["pr_conflict"]


class MergeRefused(OfPull):
    """The forge will not merge it. Emitted by a refused merge."""

    type: Literal["merge_refused"]
    message: str
    """What the forge says."""


class WaitOver(Happening):
    """A moment that was waited for has come. Emitted by a performed `wake_up`."""

    type: Literal["wait_over"]
    task_id: str
    """The task that waited, or for whose sake the framework did."""
    sprint_id: NotRequired[str | None]
    """The sprint whose run or action it comes of; in another one its task is another, too."""


class MergePostponed(OfPull):
    """Its head is another one by now. Emitted by a refused merge."""

    type: Literal["merge_postponed"]


class MergeDenied(OfPull):
    """No approval of it counts, as the forge tells right before the merge. Emitted by an answered merge."""

    type: Literal["merge_denied"]
    message: str
    """Why, and who may approve, for people to read."""
    wait: str
    """What it waits for, in a few words."""


class ApprovalKept(OfPull):
    """Its head only merges the base into older ones, whose approval counts. Emitted by a look."""

    type: Literal["approval_kept"]
    kept: list[str]
    """The head and those older ones."""


class Remark(TypedDict):
    """A remark in the code, made with a review. Read from the forge by the shell."""

    path: str
    """The file."""
    body: str
    """What it says."""
    line: NotRequired[int | None]
    """The line; null: of the file."""


class PrReviewSubmitted(Asking):
    """Somebody reviewed it. Emitted by a look."""

    type: Literal["pr_review_submitted"]
    pr_number: int
    """The pull request."""
    review_state: ReviewState
    """What the review says."""
    task_id: NotRequired[str]
    """The task; the original's tick finds it by the pull request."""
    head_sha: NotRequired[str | None]
    """The head of the pull request now, where the original's tick tells of it."""
    review_id: NotRequired[int]
    """The review's number."""
    commit_sha: NotRequired[str]
    """The head that it judges."""
    body: NotRequired[str]
    """Its text."""
    comments: NotRequired[list[Remark]]
    """Its remarks in the code."""
    pr_author_id: NotRequired[int | None]
    """The number of the pull request's author; null: that account is gone."""
    outdone: NotRequired[bool]
    """Whether the same person gave another verdict since."""


class CheckCompleted(OfPull):
    """The checks of its head say something else. Emitted by a look."""

    type: Literal["check_completed"]
    state: CheckState
    """What they say together, less those that need not be green."""
    contexts: dict[str, CheckState]
    """What each says."""
    missing: NotRequired[list[str]]
    """The required checks that have not reported."""
    running: NotRequired[list[str]]
    """The checks that have not ended and are waited for."""
    ignored: NotRequired[list[str]]
    """The checks that need not be green, by `merge.checks`."""


class ChecksFailed(OfPull):
    """Which checks of its head failed, and what they wrote. Emitted by a look."""

    type: Literal["checks_failed"]
    failed: list[FailedCheck]
    """Those checks."""


class Push(Happening):
    """A branch has another head. Emitted by the original's tick; nothing follows from it."""

    type: Literal["push"]
    branch: str
    """The branch."""
    head_sha: NotRequired[str]
    """Its head."""


class OfAgent(Happening):
    """What is reported of an agent's run."""

    task_id: str
    """The task that it works on."""
    sprint_id: NotRequired[str | None]
    """The sprint whose run or action it comes of; in another one its task is another, too."""
    agent_id: NotRequired[str | None]
    """The agent."""


class OfRun(OfAgent):
    """What is reported of one run of an agent. Written by the run."""

    attempt: int
    """The run's number."""


class AgentStarted(OfRun):
    """The agent works. Emitted by its run."""

    type: Literal["agent_started"]
    pid: NotRequired[int]
    """The process."""


class AgentPushed(OfRun):
    """The shell is about to push this commit: it is the shell's, whatever comes of it. Emitted by a run."""

    type: Literal["agent_pushed"]
    head_sha: str
    """The commit."""
    partial: NotRequired[bool]
    """Whether the run was ended before its work was done: the next one goes on with it."""


class AgentHeartbeat(Happening):
    """The agent did something. Emitted by its run, and by `supervise` where that ends a silence."""

    type: Literal["agent_heartbeat"]
    task_id: NotRequired[str]
    """The task that it works on; the shell's surface names the agent only."""
    sprint_id: NotRequired[str | None]
    """The sprint whose run or action it comes of; in another one its task is another, too."""
    agent_id: NotRequired[str | None]
    """The agent."""
    last_sign_at: NotRequired[str | None]
    """When: the last output or changed file."""
    recovered: NotRequired[int]
    """How many steps of the supervisor that takes back."""


class Verification(TypedDict):
    """What one command of the verification found. Written by the run."""

    name: str
    """The command's name."""
    outcome: VerificationOutcome
    """How it ended."""
    seconds: float
    """How long it took."""
    output: str
    """The last that it wrote."""


class RunResult(TypedDict):
    """How a run ended, and what it brought. Written by the run."""

    outcome: Outcome
    """How it ended."""
    changed: NotRequired[list[str]]
    """The paths that it changed, at most 500."""
    head_sha: NotRequired[str | None]
    """The commit that was pushed."""
    pr_number: NotRequired[int | None]
    """The pull request that carries it."""
    reason: NotRequired[str | None]
    """Why, in a sentence."""
    output_tail: NotRequired[str]
    """The last of what the agent wrote."""
    feedback: NotRequired[Json]
    """What the agent reported; null: nothing."""
    cost: NotRequired[Cost]
    """What the run cost."""
    framework: NotRequired[str | None]
    """What did it."""
    retry_after_s: NotRequired[float | None]
    """Seconds after which the model's provider lets it go on, where it says so."""
    verification: NotRequired[list[Verification]]
    """What the repository's own commands found on the commit, up to the first that failed."""


class AgentFinished(OfAgent, RunResult):
    """The run has ended, and how. Emitted by the run."""

    type: Literal["agent_finished"]
    attempt: int | None
    """The run's number."""


class Sign(TypedDict):
    """What the tick knows of a silent agent. Written by `supervise`."""

    alive: bool
    """Whether its process runs."""
    last_line: str | None
    """The last that it wrote."""


class AgentIntervened(Happening):
    """A silent agent is probed or restarted, or a person is asked. Emitted by `supervise`."""

    type: Literal["agent_intervened"]
    task_id: str
    """The task that it works on."""
    action: SupervisorStep
    """The step."""
    reason: str
    """Why, in a sentence."""
    found: NotRequired[Sign]
    """What the tick knows of it."""


class SpawnRequested(OfAgent):
    """An agent is to be started. Emitted by the shell's surface."""

    type: Literal["spawn_requested"]


class StopRequested(Happening):
    """An agent is to be stopped. Emitted by the shell's surface."""

    type: Literal["stop_requested"]
    task_id: NotRequired[str]
    """The task that it works on; the shell's surface names the agent only."""
    sprint_id: NotRequired[str | None]
    """The sprint whose run or action it comes of; in another one its task is another, too."""
    agent_id: NotRequired[str]
    """The agent."""


class TaskRetry(Found):
    """A new attempt, counters reset. Emitted by `/retry`."""

    type: Literal["task_retry"]
    task_id: str
    """The task."""
    hint: NotRequired[str | None]
    """What the next run must hear."""
    model: NotRequired[str]
    """The model that it asks for from now on."""


class TaskSkip(Found):
    """The task is left out. Emitted by `/skip`."""

    type: Literal["task_skip"]
    task_id: str
    """The task."""


class TaskDropped(Found):
    """The task is no part of the plan any more. Emitted by `/drop-task`."""

    type: Literal["task_dropped"]
    task_id: str
    """The task."""


class TaskHeld(Found):
    """The task is not to be merged until it is released. Emitted by `/hold`."""

    type: Literal["task_held"]
    task_id: str
    """The task."""


class TaskMerge(Found):
    """Its head is to be merged once it is approved and green. Emitted by `/merge`."""

    type: Literal["task_merge"]
    task_id: str
    """The task."""
    head_sha: str
    """The head that this was said of."""


class TaskRestart(Found):
    """The task's run is ended, and another one goes on with its work. Emitted by `/restart`."""

    type: Literal["task_restart"]
    task_id: str
    """The task."""


class TaskAssigned(Found):
    """A person gets the task instead of an agent. Emitted by `/take-over` and `/assign-human`."""

    type: Literal["task_assigned"]
    task_id: str
    """The task."""
    human: str
    """Their login."""


class TaskTold(Found):
    """Someone tells the task's agent something. Emitted by `/tell`."""

    type: Literal["task_told"]
    task_id: str
    """The task."""
    text: str
    """What it is told."""


class TaskUnheld(Found):
    """The task may be merged again. Emitted by `/unhold`."""

    type: Literal["task_unheld"]
    task_id: str
    """The task."""


class HoldSeen(Found):
    """The label `caloron:hold` came to or left a task's issue or pull request. Emitted by a look."""

    type: Literal["hold_seen"]
    task_id: str
    """The task."""
    issue_number: NotRequired[int]
    """The issue, or the pull request that we changed."""
    pr_number: NotRequired[int]
    """The pull request."""


class TaskCancelled(Found):
    """The task's sprint was stopped. Emitted by `/stop`, or by closing the kickoff."""

    type: Literal["task_cancelled"]
    task_id: str
    """The task."""


class OfSprint(Happening):
    """What is reported of a sprint."""

    number: int
    """Its kickoff."""


class SprintApproved(OfSprint):
    """The plan may go ahead. Emitted by `/approve`."""

    type: Literal["sprint_approved"]


class SprintStopped(OfSprint):
    """It is over before its end. Emitted by `/stop`, or by closing the kickoff."""

    type: Literal["sprint_stopped"]


class PlanChanged(OfSprint):
    """Its plan was changed while it runs. Emitted by `/add-task` and `/drop-task`."""

    type: Literal["plan_changed"]


class SprintPaused(OfSprint):
    """Nothing new starts, and nothing is merged, until it is resumed. Emitted by `/pause`."""

    type: Literal["sprint_paused"]


class SprintContinued(OfSprint):
    """It is paused no more. Emitted by `/resume`."""

    type: Literal["sprint_continued"]


class SprintResumed(Happening):
    """A restored sprint was looked at, and goes on. Emitted by `resume_sprint`."""

    type: Literal["sprint_resumed"]


class SprintFinished(OfSprint):
    """Every task is at its end. Emitted by `finish_sprint`."""

    type: Literal["sprint_finished"]
    failed: NotRequired[str]
    """The reference of the dead letter, where its retro could not be written."""


class SprintEnded(OfSprint):
    """The retro is written; the next sprint may run. Emitted by `close_sprint`."""

    type: Literal["sprint_ended"]


class AgentSigns(TypedDict, total=False):
    """What the store knows of a live run. Written by the store."""

    last_heartbeat_at: str | None
    """The last sign of its process, or of the shell's surface."""
    task_started_at: str | None
    """When it began."""
    last_sign_at: str | None
    """The last output or changed file."""
    last_line: str | None
    """The last line that it wrote."""
    attempt: int
    """The run's number."""
    task_id: str
    """The task."""
    sprint_id: str
    """The sprint."""
    status: str
    """`queued`, `claimed` or `finished`."""


class Tick(Happening):
    """Time has passed; with `reconcile`, lost deliveries are looked for. Emitted by the clock."""

    type: Literal["tick"]
    reconcile: NotRequired[bool]
    """Whether to look for lost deliveries."""
    agents: NotRequired[dict[str, AgentSigns]]
    """The live runs of the lane, by agent."""


class Unavailable(Happening):
    """A host does not answer; it is asked again. Emitted by a performer."""

    type: Literal["unavailable"]
    host: str
    """The host."""
    reason: str
    """What went wrong."""
    until: str
    """When it is asked again."""


class Available(Happening):
    """The host answers again. Emitted by a performer."""

    type: Literal["available"]
    host: str
    """The host."""


class Machine(Happening):
    """The bot's machine is short of disk space, or has enough again. Emitted by the clock."""

    type: Literal["machine"]
    short_of_space: bool
    """Whether nothing new starts for that reason."""


class ShownNow(Happening):
    """Labels, a board, a note, a commit status or a milestone were brought up to date. By a performer."""

    type: Literal["shown"]
    object: str
    """What it is on: `issue:<number>`, `pull:<number>` or `milestone:<kickoff>:<hash>`."""
    kind: str
    """`labels`, `board`, `note`, `status` or `milestone`."""
    hash: str
    """The hash of what was wanted."""
    number: NotRequired[int]
    """The issue or pull request."""
    comment_id: NotRequired[int | None]
    """The comment that holds the board, or the note."""
    written_at: NotRequired[str | None]
    """When the board was written, by the forge's clock."""
    labels: NotRequired[list[str]]
    """The labels that are there now."""
    plan_hash: NotRequired[str | None]
    """The plan on the board."""
    locked_at: NotRequired[str]
    """The moment of the repository's lock in its marker."""
    has_retro: NotRequired[bool]
    """Whether the board shows the retro of its sprint."""
    text: NotRequired[str]
    """The hash of the board's text without the marker."""
    asked: NotRequired[str | None]
    """When `/status` asked for the board."""
    issues: NotRequired[list[int]]
    """The issues that were put into the milestone."""


# What the forge shows when it is looked at (shell/forge writes all of these)


class ForgeIssue(TypedDict):
    """An issue as it is on the forge."""

    number: int
    """Its number."""
    title: str
    """Its title."""
    body: str | None
    """Its text."""
    state: OpenOrClosed
    """Whether it is open."""
    author: str
    """Who wrote it."""
    author_id: int | None
    """The number of their account; null: it is gone."""
    labels: list[str]
    """Its labels."""
    is_pull: NotRequired[bool]
    """Whether it is a pull request."""
    assignees: NotRequired[list[str]]
    """Who it is assigned to."""
    html_url: NotRequired[str]
    """Where people see it."""
    created_at: NotRequired[str]
    """When it was opened."""
    updated_at: NotRequired[str]
    """When it last changed."""


class ForgeReview(TypedDict):
    """A review as it is on the forge."""

    id: int
    """Its number."""
    author: str
    """Who wrote it."""
    author_id: int | None
    """The number of their account; null: it is gone."""
    state: ReviewState
    """What it says."""
    body: str
    """Its text."""
    commit_sha: str
    """The head that it judges."""
    stale: bool
    """Whether a newer head came since."""
    submitted_at: str
    """When."""
    comments: NotRequired[list[Remark]]
    """Its remarks in the code."""
    machine: NotRequired[bool]
    """Whether GitHub says that no person has this account."""


class ForgeHead(TypedDict):
    """The branch of a pull request."""

    ref: str
    """Its name."""
    sha: str
    """Its head."""
    repo_id: NotRequired[int | None]
    """The repository that it is in."""


class ForgeBase(TypedDict):
    """The branch that a pull request goes to."""

    ref: str
    """Its name."""


class ForgePull(TypedDict):
    """A pull request as it is on the forge."""

    state: OpenOrClosed
    """Whether it is open."""
    merged: bool
    """Whether it is merged."""
    author_id: int | None
    """The number of its author's account; null: it is gone."""
    body: str | None
    """Its text."""
    head: ForgeHead
    """Its branch."""
    status: Checks
    """The checks of its head."""
    reviews: list[ForgeReview]
    """Its reviews, the oldest first."""
    number: NotRequired[int]
    """Its number."""
    title: NotRequired[str]
    """Its title."""
    merge_sha: NotRequired[str | None]
    """The commit that the merge made."""
    merged_at: NotRequired[str | None]
    """When it was merged."""
    merged_by: NotRequired[str | None]
    """Who merged it."""
    draft: NotRequired[bool]
    """Whether it is a draft."""
    author: NotRequired[str]
    """Who opened it."""
    base: NotRequired[ForgeBase]
    """The branch that it goes to."""
    labels: NotRequired[list[str]]
    """Its labels."""
    requested: NotRequired[list[str]]
    """The accounts whose review is asked for."""
    html_url: NotRequired[str | None]
    """Where people see it."""


class ForgeComment(TypedDict):
    """A comment as it is on the forge, with the key that its delivery had."""

    comment_id: int
    """Its number."""
    issue_number: int
    """The issue or pull request that it is on."""
    author: str
    """Who wrote it."""
    author_id: int | None
    """The number of their account; null: it is gone."""
    body: str
    """Its text."""
    machine: NotRequired[bool]
    """Whether the forge says that its author is a bot's account."""
    is_pull: NotRequired[bool]
    """Whether that is a pull request."""
    created_at: NotRequired[str]
    """When it was written."""
    updated_at: NotRequired[str]
    """When it was last changed."""
    html_url: NotRequired[str]
    """Where people see it."""
    key: NotRequired[str]
    """The key that its delivery has."""


class ForgeChanges(TypedDict):
    """All that changed in a repository since some time."""

    issues: list[ForgeIssue]
    """Issues."""
    pulls: list[int]
    """The numbers of pull requests."""
    comments: list[ForgeComment]
    """Comments."""
    date: str
    """Up to when, by the forge's clock."""


TimelineKind = Literal["label", "unlabel", "close", "reopen"]
"""What a row of a timeline says that someone did."""


class TimelineRow(TypedDict):
    """Who set or removed a label, closed or reopened an issue."""

    type: TimelineKind
    """What they did."""
    actor: str | None
    """Who."""
    actor_id: int | None
    """The number of their account."""
    at: str
    """When."""
    label: NotRequired[str]
    """The label."""


class ForgeOrganisation(TypedDict):
    """The settings of the repository's owner, as a look finds them. Of a commit that is known, only that."""

    full_name: str
    """The repository that holds them."""
    html_url: NotRequired[str]
    """Where people see it."""
    commit: str
    """The head of its default branch."""
    values: NotRequired[RepositoryValues]
    """What the file sets."""
    lines: NotRequired[dict[str, int]]
    """The line on which it sets each, by the key's name there."""
    problems: NotRequired[list[ConfigProblem]]
    """What is wrong with it; then nothing of it counts."""


class ForgeConfig(TypedDict):
    """A repository's own settings, as a look finds them. Of a commit that is known, only the commit."""

    commit: str | None
    """The head of the base branch; null: there is no such branch."""
    text: NotRequired[str]
    """The hash of the file's text, which is empty where there is no file."""
    values: NotRequired[RepositoryValues]
    """What it sets."""
    lines: NotRequired[dict[str, int]]
    """The line on which it sets each, by the key's name there."""
    problems: NotRequired[list[ConfigProblem]]
    """What is wrong with it; then nothing of it counts."""
    organisation: NotRequired[ForgeOrganisation | None]
    """What the repository's owner keeps for all of theirs; null: nothing."""


class ForgeProposal(TypedDict):
    """What a pull request would make of the repository's own settings. Nothing of it is in effect."""

    head_sha: str
    """The head that was looked at."""
    touched: bool
    """Whether it changes the file."""
    problems: NotRequired[list[ConfigProblem]]
    """What is wrong with the file there."""
    lines: NotRequired[dict[str, int]]
    """The line on which it sets each key, by the key's name there."""
    settings: NotRequired[RepositoryPolicy]
    """What would be in effect with it; absent where it is wrong."""


class ForgePermission(TypedDict):
    """What an account may do in a repository."""

    user_id: int | None
    """The number of the account; null: the forge knows no such account."""
    permission: Right
    """What it may do."""
    login: NotRequired[str]
    """Its name."""
    machine: NotRequired[bool]
    """Whether the forge says that this is a bot's account."""


class ForgeLock(TypedDict):
    """What the board of another installation says of the repository's lock."""

    installation: str
    """Its id."""
    issue_number: int
    """The kickoff that the board is on."""
    author: str
    """Who wrote it."""
    right: Right
    """What they may do here."""
    locked_at: str
    """When it took or renewed the lock, as it says."""
    updated_at: str
    """When the forge says that the board was last changed."""
    held: bool
    """Whether its sprint may start things; else it only asks for the lock."""
    took: str
    """The installation that it was taken from; empty: from none."""


class KeptHeads(TypedDict):
    """Which heads of a pull request an approval counts for."""

    kept: list[str]
    """The head, and the older ones that differ from it only by the base merged in; empty: it has moved."""


class ReviewSeen(TypedDict):
    """A review, as it is on the forge right before a merge."""

    id: int
    """Its number."""
    author: str
    """Who wrote it."""
    author_id: int | None
    """The number of their account; null: it is gone."""
    verdict: ReviewState
    """What it says."""
    commit_sha: str
    """The head that it judges."""
    machine: bool
    """Whether the forge says that no person has this account."""


class ProposedCommit(TypedDict):
    """A commit that a merge would bring into the base."""

    sha: str
    """Its id."""
    own: bool
    """Whether the shell pushed it."""
    update: bool
    """Whether it only merges the base in, exactly as the shell itself would."""
    people: list[int]
    """The accounts that the forge takes for its author and committer."""


class PushSeen(TypedDict):
    """A push to a pull request's branch, as the forge tells it."""

    actor: str
    """Who pushed."""
    actor_id: int | None
    """The number of their account; null: it is gone."""
    commits: list[str]
    """What it brought."""


class MergeFacts(TypedDict):
    """What decides whether an approval counts, asked of the forge right before the merge. By the shell."""

    forge: Forge
    """The forge's dialect."""
    author_id: int | None
    """Who opened the pull request; null: that account is gone."""
    ours: list[int]
    """The bot's own accounts."""
    reviews: list[ReviewSeen]
    """Its reviews, the oldest first."""
    counting: list[str]
    """The heads whose approval counts: the present one first."""
    commits: list[ProposedCommit]
    """What it would bring."""
    pushes: list[PushSeen] | None
    """Who pushed to its branch; null: the forge does not tell."""
    permissions: dict[str, ForgePermission]
    """What those who judged it may do, by login."""
    guarded: list[str]
    """The protected paths that it changes."""
    links: list[str]
    """The links and submodules that it changes and that lead out of the tree."""
    closing: list[str]
    """The words of commits of others that would close an issue of another repository."""
    behind: NotRequired[bool]
    """Whether its branch lacks commits of its base; read by the handler of the merge."""
    mistake_on_line: NotRequired[int]
    """The line of the first mistake in the `.caloron.yml` that it would bring; absent where there is none."""


class ForgeRepository(TypedDict):
    """A repository as it is on the forge."""

    id: int
    """Its number."""
    full_name: str
    """`owner/name`."""
    owner_id: int
    """The number of its owner: a person or an organisation."""
    default_branch: NotRequired[str]
    """The branch that work begins from."""
    empty: NotRequired[bool]
    """Whether it has no commit yet."""
    private: NotRequired[bool]
    """Whether only its members see it."""
    archived: NotRequired[bool]
    """Whether nobody may write there."""
    permissions: NotRequired[dict[str, bool]]
    """What our account may do: `admin`, `push`, `pull`."""
    merge_styles: NotRequired[list[str]]
    """The ways of merging that it allows."""
    default_merge_style: NotRequired[str]
    """The one that it prefers."""
    html_url: NotRequired[str]
    """Where people see it."""
    clone_url: NotRequired[str]
    """Where git finds it."""


# Actions


class Mark(TypedDict):
    """What the hidden marker of a text says. Written by whoever asks for the text."""

    kind: str
    """What the text is: `task`, `note`, `answer`, `board`, `retro`, …"""
    key: NotRequired[str]
    """Instead of the action's own key."""
    sprint: NotRequired[str]
    """The sprint that it belongs to."""
    task: NotRequired[str]
    """The task that it belongs to."""
    installation: NotRequired[str]
    """The installation of the bot that wrote a board."""
    locked_at: NotRequired[str]
    """When that installation took or renewed the repository's lock for the board's sprint."""
    held: NotRequired[str]
    """`yes`: the sprint may start things; else the lock is only asked for."""
    took: NotRequired[str]
    """The installation that the lock was taken from."""


class ActionFields(TypedDict):
    """What any action has."""

    key: str
    """Names what is to be done: asked for again while it waits, the action is replaced."""
    sprint_id: NotRequired[str | None]
    """The sprint that it belongs to."""
    task_id: NotRequired[str]
    """The task that it belongs to."""
    mark: NotRequired[Mark]
    """What the hidden marker of the text says."""
    due_in_s: NotRequired[float]
    """Not before so many seconds."""


class Caused(TypedDict):
    """What made someone look. Written by `notice_change` and whoever reconciles."""

    hint: str
    """What the delivery said; `reconcile`: nothing was delivered."""
    actor: NotRequired[str | None]
    """Who did it."""
    actor_id: NotRequired[int | None]
    """The number of their account."""
    label: NotRequired[str | None]
    """The label that was set or removed."""
    labelled: NotRequired[bool | None]
    """Whether it was set."""


class TimelineAsk(TypedDict):
    """A change whose author is looked for in an issue's timeline. Written by `compare_issue`."""

    type: TimelineKind
    """What was done."""
    label: NotRequired[str]
    """The label."""


class Look(ActionFields):
    """What any look has: it reads what is there now, and is answered by `seen`."""

    type: Literal["look"]
    caused: NotRequired[Caused]
    """What made us look."""
    restoring: NotRequired[str]
    """The sprint that is being restored."""
    resuming: NotRequired[str]
    """The restored sprint that goes on once this is answered."""


class LookIssue(Look):
    """Reads an issue."""

    what: Literal["issue"]
    number: int
    """The issue."""


class LookPull(Look):
    """Reads a pull request with its reviews and checks."""

    what: Literal["pull"]
    number: int
    """The pull request."""
    known_reviews: NotRequired[list[int]]
    """Reviews whose remarks need not be read again."""


class LookTimeline(Look):
    """Reads who did what to an issue."""

    what: Literal["timeline"]
    number: int
    """The issue."""
    asks: list[TimelineAsk]
    """What is looked for."""
    author: NotRequired[str]
    """Who wrote the issue."""
    author_id: NotRequired[int | None]
    """The number of their account; null: it is gone."""


class LookPermission(Look):
    """Reads what someone may do here."""

    what: Literal["permission"]
    login: str
    """Whose permission."""


class LookComment(Look):
    """Reads back a comment that a delivery reported, and beside it what its author may do here."""

    what: Literal["comment"]
    comment_id: int
    """The comment."""
    login: NotRequired[str]
    """Whose permission is read beside it; absent: none is needed."""


class LookRepository(Look):
    """Reads the repository itself."""

    what: Literal["repository"]


class LookProtection(Look):
    """Reads which checks a branch requires."""

    what: Literal["protection"]
    branch: str
    """The branch."""


class LookConfig(Look):
    """Reads the repository's own settings, at the head of its base branch."""

    what: Literal["config"]
    branch: str
    """The branch."""
    known: str | None
    """The commit at which they were last read: at the same one they are not read again."""


class LookProposal(Look):
    """Reads what a pull request would make of the repository's own settings."""

    what: Literal["proposal"]
    number: int
    """The pull request."""
    head_sha: str
    """Its head."""


class LookUpdates(Look):
    """Reads which older heads a pull request's head differs from only by its base merged in."""

    what: Literal["updates"]
    number: int
    """The pull request."""
    head_sha: str
    """Its head."""
    base: str
    """The branch that it goes to."""
    branch: str
    """Its own branch."""


class LookFailures(Look):
    """Reads which checks of a pull request's head failed, and the end of their logs."""

    what: Literal["failures"]
    number: int
    """The pull request."""
    head_sha: str
    """Its head."""


class LookLocks(Look):
    """Reads which other installations of the bot have the repository's lock, or ask for it."""

    what: Literal["locks"]
    since: str
    """Boards that did not change since then hold none."""
    installation: str
    """Our own."""
    claim: str | None
    """The moment in our own marker, where that stands on the forge already."""


class LookCatchUp(Look):
    """Reads all that changed since the last time."""

    what: Literal["catch_up"]
    since: str | None
    """Since when; null: ever."""


Looks = (
    LookIssue
    | LookPull
    | LookTimeline
    | LookPermission
    | LookComment
    | LookRepository
    | LookProtection
    | LookConfig
    | LookProposal
    | LookUpdates
    | LookFailures
    | LookLocks
    | LookCatchUp
)
"""Everything that is looked at."""


class CreateIssue(ActionFields):
    """Opens an issue, once: a repeat looks for its marker first."""

    type: Literal["create_issue"]
    title: str
    """Its title."""
    body: str
    """Its text."""
    labels: list[str]
    """Its labels."""


class Comment(ActionFields):
    """Writes a comment, once: a repeat looks for its marker first."""

    type: Literal["comment"]
    number: int
    """The issue or pull request."""
    body: str
    """The text."""
    answers: NotRequired[Where]
    """Whom it answers, and where: `gather_answers` limits how many comments that makes a minute."""
    grows: NotRequired[bool]
    """Whether its text may have grown since it was written: then the comment that is there is edited."""


class React(ActionFields):
    """Puts a reaction on a comment or an issue."""

    type: Literal["react"]
    content: str
    """The reaction: `eyes`, `rocket` or `confused`."""
    comment_id: NotRequired[int]
    """The comment."""
    number: NotRequired[int]
    """Instead: the issue."""
    remove: NotRequired[str]
    """A reaction of ours that goes."""


class CloseIssue(ActionFields):
    """Closes an issue."""

    type: Literal["close_issue"]
    number: int
    """The issue."""


class ReopenIssue(ActionFields):
    """Opens an issue again."""

    type: Literal["reopen_issue"]
    number: int
    """The issue."""


class UpdateBranch(ActionFields):
    """Merges the base into a pull request's branch."""

    type: Literal["update_branch"]
    pr_number: int
    """The pull request."""
    head_sha: str
    """The head that it has."""
    reason: NotRequired[str]
    """Why the forge did not merge it, where it never said."""


class AssignIssue(ActionFields):
    """Gives a task's issue to a person on the forge, or to nobody any more."""

    type: Literal["assign_issue"]
    number: int
    """The issue."""
    assignees: list[str]
    """Their logins; nobody else has it then."""


class AskReview(ActionFields):
    """Asks people and teams to review a task's pull request."""

    type: Literal["ask_review"]
    pr_number: int
    """The pull request."""
    reviewers: list[str]
    """Their logins, and `organisation/team`."""


class MergePr(ActionFields):
    """Merges exactly the head that was judged."""

    type: Literal["merge_pr"]
    pr_number: int
    """The pull request."""
    head_sha: str
    """That head."""
    style: NotRequired[str]
    """The way of merging; else the repository's own."""
    style_named: NotRequired[bool]
    """Whether `.caloron.yml` names it: then it is merged in no other way."""
    bots: NotRequired[list[int]]
    """The accounts of other bots that may give commands, whose approval never counts."""
    up_to_date: NotRequired[bool]
    """Whether it is merged only if it has all of its base."""
    delete_branch: NotRequired[bool]
    """Whether the branch goes with it."""
    base: NotRequired[str]
    """The branch that it must go into."""
    pushed: NotRequired[list[str]]
    """The commits that the shell pushed to it."""
    title: NotRequired[str]
    """The first line of the commit that the merge makes, whatever the pull request's title is by then."""
    message: NotRequired[str]
    """The rest of it."""
    closes: NotRequired[int | None]
    """The only issue that the pull request's text may close."""
    protected: NotRequired[list[str]]
    """The protected paths, beside those that always are."""


class MakeLabels(ActionFields):
    """Makes the labels that the repository lacks, of those that the bot offers."""

    type: Literal["make_labels"]


class SetLabels(ActionFields):
    """Adds and removes labels."""

    type: Literal["set_labels"]
    number: int
    """The issue or pull request."""
    add: NotRequired[list[str]]
    """Labels to add."""
    remove: NotRequired[list[str]]
    """Labels to remove."""


class SetStatus(ActionFields):
    """Sets a commit status of the bot's own."""

    type: Literal["set_status"]
    sha: str
    """The commit."""
    context: str
    """The status's name."""
    status: Literal["success", "failure"]
    """What it says."""
    description: str
    """Why, in plain text."""
    link: str
    """The page that says more; empty: none."""


class DeleteComment(ActionFields):
    """Deletes a comment of the bot."""

    type: Literal["delete_comment"]
    comment_id: int
    """The comment."""


class SpawnAgent(ActionFields):
    """Starts an agent's run; answered by `agent_started`, then `agent_finished`."""

    type: Literal["spawn_agent"]
    agent_id: str
    """The agent."""
    attempt: int
    """The run's number."""
    round: int
    """The round of work."""
    branch: str
    """The branch that it works on."""
    base: str
    """The branch that it begins from."""
    title: str
    """The task's title."""
    prompt: str
    """What the agent is told."""
    framework: str | None
    """The agent framework."""
    model: str | None
    """The model; null: the framework's own."""
    scope: list[str]
    """The paths that may change; empty: any."""
    protected: list[str]
    """The paths that may not."""
    issue_number: int | None
    """The task's issue."""
    pr_title: str
    """The title of the pull request."""
    pr_body: str
    """The text of the pull request."""
    pr_number: int | None
    """The pull request, where there is one."""
    partial: str | None
    """The head of unfinished work that an earlier run left there."""
    setup: NotRequired[list[str]]
    """The commands of the repository's setup."""
    verify: list[VerifyStep]
    """The commands that its work must pass."""
    verify_rounds: int
    """How often the agent is sent back with the same failure of theirs."""
    sign_off: NotRequired[bool]
    """Whether its commits are signed off."""
    assisted_by: NotRequired[bool]
    """Whether its commits name framework and model; they do if this is not there."""
    seen_sha: str | None
    """The head that was last judged."""
    draft: NotRequired[bool]
    """Whether its pull request is a draft that ends with work that passes."""
    left: NotRequired[list[Budget]]
    """What is left of the budgets: once one of them is used up, its agent takes no further turn."""
    again: NotRequired[str | None]
    """What an agent is told that goes on with the session of the run before."""
    closed_shas: list[str]
    """Heads that were proposed and closed: not to be proposed again."""
    time_limit_s: float
    """How long it may work, in seconds."""
    network: list[str]
    """Public hosts that it may reach, beside its model and the package registries."""
    env: list[str]
    """Names of variables of the operator that it gets, where the operator allows it."""
    acp: AcpAgent | None
    """The repository's own agent; null: the framework is one of the known ones."""
    mcp: list[McpServer]
    """The servers of tools that it gets."""
    merge_base: bool
    """Whether it begins by merging the base into the branch."""


class RunSpec(SpawnAgent):
    """A run as a worker takes it: its action, and where it happens. Written by the performer."""

    lane: str
    """The lane."""
    repo: str
    """The repository's name."""
    repo_id: int
    """The repository's number."""
    clone_url: str
    """Where git finds it."""


class StopAgent(ActionFields):
    """Tells an agent's run to stop."""

    type: Literal["stop_agent"]
    agent_id: str | None
    """The agent."""
    attempt: int | None
    """The run's number."""
    drop: NotRequired[bool]
    """Whether what it has done so far is thrown away, and not pushed to its branch."""


class TellAgent(ActionFields):
    """Tells an agent at work what a person said."""

    type: Literal["tell_agent"]
    attempt: int
    """The run's number."""
    text: str
    """What it is told, and by whom."""


class PostLog(ActionFields):
    """Writes the end of a run's log as a comment, once."""

    type: Literal["post_log"]
    number: int
    """The issue or pull request."""
    attempt: int
    """The run's number."""


class WakeUp(ActionFields):
    """Does nothing: when it is due, `wait_over` tells that what waited may go on."""

    type: Literal["wake_up"]


class Answer(ActionFields):
    """Answers whoever asked; `command_reply` makes a reaction and a comment of it."""

    type: Literal["answer"]
    where: Where
    """Where it was asked."""
    words: str
    """The answer."""
    good: bool
    """Whether it was done."""
    aloud: NotRequired[bool]
    """Whether the words are said even where a reaction would do."""


class Show(ActionFields):
    """Shows what is to be seen: never asked for by a stage, and refused where the forge will not."""

    type: Literal["show"]
    object: NotRequired[str]
    """What it is on."""
    kind: NotRequired[str]
    """`labels`, `board`, `note`, `status` or `milestone`."""
    number: NotRequired[int]
    """The issue or pull request."""
    hash: NotRequired[str]
    """The hash of what was wanted."""
    comment_id: NotRequired[int | None]
    """The comment that holds the board."""
    plan_hash: NotRequired[str | None]
    """The plan on the board."""
    on: NotRequired[list[str]]
    """Labels to add."""
    off: NotRequired[list[str]]
    """Labels to remove."""


Action = (
    LookIssue
    | LookPull
    | LookTimeline
    | LookPermission
    | LookComment
    | LookRepository
    | LookProtection
    | LookConfig
    | LookProposal
    | LookUpdates
    | LookFailures
    | LookLocks
    | LookCatchUp
    | CreateIssue
    | Comment
    | React
    | CloseIssue
    | ReopenIssue
    | UpdateBranch
    | AssignIssue
    | AskReview
    | MergePr
    | MakeLabels
    | SetLabels
    | SetStatus
    | DeleteComment
    | SpawnAgent
    | StopAgent
    | TellAgent
    | PostLog
    | WakeUp
    | Answer
    | Show
)
"""Everything that is asked for."""


# Answers to actions


class NotAsked(TypedDict):
    """Someone whom the forge refused to ask for a review. Written by the action's handler."""

    reviewer: str
    """Their login, or `organisation/team`."""
    message: str
    """What the forge says."""


class Result(TypedDict, total=False):
    """What a performed action brought. Written by the action's handler."""

    number: int
    """The issue that was opened."""
    comment_id: int
    """The comment that was written."""
    html_url: str
    """Where people see it."""
    moved: bool
    """Whether the branch has another head now."""
    merged: bool
    """Whether it was merged."""
    behind: bool
    """Whether it was not merged because its branch lacks commits of its base."""
    merge_sha: str | None
    """The commit that the merge made."""
    message: str | None
    """Why no approval counts, for people to read; null: what was judged is not there any more."""
    wait: str | None
    """What the merge waits for, in a few words."""
    labels: list[str]
    """The labels that are there now."""
    not_asked: list[NotAsked]
    """Whom the forge refused to ask for a review."""
    not_assigned: str
    """Why the forge did not give the issue to the person, for people to read."""


class Performed(Happening):
    """An action was carried out. Emitted by a performer."""

    type: Literal["performed"]
    action: Action
    """The action."""
    result: Result
    """What it brought."""


class Refused(Happening):
    """The forge refused an action, or it was no longer wanted when its turn came. Emitted by a performer."""

    type: Literal["refused"]
    action: Action
    """The action."""
    status: int
    """The forge's HTTP status, or one that says as much."""
    message: str
    """What the forge says."""
    reason: NotRequired[str]
    """What the forge said before it was given up on."""
    withdrawn: NotRequired[bool]
    """Whether it was not wanted any more."""


class SeenIssue(Found):
    """What a look at an issue found. Emitted by a performer, and by `unfold_catch_up`."""

    type: Literal["seen"]
    what: Literal["issue"]
    number: int
    """The issue."""
    request: LookIssue
    """The look."""
    there: ForgeIssue
    """The issue as it is."""
    asks: NotRequired[list[str]]
    """The commands that its text holds; written by the switchboard."""


class SeenPull(Found):
    """What a look at a pull request found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["pull"]
    number: int
    """The pull request."""
    request: LookPull
    """The look."""
    there: ForgePull
    """The pull request as it is."""


class SeenTimeline(Found):
    """What a look at an issue's timeline found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["timeline"]
    number: int
    """The issue."""
    request: LookTimeline
    """The look."""
    there: list[TimelineRow]
    """The rows, the oldest first."""


class SeenPermission(Found):
    """What a look at a permission found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["permission"]
    request: LookPermission
    """The look."""
    there: ForgePermission
    """The permission."""
    login: NotRequired[str]
    """Whose."""


class Refusal(TypedDict):
    """The forge's refusal of one of two calls. Written by a performer."""

    refused_with: int
    """Its HTTP status."""
    message: str
    """What it says."""


class ReadBack(TypedDict):
    """What the forge shows of a comment, and of a permission. Written by a performer."""

    comment_shown: bool
    """Whether there is a comment with that number here."""
    comment: NotRequired[ForgeComment]
    """The comment."""
    permission: NotRequired[ForgePermission]
    """The permission, where it was asked for."""
    refusal: NotRequired[Refusal]
    """Why the forge did not tell the permission."""


class SeenComment(Found):
    """What reading a comment back found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["comment"]
    request: LookComment
    """The look."""
    there: ReadBack
    """The comment, and the permission beside it."""
    login: NotRequired[str]
    """Whose permission."""


class SeenRepository(Found):
    """What a look at the repository found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["repository"]
    request: LookRepository
    """The look."""
    there: ForgeRepository
    """The repository as it is."""


class SeenProtection(Found):
    """What a look at a branch's protection found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["protection"]
    request: LookProtection
    """The look."""
    there: RequiredChecks
    """What it requires."""


class SeenConfig(Found):
    """What a look at the repository's own settings found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["config"]
    request: LookConfig
    """The look."""
    there: ForgeConfig
    """What the file says."""


class SeenProposal(Found):
    """What a look at a pull request that may change the settings found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["proposal"]
    number: int
    """The pull request."""
    request: LookProposal
    """The look."""
    there: ForgeProposal
    """What it would change."""


class SeenUpdates(Found):
    """What a look at updates from the base found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["updates"]
    number: int
    """The pull request."""
    request: LookUpdates
    """The look."""
    there: KeptHeads
    """The heads that an approval counts for."""


class SeenFailures(Found):
    """What a look at failed checks found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["failures"]
    number: int
    """The pull request."""
    request: LookFailures
    """The look."""
    there: list[FailedCheck]
    """Those checks."""


class SeenLocks(Found):
    """What a look at the locks of other installations found. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["locks"]
    request: LookLocks
    """The look."""
    there: list[ForgeLock]
    """Their locks."""


class SeenCatchUp(Found):
    """All that changed since the last time. Emitted by a performer."""

    type: Literal["seen"]
    what: Literal["catch_up"]
    request: LookCatchUp
    """The look."""
    there: ForgeChanges
    """The changes."""


Seen = (
    SeenIssue
    | SeenPull
    | SeenTimeline
    | SeenPermission
    | SeenComment
    | SeenRepository
    | SeenProtection
    | SeenConfig
    | SeenProposal
    | SeenUpdates
    | SeenFailures
    | SeenLocks
    | SeenCatchUp
)
"""What a look found."""

Waiting = Command | Mistakes | LabelAdded | LabelRemoved | IssueClosed | IssueReopened | PrReviewSubmitted
"""The events that may wait in the state until it is known what their actor may do."""


class Kept(TypedDict, total=False):
    """The rest of a state that was lost, as it was last written down. Written by the clock; see `State`."""

    running: int | None
    """The kickoff of the sprint that ran."""
    repo: Repository
    """The repository."""
    me: Account | None
    """Our account."""
    marks: Marks
    """Up to when the forge was caught up with."""
    kickoffs: dict[str, Kickoff]
    """The sprints."""
    issues: dict[str, Issue]
    """What was remembered of issues."""
    pulls: dict[str, PullRequest]
    """What was remembered of pull requests."""
    shown: dict[str, Shown]
    """What was shown."""
    own: dict[str, OwnText]
    """What we wrote."""
    waiting: dict[str, Waiting]
    """Events that waited."""
    shared: bool
    """Whether a person uses our account too."""
    last_kpis: SprintFigures | None
    """The figures of the sprint before."""


class Restored(Happening):
    """The store was lost; a sprint is taken up as it was last written down. Emitted by the clock."""

    type: Literal["restored"]
    sprint_id: str
    """The sprint."""
    kept: Kept
    """The rest of the state as it was."""
    tasks: dict[str, Task]
    """Its tasks as they were."""
    actions: list[Action]
    """What was asked for and not answered."""


Event = (
    Changed
    | IssueComment
    | AskedOutside
    | AccountShared
    | OwnCommentEdited
    | Command
    | ConfigProposed
    | Mistakes
    | LabelAdded
    | LabelRemoved
    | LabelActedOn
    | RepositoryMet
    | SeenIssue
    | SeenPull
    | SeenTimeline
    | SeenPermission
    | SeenComment
    | SeenRepository
    | SeenProtection
    | SeenConfig
    | SeenProposal
    | SeenUpdates
    | SeenFailures
    | SeenLocks
    | SeenCatchUp
    | Performed
    | Refused
    | ShownNow
    | Unavailable
    | Machine
    | Available
    | Tick
    | Restored
    | IssueOpened
    | IssueRefused
    | IssueEdited
    | IssueClosed
    | IssueReopened
    | KickoffRead
    | KickoffClosed
    | KickoffReopened
    | PrOpened
    | PrSynchronized
    | PrReviewSubmitted
    | CheckCompleted
    | ChecksFailed
    | PrMerged
    | PrClosed
    | PrReopened
    | PrConflict
    | MergeRefused
    | WaitOver
    | MergePostponed
    | MergeDenied
    | ApprovalKept
    | Push
    | AgentStarted
    | AgentPushed
    | AgentHeartbeat
    | AgentFinished
    | AgentIntervened
    | SpawnRequested
    | StopRequested
    | TaskRetry
    | TaskSkip
    | TaskDropped
    | TaskHeld
    | TaskMerge
    | TaskRestart
    | TaskAssigned
    | TaskTold
    | TaskUnheld
    | HoldSeen
    | TaskCancelled
    | SprintApproved
    | SprintStopped
    | PlanChanged
    | SprintPaused
    | SprintContinued
    | SprintResumed
    | SprintFinished
    | SprintEnded
)
"""Everything that happens."""


# The state of a lane


class Pause(TypedDict):
    """Why no agent of a framework starts. Written by `dag_evaluate`."""

    outcome: FrameworkTrouble
    """What its last run ended with."""
    trials: int
    """How often it was found to be so in a row."""
    until: str | None
    """When one task tries it again; null: not by itself."""
    trying: str | None
    """The task that does."""
    login: NotRequired[str | None]
    """What its key or login was known by that was refused: another one ends the pause."""
    look_at: NotRequired[str | None]
    """When its key or login is looked at again; written where it was refused."""


class SprintState(TypedDict):
    """The tasks of a sprint: what the original's tick keeps between two runs, and part of a lane's state."""

    tasks: dict[str, Task]
    """The tasks of the running sprint, by id."""
    interventions: NotRequired[Counters]
    """How far the supervisor has gone with each agent; written by `supervise`."""
    heard: NotRequired[list[str]]
    """In the original's tick: the keys of the last poll's events; written by `project_poll_to_eval`."""
    issues: NotRequired[dict[str, Issue]]
    """In a lane's state: what is remembered of issues, by number."""
    sprint_id: NotRequired[str]
    """In a file of the original's tick: the sprint; written by the clock."""
    pauses: NotRequired[dict[str, Pause]]
    """The frameworks that cannot work for now, by name; written by `dag_evaluate`."""
    opened: NotRequired[list[str]]
    """The milestones that may begin beside the first one; written by `dag_evaluate` and `command_gates`."""
    next_asked: NotRequired[str | None]
    """The milestone that people were last asked about; written by `dag_evaluate`."""
    raised: NotRequired[Budget | None]
    """By how much `/budget` has raised the running sprint's budget; of another unit it has no effect."""


class Dag(SprintState, SprintBrief):
    """A plan: the tasks of a sprint in which nothing has happened yet. Written by `generate_sprint_dag`."""

    goal: str
    """What the sprint is for; empty where the text could not be planned."""


class State(SprintState):
    """The state of a lane, which is one repository. The store keeps each entry of its maps by itself."""

    v: int
    """The version of the state's form; written by the store."""
    kickoffs: dict[str, Kickoff]
    """Every sprint that is not over, and the last one that is, by the number of its kickoff."""
    pulls: dict[str, PullRequest]
    """What is remembered of the running sprint's pull requests, by number."""
    shown: dict[str, Shown]
    """What is shown on the forge, by object and kind."""
    waiting: dict[str, Waiting]
    """Events that wait for a permission or a board, by key; by `ask_permission` and `command_approve`."""
    own: dict[str, OwnText]
    """What we wrote, by key."""
    adopting: NotRequired[dict[str, Command]]
    """What makes an issue a task or a hotfix, by its number, until it was read; by `command_change_plan`."""
    permissions: NotRequired[dict[str, Permission]]
    """What people may do here, by login."""
    lock: NotRequired[Lock | None]
    """The lock against other installations; written by `promote_sprint`, `keep_lock` and `weigh_lock`."""
    running: NotRequired[int | None]
    """The kickoff of the sprint that runs; written by `promote_sprint` and `close_sprint`."""
    repo: NotRequired[Repository]
    """The repository; absent until it is met."""
    me: NotRequired[Account | None]
    """Our account here; written by `meet_repository`."""
    config: NotRequired[Config]
    """The repository's own settings; absent until they were read."""
    organisation: NotRequired[OrganisationConfig | None]
    """The settings that its owner keeps for all of theirs; null: none."""
    proposals: NotRequired[dict[str, Proposal]]
    """Open pull requests, by number, as far as they were looked at for changes of these settings."""
    marks: NotRequired[Marks]
    """Up to when the forge was caught up with."""
    short_of_space: NotRequired[bool]
    """Whether no agent starts because a disk of the machine is nearly full; written by `note_machine`."""
    early: NotRequired[list[str]]
    """Commits of which a status told before they were the head of a task's; written by `notice_change`."""
    shared: NotRequired[bool]
    """Whether a person uses our account too; written by `notice_change` and `compare_issue`."""
    outside: NotRequired[bool]
    """Whether it was said that the repository was not let in; by `answer_outside`."""
    answered: NotRequired[dict[str, Answered]]
    """What was answered to whom in the last minute, by login; written by `gather_answers`."""
    last_kpis: NotRequired[SprintFigures | None]
    """The figures of the last sprint, which the next one's are compared with; written by `close_sprint`."""


# The turn


class DeclaredPolicy(TypedDict):
    """What decisions go by that nobody sets. Declared in the handlers and beside the stages."""

    command_labels: list[str]
    """The labels that are a command when a person sets them."""
    statuses: dict[TaskStatus, StatusLook]
    """How each status of a task is shown."""


class Spent(TypedDict):
    """What agents have used in a day. Written by the store."""

    tokens: int
    """Tokens."""
    usd: int
    """Millionths of a dollar."""


class Policy(RepositoryPolicy, DeclaredPolicy):
    """What decisions go by: the repository's own settings, the operator's, and defaults. By the shell."""

    me: Account
    """Our account on the forge."""
    origins: NotRequired[dict[str, str]]
    """Which setting of the operator's a default comes from, by the policy's key."""
    gates_open: NotRequired[bool]
    """Whether gates open by themselves; written by `take_turn` where `/auto on` or `--auto` was said."""
    paused: NotRequired[bool]
    """Whether nothing new begins; written by `take_turn` while the running sprint is paused."""
    walls: NotRequired[Walls]
    """Where agents do not run behind walls: how they do."""
    logins: NotRequired[dict[str, str]]
    """What changes with the key or login of a framework, by its name."""
    not_here: NotRequired[dict[str, str]]
    """The frameworks that cannot work where the agents run, each with what to do."""
    installation: NotRequired[str]
    """The id of this installation of the bot; where it is absent, no lock is taken."""
    lock_s: NotRequired[float]
    """For how many seconds a lock counts since it was renewed."""
    spent_today: NotRequired[Spent]
    """What the agents of this repository have used today, where it has a budget for a day."""
    budget_spent: NotRequired[str]
    """Which of the operator's caps keeps agents from starting today, in words."""


class Turn(TypedDict):
    """What a composition is run on, and gives back: one event with all that it is decided by."""

    state: State
    """The lane's state; each stage gives the next one."""
    events: list[Event]
    """The event; what a stage tells instead takes its place."""
    actions: list[Action]
    """What was asked for so far."""
    now: str
    """The time of the decision."""
    policy: Policy
    """What the decision goes by."""


# What is decided on tasks, before it is spelled out for a forge


class OfTask(TypedDict):
    """What any decision has. Written by `dag_evaluate`."""

    task_id: str
    """The task."""
    key: NotRequired[None]
    """Never there: a decision gets its key when it is spelled out as an action."""


class IssueWanted(OfTask):
    """The task's issue is to be opened."""

    type: Literal["create_issue"]
    title: str
    """Its title."""


class AgentWanted(OfTask):
    """The task's agent is to be started."""

    type: Literal["spawn_agent"]
    agent_id: NotRequired[str | None]
    """The agent."""
    issue_number: NotRequired[int | None]
    """The task's issue."""
    attempt: NotRequired[int]
    """The run's number; the original's tick has none."""
    left: NotRequired[list[Budget]]
    """What is left of each budget that the task counts on."""


class AgentUnwanted(OfTask):
    """The task's run is to be stopped."""

    type: Literal["stop_agent"]
    agent_id: NotRequired[str | None]
    """The agent."""
    attempt: NotRequired[int | None]
    """The run's number."""
    drop: NotRequired[bool]
    """Whether what it has done so far is thrown away."""


class AgentToTell(OfTask):
    """The task's agent is to be told something."""

    type: Literal["tell_agent"]
    attempt: int
    """The run's number."""
    told: Told
    """What, and by whom."""


class SubmitForReview(OfTask):
    """The task's pull request is to be reviewed."""

    type: Literal["submit_pr_for_review"]
    pr_number: int | None
    """The pull request."""
    reviewer_id: NotRequired[str | None]
    """Who is to review it, in the original's tick."""


class MergeWanted(OfTask):
    """The task's pull request is to be merged."""

    type: Literal["merge_pr"]
    pr_number: int | None
    """The pull request."""
    head_sha: NotRequired[str | None]
    """Exactly this head."""
    issue_number: NotRequired[int | None]
    """The task's issue, in the original's tick."""


class NotifyAgent(OfTask):
    """The task's agent is told something."""

    type: Literal["notify_agent"]
    message: str
    """What."""
    agent_id: NotRequired[str | None]
    """The agent."""
    pr_number: NotRequired[int]
    """The pull request that was closed."""


class MarkDone(OfTask):
    """The task is done."""

    type: Literal["mark_done"]
    pr_number: NotRequired[int]
    """The pull request that was merged."""
    issue_number: NotRequired[int | None]
    """The task's issue."""


class Escalate(OfTask):
    """The task's agent is probed or restarted, or a person is asked."""

    type: Literal["escalate"]
    action: SupervisorStep
    """The step."""
    reason: str | None
    """Why, in a sentence."""
    agent_id: NotRequired[str | None]
    """The agent."""
    found: NotRequired[Sign]
    """What the tick knows of the agent."""


class ReopenWanted(OfTask):
    """The task's issue was closed by someone who may not: it is to be opened again."""

    type: Literal["reopen_issue"]
    issue_number: int
    """The issue."""
    actor: NotRequired[str | None]
    """Who closed it."""


class TellSkipped(OfTask):
    """The task was left out by closing its issue: that is to be said."""

    type: Literal["tell_skipped"]
    issue_number: int
    """The issue."""
    actor: NotRequired[str | None]
    """Who closed it."""


class CloseSkipped(OfTask):
    """The task was left out with `/skip`: its issue is to be closed."""

    type: Literal["close_skipped"]
    issue_number: int | None
    """The issue."""
    actor: NotRequired[str | None]
    """Who said so."""


class CloseDropped(OfTask):
    """The task was taken out of the plan: its issue is to be closed."""

    type: Literal["close_dropped"]
    issue_number: int | None
    """The issue."""
    actor: NotRequired[str | None]
    """Who said so."""


class TellRefusal(OfTask):
    """The forge refused to merge: that is to be said."""

    type: Literal["tell_refusal"]
    pr_number: int | None
    """The pull request."""
    message: str
    """What the forge says."""


class WakeWanted(OfTask):
    """The task is to be looked at again at a certain moment."""

    type: Literal["wake_later"]
    seconds: float
    """In how many seconds."""


class ReadFailures(OfTask):
    """What failed on the task's head is to be read."""

    type: Literal["read_failures"]
    pr_number: int
    """The pull request."""
    head_sha: str
    """Its head."""


class TellBudget(OfTask):
    """A budget is nearly or wholly used up: that is to be said."""

    type: Literal["tell_budget"]
    scope: BudgetScope
    """Whose budget."""
    percent: int
    """How much of it is used at least: 80 or 100."""
    words: str
    """The budget, in words."""


class TellMilestone(OfTask):
    """A milestone is done: people are to be asked, or told, about the next one."""

    type: Literal["tell_milestone"]
    milestone: str
    """The next one."""
    before: str
    """The one that is done."""
    by_itself: bool
    """Whether the next one begins without being asked for."""


class TellPaused(OfTask):
    """A framework cannot work for now: that is to be said, with what to do."""

    type: Literal["tell_paused"]
    framework: str
    """The framework."""
    outcome: FrameworkTrouble
    """Why."""
    reason: str
    """The same, in a sentence of the run."""
    until: str | None
    """When it is tried again by itself."""


class AssignWanted(OfTask):
    """The task's issue is to show who has it."""

    type: Literal["assign_issue"]
    human: str | None
    """The person; None: an agent again."""


class ShowHold(OfTask):
    """The task's issue and pull request are to have the label that holds it, or to have it no more."""

    type: Literal["show_hold"]


class TellDenied(OfTask):
    """No approval of it counts: that is to be said."""

    type: Literal["tell_denied"]
    pr_number: int | None
    """The pull request."""
    words: str
    """Why, and who may approve."""


class TellStale(OfTask):
    """An approval is of an older head: that is to be said."""

    type: Literal["tell_stale"]
    pr_number: int | None
    """The pull request."""
    head_sha: str | None
    """Its head now."""
    actor: str | None
    """Who approved."""
    commit_sha: str | None
    """The head that they approved."""
    review_id: int | None
    """The review."""


Decision = (
    IssueWanted
    | AgentWanted
    | AgentUnwanted
    | AgentToTell
    | SubmitForReview
    | MergeWanted
    | NotifyAgent
    | MarkDone
    | Escalate
    | ReopenWanted
    | TellSkipped
    | CloseSkipped
    | CloseDropped
    | TellRefusal
    | TellDenied
    | TellStale
    | WakeWanted
    | ReadFailures
    | TellBudget
    | TellMilestone
    | TellPaused
    | AssignWanted
    | ShowHold
)
"""Everything that is decided on a task."""


class Health(TypedDict):
    """How an agent is. Written by `check_agent_health`."""

    agent_id: str
    """The agent."""
    status: AgentHealth
    """How it is."""
    minutes_since: float
    """Minutes since its last sign."""


class Intervention(TypedDict):
    """The supervisor's step on a silent agent. Written by `decide_intervention`."""

    agent_id: str
    """The agent."""
    action: SupervisorStep
    """The step."""
    reason: str
    """Why, in a sentence."""


# What is to be seen on the forge


class Board(TypedDict):
    """The board of a kickoff as it should be. Written by `draw_boards`."""

    number: int
    """The kickoff."""
    body: str
    """Its text."""
    plan_hash: str | None
    """The plan on it."""
    asked: str | None
    """When `/status` last asked for it."""
    sprint: str
    """The sprint's id."""


class LabelsWanted(TypedDict):
    """Labels that are to be added and removed. Written by `want`."""

    object: str
    """What they are on: `issue:<number>`."""
    kind: Literal["labels"]
    number: int
    """The issue or pull request."""
    on: list[str]
    """Labels to add."""
    off: list[str]
    """Labels to remove."""
    hash: str
    """The hash of all this."""


class BoardWanted(TypedDict):
    """A board that is to be written. Written by `want`."""

    object: str
    """What it is on: `issue:<number>`."""
    kind: Literal["board"]
    number: int
    """The kickoff."""
    body: str
    """Its text."""
    mark: Mark
    """What its hidden marker says."""
    comment_id: int | None
    """The comment that holds it, where there is one."""
    hash: str
    """The hash of its text and of when it was asked for."""
    plan_hash: str | None
    """The plan on it."""


class WhatWaits(TypedDict):
    """What every task of every sprint waits for. Written by `tell_waits`."""

    waits: dict[str, dict[str, list[str]]]
    """The reasons by kickoff number and task id, the first one for the board."""
    reviews: dict[str, list[str]]
    """By kickoff number, the ids of the tasks that wait for a review."""
    ready: dict[str, list[str]]
    """By kickoff number, the ids of the tasks that wait for nothing but to be merged."""
    locked: NotRequired[dict[str, str]]
    """By kickoff number, which other installation keeps it from starting."""


class StatusWanted(TypedDict):
    """The commit status `caloron` of a pull request's head. Written by `tell_statuses`."""

    object: str
    """What it is on: `pull:<number>`."""
    kind: Literal["status"]
    number: int
    """The pull request."""
    sha: str
    """Its head."""
    state: Literal["pending", "success", "failure"]
    """Whether something is waited for, nothing but its turn, or it will not be merged."""
    description: str
    """What it waits for, in plain text."""
    link: str
    """The page that says more."""
    hash: str
    """The hash of all this."""


class NoteWanted(TypedDict):
    """The one comment of the bot on a task's issue that is to be written. Written by `tell_notes`."""

    object: str
    """What it is on: `issue:<number>`."""
    kind: Literal["note"]
    number: int
    """The task's issue."""
    body: str
    """Its text."""
    mark: Mark
    """What its hidden marker says."""
    comment_id: int | None
    """The comment that holds it, where there is one."""
    hash: str
    """The hash of its text."""


class MilestoneWanted(TypedDict):
    """A milestone of the forge for one of a sprint. Written by `tell_milestones`."""

    object: str
    """`milestone:<kickoff>:<hash of its title>`."""
    kind: Literal["milestone"]
    number: int
    """The kickoff."""
    title: str
    """Its title, by which it is found again."""
    description: str
    """What it is, where it must be made."""
    state: OpenOrClosed
    """Closed where all its tasks have ended."""
    issues: list[int]
    """The issues that are to be put into it: those that we did not put there yet."""
    mark: Mark
    """What its description's marker says."""
    hash: str
    """The hash of all this, with the issues that are in it."""


Wanted = LabelsWanted | BoardWanted | StatusWanted | NoteWanted | MilestoneWanted
"""What is to be seen on the forge and is not."""
