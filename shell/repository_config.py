"""The keys of `.caloron.yml`, each declared once: what it may be, what it sets, and what holds without it."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypedDict, cast, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)  # fmt: skip
from pydantic.fields import FieldInfo

from shell.agent.egress.hosts import PUBLIC_NAMES, public_names
from shell.agent.frameworks import FRAMEWORKS
from shell.agent.handed_in import NAME
from shell.agent.mcp import server_address
from shell.agent.path_rules import FLOOR
from shell.budget import budget_of
from shell.event import LARGEST_ID
from shell.settings import Settings

if TYPE_CHECKING:
    from stages.world import Config, OrganisationConfig, RepositoryPolicy, RepositoryValues

FILE = ".caloron.yml"
SCHEMA_FILE = "caloron.schema.json"
ORGANISATION = ".caloron"
"""The repository of an owner whose file holds the defaults for all of theirs."""
KNOWN, OTHER = "(a known one)", "(any other)"
"""Name the two kinds of a framework where one is wrong; they are no keys of the file."""


@dataclass(frozen=True)
class Sets:
    """What a key of the file does: which key of the policy it sets, and what holds without it."""

    policy: str
    type: str
    """The type of that, as `stages/world.py` declares it."""
    default: Callable[[Settings], Any]
    shown: str
    """The default, for the docs."""
    combine: Callable[[Any, Any], Any] = lambda default, value: value
    setting: str = ""
    """The operator's setting that the default comes from, as `Settings` names its field."""
    part: Callable[[Any], Any] = lambda value: value
    """What of the file's value it is, where one value sets several keys; None: nothing."""
    join: Callable[[Any, Any], Any] = lambda below, own: own
    """What the organisation's value and the repository's own come to together."""


def _keys_of_both(below: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {**below, **own}


def _all_of_both(below: list[Any], own: list[Any]) -> list[Any]:
    return list(dict.fromkeys([*below, *own]))


def _names_of_both(below: list[Any], own: list[Any]) -> list[Any]:
    return [*{one["name"]: one for one in [*below, *own]}.values()]


JOINS = (_keys_of_both, _all_of_both, _names_of_both)
"""The ways in which the organisation's value counts beside the repository's own."""


_ENDLESS_S = 1e12
_LONGEST_M = 525_600.0
"""A year, in minutes."""
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:(s)(?:ec(?:onds?)?)?|(m)(?:in(?:utes?)?)?|(h)(?:ours?)?)\s*")


def _duration(number_means: Literal["s", "m"], gives: Literal["s", "m"]) -> Any:
    """A duration like `45 min`, as the policy has it; a bare number is in the key's own unit."""

    def read(value: Any) -> Any:
        if isinstance(value, str) and (found := _DURATION.fullmatch(value)):
            unit = next(letter for letter in found.groups()[1:] if letter)
            return float(found[1]) * _SECONDS[unit] / _SECONDS[gives]
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _ENDLESS_S:
            return value * _SECONDS[number_means] / _SECONDS[gives]
        raise ValueError("should be a duration such as `90 s`, `45 min` or `1.5 h`")

    text = {"type": "string", "pattern": f"^{_DURATION.pattern}$"}
    return BeforeValidator(read), WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, text]})


def _framework(name: Any) -> Any:
    if name not in list(FRAMEWORKS):
        known = ", ".join(FRAMEWORKS)
        raise ValueError(
            f"should be one of {known}, or `{{acp: command}}` for any other agent that speaks the Agent "
            f"Client Protocol{_did_you_mean(str(name))}"
        )
    return name


def _did_you_mean(word: str) -> str:
    close = get_close_matches(word, FRAMEWORKS, 1)
    return f"; did you mean `{close[0]}`?" if close else ""


Variable = Annotated[str, Field(pattern=f"^{NAME}$")]
"""The name of a variable of the operator's environment."""
Model = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$", max_length=200)]
"""The name of a model, as a framework takes it."""
_REVIEWER = r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$"
_PUBLIC_NAMES = {"type": "string", "pattern": f"^{PUBLIC_NAMES}$"}


