"""Whether an agent's turn ended well, and if not, which kind of failure it was, in words."""

import signal

from shell.agent.acp import TurnEnded
from shell.agent.acp_failures import FailureKind
from shell.agent.egress.outside import Egress
from shell.agent.frameworks import Framework
from shell.agent.harness import Ended, Job
from shell.agent.outcome import AttemptEnded
from shell.secrets import mask


def judge(ended: Ended, framework: Framework, job: Job, egress: Egress | None, limit_s: float) -> None:
    """AttemptEnded unless its turn ended well, or it exited with 0; `limit_s` is that of the whole run."""
    if ended.how == "stopped":
        raise AttemptEnded("stopped", "The run was stopped while the agent was working.")
    if ended.how == "timeout":
        raise AttemptEnded("timeout", f"The agent was stopped at its time limit, {limit_s / 60:.4g} min.")
    if ended.how == "limit":
        raise AttemptEnded("limit", f"{ended.limit} It was stopped.")
    if job.conversation is not None and (turn := job.conversation.ended) is not None:
        _judge_turn(turn, framework, egress)
    elif ended.status or job.conversation is not None:
        last = (ended.errors or ended.tail).rpartition("\n")[2][-300:]
        reason = f"The agent ({framework.name}) {_how(ended)}{': ' + last if last else '.'}"
        refused = f" {egress.words()}" if egress else ""
        raise AttemptEnded("crashed" if _killed(ended) else "failed", f"{reason}{refused}".rstrip())


def _judge_turn(turn: TurnEnded, framework: Framework, egress: Egress | None) -> None:
    """AttemptEnded unless the turn ended well."""
    if turn.how == "done":
        return
    if turn.how == "cancelled":
        raise AttemptEnded("failed", f"The agent ({framework.name}) gave up its turn by itself.")
    words = mask(turn.reason).strip()[-500:] or "no reason given"
    sentences = [
        sentence(f"The agent ({framework.name}) {_FAILURES[turn.how]}: {words}"),
        egress.words() if egress else "",
        f"It needs a login: {framework.install}." if turn.how == "auth" else "",
    ]
    raise AttemptEnded(turn.how, " ".join(filter(None, sentences)))


_FAILURES: dict[FailureKind, str] = {
    "auth": "could not log in to its model",
    "quota": "has used up what its model allows",
    "overload": "found its model overloaded",
    "network": "could not reach its model",
    "refused": "was refused an answer by its model",
    "context_full": "has more text than its model can read",
    "limit": "stopped at a limit of its own",
    "crashed": "broke off the conversation",
    "failed": "failed",
}


def _killed(ended: Ended) -> bool:
    """Whether it or its guard was killed: by a person, or because memory ran out."""
    return ended.status < 0 or ended.status == 128 + signal.SIGKILL


def sentence(text: str) -> str:
    """With a full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _how(ended: Ended) -> str:
    if ended.status < 0:
        return "was killed"
    if ended.status > 128:
        return f"was terminated by signal {ended.status - 128}"
    return f"exited with status {ended.status}"
