"""An attempt from the first fetch to the pull request, on real git repositories."""

from conftest import Stage


def test_a_change_becomes_a_commit_on_the_branch_and_a_pull_request(stage: Stage) -> None:
    stage.answers({"match": "Task: t1", "files": {"docs/hello.md": "hello\n"}, "output": "done"})
    result = stage.run()
    assert result["outcome"] == "done", result
    assert (result["changed"], result["pr_number"]) == (["docs/hello.md"], 7)
    assert result["head_sha"] == stage.forge.head("agent/s-1/t1")
    assert stage.forge.text("docs/hello.md") == "hello"
    assert stage.forge.pulls == [
        {"number": 7, "title": "Say hello", "body": "Closes #3", "head": "agent/s-1/t1", "base": "main"}
    ]