def _budget(given: str | int | None) -> Any:
    """As the policy has it; a bare number is one of tokens."""
    if given is None:
        return None
    budget = budget_of(str(given))
    return {"amount": budget.amount, "unit": budget.unit}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Pipeline(_Section):
    """How a sprint is worked through."""

    parallel: Annotated[
        int | None,
        Field(ge=1, le=64, description="how many agents of a sprint work at the same time"),
        Sets(
            "parallel",
            "int",
            lambda settings: max(2, settings.agents),
            "2, or `CALORON_AGENTS` where that is more",
            setting="agents",
        ),
    ] = None
    milestones: Annotated[
        Literal["ask", "auto"] | None,
        Field(description="whether people are asked before the next milestone begins (`/next`)"),
        Sets("milestones", "MilestoneMode", lambda settings: "ask", "`ask`"),
    ] = None
    default: Annotated[
        Literal["quick", "standard"] | None,
        Field(
            description="how a sprint is worked through where `/plan --pipeline` does not say it; `quick`: "
            "`review.reviewers` are not asked, one approval is enough as ever, and a task that names no "
            "`complexity:` is `quick`"
        ),
        Sets("pipeline", "PipelineKind", lambda settings: "standard", "`standard`"),
    ] = None


def _command(text: str) -> list[str]:
    """A command line as its words; the program is looked up where the agents run, so it is a bare name."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"is no command line: {str(error).lower()}") from None
    if not words or not _PROGRAM.fullmatch(words[0]) or not text.isprintable():
        raise ValueError(
            "should be a command line whose first word is the name of a program on PATH, such as `qwen --acp`"
        )
    return words


_PROGRAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")


class OwnAgent(_Section):
    """Any other agent that speaks the Agent Client Protocol."""

    acp: Annotated[
        str,
        Field(
            max_length=500,
            description="the command that starts it: a program on the PATH of agents, and its arguments",
        ),
        AfterValidator(_command),
    ]
    env: Annotated[
        list[Variable],
        Field(max_length=50, description="names of variables that it gets, as in `agents.env`"),
    ] = []


def _kind_of_framework(given: Any) -> str:
    return OTHER if isinstance(given, dict | OwnAgent) else KNOWN


_Known = Annotated[str, BeforeValidator(_framework), WithJsonSchema({"enum": list(FRAMEWORKS)}), Tag(KNOWN)]


def _own_agent(given: str | OwnAgent) -> Any:
    """As the policy has it."""
    return {"command": given.acp, "env": given.env} if isinstance(given, OwnAgent) else None


class McpServer(_Section):
    """A server of tools for agents (Model Context Protocol): a command, or an address."""

    command: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            pattern=r"^[^\s-]\S*$",
            description="what starts it in the agent's folder: a program on the PATH of agents, or a path in "
            "the repository",
        ),
    ] = None
    args: Annotated[
        list[Annotated[str, Field(max_length=2000)]], Field(max_length=50, description="its arguments")
    ] = []
    env: Annotated[
        list[Variable],
        Field(max_length=50, description="names of variables that it gets, as in `agents.env`"),
    ] = []
    url: Annotated[
        str | None,
        Field(
            max_length=500,
            description="where it is; a public host at the port of HTTPS, or one that the "
            "operator lists in `CALORON_EGRESS`",
        ),
        AfterValidator(lambda url: None if url is None else server_address(url)),
    ] = None
    type: Annotated[
        Literal["http", "sse"] | None, Field(description="how it is reached; `http` if not given")
    ] = None
    headers: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")], Variable],
        Field(
            max_length=20,
            description="headers of its requests, each with the name of the variable that holds its value",
        ),
    ] = {}

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("should have either a `command` or a `url`")
        if self.command is None and (self.args or self.env):
            raise ValueError("has a `url`, to which `args` and `env` do not belong")
        if self.url is None and (self.type or self.headers):
            raise ValueError("has a `command`, to which `type` and `headers` do not belong")
        return self


def _servers(servers: dict[str, McpServer] | None) -> Any:
    """As the policy has them."""
    return servers and [
        {
            "name": name,
            "type": "stdio" if one.command else one.type or "http",
            "command": [one.command, *one.args] if one.command else [],
            "env": one.env,
            "url": one.url or "",
            "headers": one.headers,
        }
        for name, one in servers.items()
    ]


class Agents(_Section):
    """Who does the tasks, and for how long."""

    framework: Annotated[
        Annotated[_Known | Annotated[OwnAgent, Tag(OTHER)], Discriminator(_kind_of_framework)] | None,
        Field(
            description="the framework of the agents, where a task names none; or `{acp: command, env: "
            "[names]}`, any other agent that speaks the Agent Client Protocol"
        ),
        Sets(
            "framework",
            "str",
            lambda settings: settings.framework,
            "`CALORON_FRAMEWORK`",
            setting="framework",
            part=lambda given: given if isinstance(given, str) else "acp",
        ),
        Sets("acp", "AcpAgent | None", lambda settings: None, "", part=_own_agent),
    ] = None
    model: Annotated[
        Model | None,
        Field(
            description="the model of the agents, as their framework names it; a task's own `model:` and "
            "`/retry --model` win, and a task that names another framework gets that one's"
        ),
        Sets("model", "str | None", lambda settings: None, "the framework's own"),
    ] = None
    models: Annotated[
        dict[Literal["trivial", "quick", "standard", "complex"], Model] | None,
        Field(
            description="the model by a task's `complexity:`, which is its pipeline's where it names none; "
            "wins over `agents.model`"
        ),
        Sets("models", "dict[str, str]", lambda settings: {}, "none", join=_keys_of_both),
    ] = None
    network: Annotated[
        list[Annotated[str, BeforeValidator(public_names), WithJsonSchema(_PUBLIC_NAMES)]] | None,
        Field(
            max_length=100,
            description="public hosts that agents may reach, too: `a.example.org`, `*.example.org`",
        ),
        Sets("network", "list[str]", lambda settings: [], "none"),
    ] = None
    env: Annotated[
        list[Variable] | None,
        Field(
            max_length=50,
            description="names of variables of the bot's machine that agents get; only those that the "
            "operator lists in `CALORON_AGENT_ENV`",
        ),
        Sets("env", "list[str]", lambda settings: [], "none"),
    ] = None
    setup: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=2000)]] | None,
        Field(
            max_length=20,
            description="commands that install what the work needs; run once for the same commands and "
            "files, in a checkout of the base, and given to each run as a copy",
        ),
        Sets("setup", "list[str]", lambda settings: [], "none"),
    ] = None
    mcp: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")], McpServer] | None,
        Field(
            max_length=20,
            description="MCP servers for agents, by name; each with `command`, `args`, `env`, or with `url`, "
            "`type`, `headers`; no effect on aider, anthropic and stub",
        ),
        AfterValidator(_servers),
        Sets("mcp", "list[McpServer]", lambda settings: [], "none", join=_names_of_both),
    ] = None
    time_limit: Annotated[
        float | None,
        Field(ge=60, le=24 * 3600, description="an agent's run is ended after this time"),
        *_duration("m", "s"),
        Sets("time_limit_s", "float", lambda settings: 3600, "60 min"),
    ] = None
    max_unreviewed: Annotated[
        int | None,
        Field(
            ge=1,
            le=64,
            description="no task is begun while so many pull requests of its sprint are in review; also "
            "those that are held, or whose checks are red, count; rework goes on",
        ),
        Sets("max_unreviewed", "int", lambda settings: 3, "3"),
    ] = None


class Merge(_Section):
    """When a pull request is merged."""

    mode: Annotated[
        Literal["on-approval", "manual"] | None,
        Field(
            description="what a merge waits for; `on-approval`: someone with write permission approved it "
            "and its checks are green; `manual`: also waits for `/merge` by someone with maintain permission"
        ),
        Sets("merge", "MergeMode", lambda settings: "on-approval", "`on-approval`"),
    ] = None
    style: Annotated[
        Literal["merge", "squash", "rebase", "rebase-merge"] | None,
        Field(description="how a pull request is merged; where the forge does not allow that, it waits"),
        Sets(
            "merge_style",
            "MergeStyle | None",
            lambda settings: None,
            "the repository's own default, else the first that it allows",
        ),
    ] = None
    update: Annotated[
        Literal["always", "needed"] | None,
        Field(
            description="when the base is merged into a pull request; `needed`: where it does not merge "
            "otherwise; `always`: before each merge, where it is behind, and its checks run again"
        ),
        Sets("merge_update", "MergeUpdate", lambda settings: "needed", "`needed`"),
    ] = None
    checks: Annotated[
        Literal["required", "known", "all"] | None,
        Field(
            description="which checks must be green before a merge; `required`: those that the branch "
            "protection requires; `known`: also those that reported on the base's head and are not red "
            "there, all where none did; `all`: whatever reported on the pull request's head"
        ),
        Sets("merge_checks", "MergeChecks", lambda settings: "known", "`known`"),
    ] = None
    checks_settle: Annotated[
        float | None,
        Field(
            ge=0,
            le=24 * 3600,
            description="work whose checks ended red and stay so for this long goes back to its agent; so "
            "long a new head waits for the checks that the one before it had, or else the base",
        ),
        *_duration("s", "s"),
        Sets("checks_settle_s", "float", lambda settings: 60.0, "60 s"),
    ] = None


class Gates(_Section):
    """What waits for a person's yes."""

    plan: Annotated[
        Literal["required", "auto"] | None,
        Field(
            description="`required`: a plan starts with `/approve`; `auto`: as with `/plan --auto`, one of "
            "the asker's own text starts at once"
        ),
        Sets("plan_gate", "Gate", lambda settings: "required", "`required`"),
    ] = None
    next: Annotated[
        Literal["required", "auto"] | None,
        Field(
            description="`required`: the next milestone begins with `/next`; `auto`: by itself, as with "
            "`pipeline.milestones: auto`"
        ),
        Sets("next_gate", "Gate", lambda settings: "required", "`required`"),
    ] = None


