"""An attempt through the real client, on a forge that speaks Gitea over HTTP."""

from bot.fake_forge import FakeForge
from shell.agent.paths import Paths
from shell.agent.run import run_attempt
from shell.forge.gitea import GiteaForge

from .disk_forge import SPEC, Stage, Witness


def test_an_attempt_on_a_forge_that_speaks_gitea(stage: Stage) -> None:
    with FakeForge(dialect="gitea") as forge:
        forge.add_user("alice")
        token = forge.add_user("caloron")
        forge.add_repository("alice/shop", collaborators={"caloron": "write"}, private=True)
        client = GiteaForge(forge.url, token)
        spec = SPEC | {"repo": "alice/shop", "clone_url": client.clone_url("alice/shop")}
        first = run_attempt(spec, client, Paths(stage.home, stage.environment), Witness())
        assert first["outcome"] == "done", first
        assert first["pr_number"]
        pull = client.pull("alice/shop", first["pr_number"])
        assert (pull["head"]["ref"], pull["head"]["sha"]) == (spec["branch"], first["head_sha"])
        assert pull["author"] == "caloron"
        again = run_attempt(
            spec | {"prompt": "Task: t1\nRound: 2", "attempt": 2},
            client,
            Paths(stage.home, stage.environment),
            Witness(),
        )
        assert (again["outcome"], again["pr_number"]) == ("done", first["pr_number"])
