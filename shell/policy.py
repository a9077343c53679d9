"""The policy of a repository: what its sprints are decided by, from the settings and the defaults."""

from typing import Any

from shell.settings import Settings

PROTECTED = tuple(
    """.github/** .gitea/** .forgejo/** .gitlab-ci.yml .woodpecker* .circleci/** Jenkinsfile .caloron.yml
    CODEOWNERS docs/CODEOWNERS AGENTS.md CLAUDE.md GEMINI.md .cursorrules .cursor/** .claude/**
    .mcp.json""".split()
)
"""CI files, our own file, agents' instruction files, owners: an agent changes none of them."""


def policy_for(settings: Settings, me: dict[str, Any], repo: dict[str, Any]) -> dict[str, Any]:
    """The defaults of `.caloron.yml` and what the settings say; `me` is our account on the forge."""
    return {
        "me": {"login": me["login"], "id": me["id"]},
        "merge": "on-approval",
        "parallel": 2,
        "stuck_retry_limit": 3,
        "stall_threshold_m": settings.stall_m,
        "missing_after_s": settings.missing_s,
        "cooldown_m": settings.cooldown_m,
        "time_limit_s": 3600,
        "framework": settings.framework,
        "protected_paths": list(PROTECTED),
        "reviewer": None,  # `{id, login}` of the reviewing account
    }