class Review(_Section):
    """Who is asked to review."""

    reviewers: Annotated[
        list[Annotated[str, Field(pattern=_REVIEWER, max_length=150)]] | None,
        Field(
            max_length=15,
            description="who is asked for a review of each new pull request; logins, and teams as "
            "`organisation/team`; the forge itself asks those whom CODEOWNERS names",
        ),
        Sets("reviewers", "list[str]", lambda settings: [], "none"),
    ] = None
    rounds: Annotated[
        int | None,
        Field(
            ge=1,
            le=50,
            description="after so many rounds of changes that reviews asked for, the next one asks a person; "
            "`/retry` begins to count again",
        ),
        Sets("review_rounds", "int", lambda settings: 3, "3"),
    ] = None


_RIGHTS = ("none", "read", "write", "maintain", "admin")


def _raised(asked: dict[str, str] | None, info: ValidationInfo) -> dict[str, str] | None:
    """Only commands that act, and only a right that is no lower than the command's own."""
    own: Mapping[str, str] = (info.context or {}).get("rights", {})
    for name, right in (asked or {}).items() if own else ():
        if name not in own:
            close = get_close_matches(name, own, 1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            raise ValueError(f"should name commands; `{name}` is none that acts here{hint}")
        if _RIGHTS.index(right) < _RIGHTS.index(own[name]):
            raise ValueError(f"may only ask for more; `/{name}` needs {own[name]} already")
    return asked


class Commands(_Section):
    """How commands are given, and by whom."""

    prefix: Annotated[
        Literal["optional", "required"] | None,
        Field(
            description="`required`: only what begins with `/caloron` is a command, as in `/caloron plan`; "
            "bare `/plan` is left to others"
        ),
        Sets("command_prefix", "CommandPrefix", lambda settings: "optional", "`optional`"),
    ] = None
    minimum: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,29}$")], Literal["write", "maintain"]] | None,
        Field(
            max_length=50,
            description="what a command takes at least, by its name: `{skip: maintain}`; only more than it "
            "takes by itself",
        ),
        AfterValidator(_raised),
        Sets("command_minimum", "dict[str, Right]", lambda settings: {}, "none", join=_keys_of_both),
    ] = None
    bots: Annotated[
        list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] | None,
        Field(
            max_length=50,
            description="other bots that may give commands, by the number of their account; each needs the "
            "command's right, and none of them approves or merges anything",
        ),
        Sets("command_bots", "list[int]", lambda settings: [], "none"),
    ] = None


