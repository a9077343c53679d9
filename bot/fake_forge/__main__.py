"""Run the forge as a process: prints one line of JSON when it is ready, ends on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import signal
import threading

from bot.fake_forge import FakeForge


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.fake_forge", description=__doc__)
    parser.add_argument("--folder", help="folder of the repositories (default: a temporary one)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dialect", choices=["gitea", "github"], default="gitea")
    parser.add_argument("--user", action="append", default=[], metavar="NAME[:admin]")
    parser.add_argument("--repository", action="append", default=[], metavar="OWNER/NAME")
    parser.add_argument(
        "--collaborator",
        action="append",
        default=[],
        metavar="NAME:LEVEL",
        help="in every repository; default: all users with admin access",
    )
    parser.add_argument(
        "--faults", type=json.loads, default={}, help='JSON, such as {"drop": 0.1, "seed": 7}'
    )
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    forge = FakeForge(options.dialect, options.folder, options.port, options.host, options.faults)
    with forge:
        names = [user.partition(":") for user in options.user]
        users = {name: {"token": forge.add_user(name, admin=role == "admin")} for name, _, role in names}
        levels = dict(item.split(":", 1) for item in options.collaborator) or dict.fromkeys(users, "admin")
        made = [forge.add_repository(name, collaborators=levels) for name in options.repository]
        repositories = {one["full_name"]: {"id": one["id"], "clone_url": one["clone_url"]} for one in made}
        ready = {"url": forge.url, "api_url": forge.api_url, "users": users, "repositories": repositories}
        print(json.dumps(ready), flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
