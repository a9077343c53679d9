"""The hostile corpus on a real Gitea: what it shows of it, and what it does of its own accord."""

import re
import time
from base64 import b64encode
from typing import Any

import pytest
import requests

from shell.neutralize import as_code, as_text, as_title
from tests.stages.test_words_of_others import TEXTS

pytestmark = pytest.mark.gitea
LINK = re.compile(
    r"<a |<img|<h\d|<table|<pre|<blockquote|<input|<del>|<em>|<strong>|<dl>|language-math|<script"
)
RAW = "@bob #1 !1 http://evil.test [[x|http://evil.test]] bob@evil.test"


class Repository:
    """A public repository of the bot's with issues that others' words may be after."""

    def __init__(self, server: dict[str, Any]) -> None:
        self.url, token = server["url"], server["users"]["bot"]["token"]
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"token {token}"
        self.post("/user/repos", name="words", auto_init=True)
        for number in range(1, 8):
            self.post("/repos/bot/words/issues", title=f"Issue {number}")

    def post(self, path: str, **body: Any) -> Any:
        answer = self.http.post(f"{self.url}/api/v1{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        return self.http.get(f"{self.url}/api/v1/repos/bot/words{path}").json()

    def shown(self, *texts: str) -> str:
        """How the page of an issue shows a comment."""
        text = "\n".join(f"- {text}" for text in texts)
        written = self.post("/repos/bot/words/issues/1/comments", body=text)["id"]
        page = requests.get(f"{self.url}/bot/words/issues/1").text.split(f'id="issuecomment-{written}"')[1]
        return page.split('class="render-content markup"')[1].split("</div>")[0]


@pytest.fixture(scope="module")
def repository(gitea_server: dict[str, Any]) -> Repository:
    return Repository(gitea_server)


def test_gitea_makes_nothing_of_them_in_a_comment(repository: Repository) -> None:
    assert repository.shown(RAW).count("<a ") == 6
    texts = [as_text(text) for text in TEXTS.values()]
    page = repository.shown(*(text for text in texts if len(text) < 500))
    assert page.count("<li>") == sum(len(text) < 500 for text in texts) and not LINK.findall(page)
    assert "<!--" not in page


def test_gitea_makes_nothing_of_them_in_code(repository: Repository) -> None:
    texts = [code for text in TEXTS.values() if len(text) < 500 and (code := as_code(text))]
    page = repository.shown(*texts)
    assert page.count("<code>") == len(texts) and not LINK.findall(page)


def test_gitea_closes_nothing_by_a_commit_that_they_name(repository: Repository) -> None:
    message = "\n".join(as_title(text) for text in TEXTS.values())
    commit(repository, "a", message)
    commit(repository, "b", "fixes #7")
    end = time.monotonic() + 60
    while repository.get("/issues/7")["state"] == "open":  # it closes them after the push was answered
        assert time.monotonic() < end
        time.sleep(0.1)
    numbers = {issue["number"] for issue in repository.get("/issues?state=open")}
    assert numbers == {1, 2, 3, 4, 5, 6}


def commit(repository: Repository, name: str, message: str) -> None:
    content = b64encode(name.encode()).decode()
    repository.post(f"/repos/bot/words/contents/{name}", content=content, message=message)