class Trailers(_Section):
    """Lines that end the message of a commit."""

    assisted_by: Annotated[
        bool | None,
        Field(description="whether commits of agents' work name framework and model; as `Assisted-by`"),
        Sets("assisted_by", "bool", lambda settings: True, "true"),
    ] = None


class Commits(_Section):
    """How agents' work is committed."""

    sign_off: Annotated[
        bool | None,
        Field(description="whether commits of agents' work are signed off by their committer"),
        Sets("sign_off", "bool", lambda settings: False, "false"),
    ] = None
    trailers: Trailers | None = None
    style: Annotated[
        Literal["conventional", "plain"] | None,
        Field(
            description="what titles of pull requests and commits are like; `conventional`: "
            "`feat: add a page`, and agents are told so; `plain`: the task's title"
        ),
        Sets("commit_style", "CommitStyle", lambda settings: "plain", "`plain`"),
    ] = None


class Budgets(_Section):
    """What the agents may use: tokens (`500k`, `5M`) or US dollars (`$20`)."""

    task: Annotated[
        str | int | None,
        Field(description="at this much no further agent of a task starts"),
        AfterValidator(_budget),
        Sets("budget_task", "Budget | None", lambda settings: None, "none"),
    ] = None
    sprint: Annotated[
        str | int | None,
        Field(description="at this much no further agent of a sprint starts"),
        AfterValidator(_budget),
        Sets("budget_sprint", "Budget | None", lambda settings: None, "none"),
    ] = None
    day: Annotated[
        str | int | None,
        Field(description="at this much no further agent of this repository starts until 00:00 UTC"),
        AfterValidator(_budget),
        Sets("budget_day", "Budget | None", lambda settings: None, "none"),
    ] = None


