"""Jobs of the forge's own CI: their state stands on a commit, and each has a log."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from bot.fake_forge import git
from bot.fake_forge.call import Call, current_world, route
from bot.fake_forge.state import Check, Job, Problem, Repository, Status
from bot.fake_forge.world import ForgeEvent, World

REPO = "/repos/<owner>/<name>"
STORED = "/_fake/logs"
storage = Blueprint("logs", __name__, url_prefix=STORED)


def finish_job(world: World, repository: Repository, sha: str, name: str, state: str, log: str) -> int:
    """A job ends on a commit as success or failure, and hooks are told of it; returns its number."""
    if git.resolve(repository.folder, sha) != sha:
        raise Problem(404, f"no commit {sha}")
    number = world.state.next_id("job")
    with repository.lock:
        repository.jobs[number] = Job(number, name, sha, state, log)
        if world.dialect.NAME == "github":
            _add_check(world, repository, repository.jobs[number])
        else:
            _add_status(world, repository, repository.jobs[number])
    return number


def _add_check(world: World, repository: Repository, job: Job) -> None:
    link = f"{world.url}/{repository.full_name}/actions/runs/{job.id}/job/{job.id}"
    check = Check(job.id, job.name, job.sha, "completed", job.state, app="github-actions", details_url=link)
    others = [one for one in repository.checks[job.sha] if one.name != job.name]
    repository.checks[job.sha] = [*others, check]
    world.emit(ForgeEvent("check", repository, repository.owner, more={"check": check}))


def _add_status(world: World, repository: Repository, job: Job) -> None:
    words = {"success": "Successful in 3s", "failure": "Failing after 3s"}[job.state]
    link = f"/{repository.full_name}/actions/runs/{job.id}/jobs/{job.id}"
    number = world.state.next_id("status")
    status = Status(number, job.state, job.name, words, link, repository.owner)
    repository.statuses[job.sha].append(status)
    about = git.commits(repository.folder, job.sha, limit=1)[0]
    more = {"status": status, "sha": job.sha, "about": about}
    world.emit(ForgeEvent("status", repository, repository.owner, more=more))


def add_job_calls(blueprint: Blueprint) -> None:
    """Add the calls that both dialects have."""

    @route(blueprint, "GET", f"{REPO}/actions/jobs/<int:number>", "user")
    def job(call: Call, number: int) -> dict[str, Any]:
        found = _job(call, number)
        shown = {"id": found.id, "run_id": found.id, "name": found.name, "head_sha": found.sha}
        return {**shown, "status": "completed", "conclusion": found.state}

    @route(blueprint, "GET", f"{REPO}/actions/jobs/<int:number>/logs", "user")
    def log(call: Call, number: int) -> Response:
        """Gitea answers with the log itself, GitHub with where its storage has it."""
        found = _job(call, number)
        if call.world.dialect.NAME == "github":
            elsewhere = call.world.url.replace("127.0.0.1", "localhost")
            link = f"{elsewhere}{STORED}/{call.repository.id}/{number}"
            return Response("", 302, {"Location": link})
        return Response(found.log, content_type="text/plain; charset=utf-8")


def _job(call: Call, number: int) -> Job:
    if (found := call.repository.jobs.get(number)) is None:
        raise Problem(404, "")
    return found


@storage.get("/<int:repository>/<int:number>")
def stored(repository: int, number: int) -> Response:
    """Another server: whoever sends it the forge's token gives that away."""
    if "Authorization" in request.headers:
        return Response("the token was sent to the storage", 400)
    every = current_world().state.repositories.values()
    [found] = [one.jobs[number] for one in every if one.id == repository and number in one.jobs]
    return Response(found.log, content_type="text/plain; charset=utf-8")
