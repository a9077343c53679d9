"""The webhook door: a delivery comes in, is kept, and gets a receipt; and how the bot is doing."""

import re
from collections.abc import Mapping
from time import monotonic
from typing import Any, cast

from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from shell.errors import Unavailable
from shell.settings import Settings

from .delivery import Hook, Turned, check, take
from .kept import Inbox
from .measures import Measures
from .readiness import not_ready

LARGEST = 25 * 1024 * 1024
_HOOK_ID = re.compile(r"[0-9]{1,18}")


def create_door(settings: Settings, store: Inbox) -> Flask:
    """The door's application, on the given store."""
    door = Flask("caloron_door", static_folder=None)
    door.config["MAX_CONTENT_LENGTH"] = LARGEST
    measures = Measures()
    _answer_errors(door, measures)
    _receive(door, settings, store, measures)
    _tell(door, store, measures)
    return door


def _receive(door: Flask, settings: Settings, store: Inbox, measures: Measures) -> None:
    def receive(hook: Hook) -> tuple[Response, int]:
        began = monotonic()
        body, headers = request.get_data(cache=False), cast(Mapping[str, str], request.headers)
        check(hook, headers, body, settings)
        taken = take(hook, headers, body, settings, store)
        measures.delivery(taken.outcome, monotonic() - began)
        told = {"receipt": taken.receipt} | ({"reason": taken.reason} if taken.outcome == "ignored" else {})
        return jsonify(told), 202

    @door.post("/webhooks")
    def webhooks() -> tuple[Response, int]:
        return receive(Hook("/webhooks"))

    @door.post("/webhooks/<any(gitea, github):forge>/<any(repo, org):scope>/<owner>")
    def owned_webhooks(forge: str, scope: str, owner: str) -> tuple[Response, int]:
        if not _HOOK_ID.fullmatch(owner):
            raise Turned(404, "The last part of this address is the number of a repository or organisation.")
        return receive(Hook(f"/webhooks/{forge}/{scope}/{owner}", forge, scope, int(owner)))


def _tell(door: Flask, store: Inbox, measures: Measures) -> None:
    @door.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"ok": True}

    @door.get("/readyz")
    def readyz() -> tuple[Response, int]:
        reasons = not_ready(store)
        return jsonify({"ready": not reasons, "reasons": reasons}), 503 if reasons else 200

    @door.get("/receipts/<receipt_id>")
    def receipts(receipt_id: str) -> tuple[Response, int]:
        found = store.receipt(receipt_id)
        if found is None:
            return jsonify({"error": "There is no such receipt; they are kept for 30 days."}), 404
        return jsonify(found), 200

    @door.get("/metrics")
    def metrics() -> Response:
        measures.look(store)
        return Response(generate_latest(measures.registry), content_type=CONTENT_TYPE_LATEST)


def _answer_errors(door: Flask, measures: Measures) -> None:
    @door.errorhandler(Turned)
    def turned(error: Turned) -> tuple[Response, int]:
        measures.delivery("turned_away")
        return jsonify({"error": str(error)}), error.status

    @door.errorhandler(Unavailable)
    def unavailable(_error: Unavailable) -> tuple[Response, int, dict[str, str]]:
        measures.delivery("not_kept")
        words = "The store does not answer, so nothing was taken in. Please deliver it again."
        return jsonify({"error": words}), 503, {"Retry-After": "5"}

    @door.errorhandler(HTTPException)
    def other(error: HTTPException) -> tuple[Response, int]:
        words = f"A delivery may have {LARGEST // 2**20} MiB." if error.code == 413 else error.description
        return jsonify({"error": words}), error.code or 500