class Supervisor(_Section):
    """What happens when an agent is silent or fails. The times may only be shorter than the operator's."""

    stall: Annotated[
        float | None,
        Field(gt=0, le=_LONGEST_M, description="an agent that is silent for this long is stalled"),
        *_duration("m", "m"),
        Sets(
            "stall_threshold_m",
            "float",
            lambda settings: settings.stall_m,
            "`CALORON_STALL_M` (20 min)",
            min,
            setting="stall_m",
        ),
    ] = None
    missing: Annotated[
        float | None,
        Field(gt=0, le=60 * _LONGEST_M, description="a new agent must show a sign of life within this time"),
        *_duration("s", "s"),
        Sets(
            "missing_after_s",
            "float",
            lambda settings: settings.missing_s,
            "`CALORON_MISSING_S` (120 s)",
            min,
            setting="missing_s",
        ),
    ] = None
    cooldown: Annotated[
        float | None,
        Field(ge=0, le=_LONGEST_M, description="the time between two steps of the ladder"),
        *_duration("m", "m"),
        Sets(
            "cooldown_m",
            "float",
            lambda settings: settings.cooldown_m,
            "`CALORON_COOLDOWN_M` (10 min)",
            min,
            setting="cooldown_m",
        ),
    ] = None
    retries: Annotated[
        int | None,
        Field(ge=0, le=20, description="how often an agent is helped before a person is asked"),
        Sets("stuck_retry_limit", "int", lambda settings: 3, "3"),
    ] = None


class VerifyStep(_Section):
    """One command that tells whether an agent's work is good."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$",
            description="its status on the commit is `caloron/<name>`",
        ),
    ]
    run: Annotated[
        str, Field(min_length=1, max_length=2000, description="what a shell runs in the repository's folder")
    ]
    timeout: Annotated[
        float,
        Field(ge=1, le=6 * 3600, description="it is ended after this time; 10 min if not given"),
        *_duration("m", "s"),
    ] = 600.0


def _steps(steps: list[VerifyStep] | None) -> Any:
    """As the policy has them; their names differ."""
    names = [step.name.casefold() for step in steps or []]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"should have each name once; `{twice}` is there twice")
    return steps and [{"name": one.name, "run": one.run, "timeout_s": one.timeout} for one in steps]


class RepositoryConfig(_Section):
    """The whole file. Every key acts; one that would not is not here."""

    pipeline: Pipeline | None = None
    agents: Agents | None = None
    merge: Merge | None = None
    review: Review | None = None
    gates: Gates | None = None
    commands: Commands | None = None
    commits: Commits | None = None
    budget: Budgets | None = None
    supervisor: Supervisor | None = None
    verify: Annotated[
        list[VerifyStep] | None,
        Field(
            max_length=20,
            description="commands (`name`, `run`, `timeout`) that must succeed before an agent's work is "
            "proposed; in order; then they are run on a clean checkout of the commit",
        ),
        AfterValidator(_steps),
        Sets("verify", "list[VerifyStep]", lambda settings: [], "none"),
    ] = None
    protected_paths: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=500)]] | None,
        Field(
            max_length=200,
            description="paths that agents must not change, beside those always protected; what people "
            "change there is merged with an approval by someone with maintain permission",
        ),
        Sets(
            "protected_paths",
            "list[str]",
            lambda settings: list(FLOOR),
            "CI, hooks, submodules, editors' settings, this file, CODEOWNERS, agents' instruction files",
            lambda floor, more: [*floor, *(path for path in more if path not in floor)],
            join=_all_of_both,
        ),
    ] = None


def _keys(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo, Sets]]:
    for name, field in model.model_fields.items():
        found = [item for item in field.metadata if isinstance(item, Sets)]
        for sets in found:
            yield above + name, field, sets
        if not found:
            yield from _keys(_section_of(field), f"{above}{name}.")


def _section_of(field: FieldInfo) -> type[BaseModel]:
    [section] = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    return section  # type: ignore[no-any-return]  # every field without `Sets` is a section


KEYS = tuple(_keys(RepositoryConfig))
"""Every key by its dotted name, in the order of the file, with its field and what it sets."""
NAMES = (
    *dict.fromkeys(name for name, _, _ in KEYS),
    *(f"agents.framework.{name}" for name in OwnAgent.model_fields),
    *(f"agents.mcp.*.{name}" for name in McpServer.model_fields),
    *(f"verify.{name}" for name in VerifyStep.model_fields),
)
"""The dotted names of all keys, those of a list's items too."""


