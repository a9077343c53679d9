"""Issues and pull requests as a forge writes them, as small as they can be."""

from typing import Any

WHO = {"login": "al", "id": 3}
TIMES = {"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}
ISSUE: dict[str, Any] = {
    "number": 9,
    "title": "t",
    "body": None,
    "state": "open",
    "user": WHO,
    "labels": [],
    "html_url": "u",
    **TIMES,
}
PULL: dict[str, Any] = ISSUE | {
    "merged": False,
    "merge_commit_sha": "7e57",
    "merged_by": None,
    "draft": False,
    "head": {"ref": "x", "sha": "c0ffee", "repo": None},
    "base": {"ref": "main"},
}
