"""The agents that speak the protocol, each with what makes it differ from the others."""

from shell.agent.acp import Profile
from shell.agent.acp_failures import codex_failure

_CLAUDE_MESSAGES = [{"type": "system", "subtype": "api_retry"}, {"type": "result"}]

CLAUDE = Profile(
    mode="bypassPermissions",
    steering="inject",
    resumes=True,
    session_meta={"claudeCode": {"emitRawSDKMessages": _CLAUDE_MESSAGES}},
)
"""Its default mode asks a model of its own for permission, and blocks commands in silence."""

CODEX = Profile(steering="inject", resumes=True, failure=codex_failure)
"""Its mode is set by INITIAL_AGENT_MODE: in its usual one a second model decides what it may do."""

GEMINI = Profile(mode="yolo", model="variable", noise=("[MODE_UPDATE]",))
"""A second prompt would cancel the first one, so words wait for the next turn."""

OPENCODE = Profile(steering="prompt", resumes=True)

ANY = Profile()
"""An agent that nobody has measured: it is asked for permission, and told things only in its next turn."""