def merged(below: "RepositoryValues", own: "RepositoryValues") -> "RepositoryValues":
    """The organisation's values beneath the repository's own, key by key of the file.

    A key that the repository sets replaces the organisation's; a mapping has the keys of both, and protected
    paths add up.
    """
    theirs: Mapping[str, Any] = below
    ours: Mapping[str, Any] = own
    replaced = {name for name, _, sets in KEYS if sets.policy in ours}
    found = {
        sets.policy: theirs[sets.policy]
        for name, _, sets in KEYS
        if sets.policy in theirs and name not in replaced
    }
    for _, _, sets in KEYS:
        if sets.policy in ours:
            value = ours[sets.policy]
            found[sets.policy] = sets.join(theirs[sets.policy], value) if sets.policy in theirs else value
    return cast("RepositoryValues", found)


def effective(settings: Settings, values: "RepositoryValues") -> "RepositoryPolicy":
    """The policy's keys that the file may set: what it says, and else the operator's or our default."""
    given: Mapping[str, object] = values
    policy = {}
    for _, _, sets in KEYS:
        default = sets.default(settings)
        policy[sets.policy] = sets.combine(default, given[sets.policy]) if sets.policy in given else default
    return cast("RepositoryPolicy", policy)


class ExplainedKey(TypedDict):
    """One key of the file as it is in effect."""

    key: str
    value: Any
    source: str


def explained(
    settings: Settings, own: "Config | None", beneath: "OrganisationConfig | None"
) -> list[ExplainedKey]:
    """Every key with its effective value and where that comes from."""
    ours: RepositoryValues = own["values"] if own else {}
    theirs: RepositoryValues = beneath["defaults"] if beneath else {}
    given: Mapping[str, Any] = merged(theirs, ours)
    values: Mapping[str, Any] = effective(settings, merged(theirs, ours))
    rows = dict[str, ExplainedKey]()
    for name, _, sets in KEYS:
        if name in rows and values[sets.policy] is None:
            continue
        places = [f"{FILE}{_line_of(own, name)}"] if own and sets.policy in ours else []
        if beneath and sets.policy in theirs and (not places or sets.join in JOINS):
            places.append(f"{FILE}{_line_of(beneath, name)} of {beneath['held_in']}")
        operator = origins(settings).get(sets.policy, "default")
        source = " and ".join(places) or operator
        if places and sets.combine is min and values[sets.policy] != given[sets.policy]:
            source = f"{operator}; {source} may only shorten it"
        rows[name] = {"key": name, "value": values[sets.policy], "source": source}
    return [*rows.values()]


def _line_of(config: "Config | OrganisationConfig", name: str) -> str:
    line = config.get("lines", {}).get(name)
    return f":{line}" if line else ""


@cache
def json_schema() -> str:
    """The JSON Schema of the file, for editors."""
    made = RepositoryConfig.model_json_schema()
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": FILE}
    return json.dumps(named, indent=2)


def origins(settings: Settings) -> dict[str, str]:
    """The policy's keys whose default the operator set → the name of that setting."""
    given = settings.model_fields_set
    return {
        sets.policy: str(Settings.model_fields[sets.setting].validation_alias)
        for _, _, sets in KEYS
        if sets.setting in given and sets.default(settings) == getattr(settings, sets.setting)
    }
