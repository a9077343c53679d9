"""Gitea's labels: addressed by number, duplicate names allowed, unknown names ignored."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from shell.errors import Refused
from shell.forge.common_read import Raw, read_issue
from shell.forge.protocol import Issue
from shell.forge.rest_forge import RestForge

_GREY = "ededed"


class GiteaLabels(RestForge):
    """The verbs for labels."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, int]] = {}

    def set_labels(self, repo: str, number: int, add: Iterable[str], remove: Iterable[str]) -> list[str]:
        """Reads the current labels, then writes as little as possible; returns the names there now."""
        path = f"/repos/{repo}/issues/{number}/labels"
        current = {int(raw["id"]): str(raw["name"]) for raw in self.api.get(path)}
        new = [name for name in dict.fromkeys(add) if name not in current.values()]
        gone = set(remove) & set(current.values())
        stay = {label: name for label, name in current.items() if name not in gone}
        if gone and (new or len(current) - len(stay) > 1):
            return self._send(repo, "PUT", path, stay, new)
        if new:
            return self._send(repo, "POST", path, {}, new)
        if gone:
            self._gone(f"{path}/{next(label for label in current if label not in stay)}", also=(422,))
        return list(dict.fromkeys(stay.values()))

    def _send(
        self, repo: str, method: str, path: str, stay: Iterable[int], new: list[str], again: bool = True
    ) -> list[str]:
        """Write labels; Gitea silently ignores the number of a deleted one, so the answer is checked."""
        numbers = [*stay, *self._ids(repo, new)]
        now = [str(raw["name"]) for raw in self.api.send(method, path, {"labels": numbers})]
        if again and not set(new) <= set(now):
            self._known.pop(repo, None)
            return self._send(repo, method, path, stay, new, again=False)
        return list(dict.fromkeys(now))

    def make_labels(self, repo: str, labels: Iterable[Mapping[str, str]]) -> None:
        """Create the labels that the repository lacks; the caller holds a lock: Gitea allows duplicates."""
        known = self._read(repo)
        for label in labels:
            if label["name"] not in known:
                known[label["name"]] = self._make(repo, **label)

    def issues_with_label(self, repo: str, label: str, state: str = "all") -> list[Issue]:
        """The issues and pull requests that carry a label."""
        # an unknown name is no filter at all, and of two labels of one name only one is found
        ids = [raw["id"] for raw in self._labels(repo) if raw["name"] == label]
        if not ids:
            return []
        narrow = {"labels": label} if len(ids) == 1 else {}
        found = self._list(f"/repos/{repo}/issues", state=state, **narrow)
        issues = [read_issue(raw) for raw in found]
        return [issue for issue in issues if label in issue["labels"]]

    def _ids(self, repo: str, names: Iterable[str]) -> list[int]:
        """The numbers of these names; missing labels are created, as GitHub does."""
        known = self._known.get(repo, {})
        if not all(name in known for name in names):
            known = self._read(repo)
        return [known[name] if name in known else self._make(repo, name) for name in names]

    def _read(self, repo: str) -> dict[str, int]:
        """The numbers by name; of duplicates, the older one's."""
        elder: dict[str, int] = {}
        for raw in sorted(self._labels(repo), key=lambda raw: raw["id"], reverse=True):
            elder[raw["name"]] = raw["id"]
        self._known[repo] = elder
        return elder

    def _labels(self, repo: str) -> list[Raw]:
        return [*self._list(f"/repos/{repo}/labels"), *self._labels_of_organisation(repo)]

    def _labels_of_organisation(self, repo: str) -> Iterator[Raw]:
        owner = quote(repo.split("/")[0], safe="")
        try:
            yield from self._list(f"/orgs/{owner}/labels")
        except Refused as refusal:
            if refusal.status not in (403, 404):  # the owner is a person, or the token may not ask
                raise

    def _make(self, repo: str, name: str, color: str = _GREY, description: str = "", **_: Any) -> int:
        label = {"name": name, "color": f"#{color.lstrip('#')}", "description": description}
        made: int = self.api.send("POST", f"/repos/{repo}/labels", label)["id"]
        self._known.setdefault(repo, {})[name] = made
        return made
