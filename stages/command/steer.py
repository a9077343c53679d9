"""`/status`, `/stop`, `/retry`, `/skip`: what they mean for the sprint or task of their thread."""

from typing import Any, TypedDict

NAME = "command_steer"


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


STOPPABLE = ("Proposed", "Planning", "AwaitingApproval", "Approved", "Running", "Paused")


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    match event["name"]:
        case "status":
            return status(state, event, input["now"])
        case "stop":
            return stop(state, event)
        case _:
            return steer_task(state, event)


def status(state: dict[str, Any], event: dict[str, Any], now: str) -> Output:
    """The board is drawn anew, whatever was shown."""
    kickoff = kickoff_of(state, event["where"]["number"])
    if kickoff is None:
        return no(state, event, "There is no sprint on this thread. Say `/plan` on the issue with the goal.")
    number = str(kickoff["number"])
    kickoff = {**kickoff, "asked_status_at": now}
    link = f"The board is on #{number}."
    elsewhere = event["where"]["number"] != kickoff["number"]
    said = (
        [*react(event, "rocket"), comment(event, link)]
        if elsewhere
        else acted(event, "The board is up to date.")
    )
    state = {**state, "kickoffs": {**state["kickoffs"], number: kickoff}}
    return {"state": state, "actions": said, "events": []}


def kickoff_of(state: dict[str, Any], number: int) -> dict[str, Any] | None:
    if str(number) in state["kickoffs"]:
        kickoff: dict[str, Any] = state["kickoffs"][str(number)]
        return kickoff
    if task_of(state, number) is not None and state.get("running") is not None:
        return dict(state["kickoffs"][str(state["running"])])
    return None


def task_of(state: dict[str, Any], number: int) -> str | None:
    """The task whose issue or pull request the thread is."""
    tasks = state["tasks"].items()
    return next(
        (name for name, task in tasks if number in (task.get("issue_number"), task.get("pr_number"))), None
    )


def stop(state: dict[str, Any], event: dict[str, Any]) -> Output:
    number = event["where"]["number"]
    kickoff = state["kickoffs"].get(str(number))
    if kickoff is None or kickoff["status"] not in STOPPABLE:
        return no(state, event, "No sprint of this thread is under way: there is nothing to stop.")
    kickoff = {**kickoff, "stopped_by": event["actor"]}
    state = {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}
    ended = [{"type": "sprint_stopped", "key": f"sprint_stopped:{event['key']}", "number": number}]
    if state.get("running") == number:
        ended = [cancelled(event, name) for name in sorted(state["tasks"])] + ended
    return {"state": state, "actions": acted(event, "This sprint is stopped."), "events": ended}


def cancelled(event: dict[str, Any], task_id: str) -> dict[str, Any]:
    return {"type": "task_cancelled", "key": f"task_cancelled:{task_id}:{event['key']}", "task_id": task_id}


def steer_task(state: dict[str, Any], event: dict[str, Any]) -> Output:
    task_id = task_of(state, event["where"]["number"])
    if task_id is None:
        words = f"`/{event['name']}` belongs on a task's issue or its pull request, while its sprint runs."
        return no(state, event, words)
    if state["tasks"][task_id]["status"] in ("Done", "Skipped", "Cancelled"):
        return no(state, event, f"This task is {state['tasks'][task_id]['status']} already.")
    type_ = {"retry": "task_retry", "skip": "task_skip"}[event["name"]]
    told = {"type": type_, "key": f"{type_}:{event['key']}", "task_id": task_id, "actor": event["actor"],
            "hint": event["args"]["flags"].get("hint")}  # fmt: skip
    words = {"retry": "A new attempt begins.", "skip": "This task is left out."}[event["name"]]
    return {"state": state, "actions": acted(event, words), "events": [told]}


def acted(event: dict[str, Any], words: str) -> list[dict[str, Any]]:
    """🚀, or one line where nothing can carry a reaction: a review, a label."""
    return react(event, "rocket") or [comment(event, words)]


def react(event: dict[str, Any], content: str) -> list[dict[str, Any]]:
    comment_id = event["where"].get("comment_id")
    key = f"react:{comment_id}:{content}"
    return [{"type": "react", "comment_id": comment_id, "content": content, "key": key}] if comment_id else []


def comment(event: dict[str, Any], words: str) -> dict[str, Any]:
    number, mark = event["where"]["number"], {"kind": "answer"}
    return {"type": "comment", "number": number, "body": words, "key": f"answer:{event['key']}", "mark": mark}


def no(state: dict[str, Any], event: dict[str, Any], words: str) -> Output:
    return {"state": state, "actions": [*react(event, "confused"), comment(event, words)], "events": []}


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
