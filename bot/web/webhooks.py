"""The webhook endpoint: stores each delivery and answers with a receipt; also health and metrics."""

import re
from collections.abc import Mapping
from time import monotonic
from typing import Any, cast

from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from shell.errors import Unavailable
from shell.repository_config import SCHEMA_FILE, json_schema
from shell.settings import Settings

from .delivery import Hook, Rejected, check_headers, check_signature, route
from .intake import MAX_BYTES, Intake, NoRoom, Within, within
from .masked_errors import mask_errors
from .metrics import Metrics
from .readiness import in_trouble, not_ready, notes
from .store_protocol import DeliveryStore

_HOOK_ID = re.compile(r"[0-9]{1,18}")
_SCHEMA_S = 3600
"""For so long an editor need not ask for the schema again."""


def create_webhook_app(settings: Settings, store: DeliveryStore, limit: Within = within) -> Flask:
    """The public application, on the given store; `limit` ends what takes too long, where the server can."""
    app = Flask("caloron_webhooks", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES + 1  # one more, so that a body of just the size is taken
    metrics = Metrics()
    _add_error_handlers(app, metrics)
    mask_errors(app)
    _add_webhook_routes(app, settings, store, metrics, Intake(limit))
    _add_health_routes(app, settings, store, metrics)
    return app


def _add_webhook_routes(
    app: Flask, settings: Settings, store: DeliveryStore, metrics: Metrics, intake: Intake
) -> None:
    def receive(hook: Hook) -> tuple[Response, int]:
        started, headers = monotonic(), cast(Mapping[str, str], request.headers)
        check_headers(hook, headers)
        with intake.body(request.stream, request.content_length) as body:
            check_signature(hook, headers, body, settings)
            result = route(hook, headers, body, settings, store)
        metrics.count_delivery(result.outcome, monotonic() - started)
        reason = {"reason": result.reason} if result.outcome == "ignored" else {}
        return jsonify({"receipt": result.receipt} | reason), 202

    @app.post("/webhooks")
    def webhooks() -> tuple[Response, int]:
        return receive(Hook("/webhooks"))

    @app.post("/webhooks/<any(gitea, github):forge>/<any(repo, org):scope>/<owner>")
    def owned_webhooks(forge: str, scope: str, owner: str) -> tuple[Response, int]:
        if not _HOOK_ID.fullmatch(owner):
            raise Rejected(404, "This address must end with the numeric id of a repository or organisation.")
        return receive(Hook(f"/webhooks/{forge}/{scope}/{owner}", forge, scope, int(owner)))


def _add_health_routes(app: Flask, settings: Settings, store: DeliveryStore, metrics: Metrics) -> None:
    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"ok": True}

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        reasons = [*not_ready(store), *in_trouble(settings)]
        body = {"ready": not reasons, "reasons": reasons, "notes": notes(store)}
        return jsonify(body), 503 if reasons else 200

    @app.get(f"/{SCHEMA_FILE}")
    def schema() -> Response:
        """The JSON Schema of `.caloron.yml`, for editors: nothing in it is anyone's secret."""
        answer = Response(json_schema(), content_type="application/schema+json")
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.cache_control.public, answer.cache_control.max_age = True, _SCHEMA_S
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    @app.get("/receipts/<receipt_id>")
    def receipts(receipt_id: str) -> tuple[Response, int]:
        receipt = store.receipt(receipt_id)
        if receipt is None:
            return jsonify({"error": "Unknown receipt. Receipts are kept for 30 days."}), 404
        return jsonify(receipt), 200

    @app.get("/metrics")
    def show_metrics() -> Response:
        metrics.update_gauges(store)
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _add_error_handlers(app: Flask, metrics: Metrics) -> None:
    @app.errorhandler(Rejected)
    def rejected(error: Rejected) -> tuple[Response, int]:
        metrics.count_delivery("turned_away")
        return jsonify({"error": str(error)}), error.status

    @app.errorhandler(Unavailable)
    def unavailable(_error: Unavailable) -> tuple[Response, int, dict[str, str]]:
        metrics.count_delivery("not_kept")
        message = "The store does not answer, so the delivery was not stored. Please redeliver it."
        return jsonify({"error": message}), 503, {"Retry-After": "5"}

    @app.errorhandler(NoRoom)
    def no_room(error: NoRoom) -> tuple[Response, int, dict[str, str]]:
        metrics.count_delivery("not_kept")
        return jsonify({"error": str(error)}), 503, {"Retry-After": "10"}

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        too_large = f"A delivery may have at most {MAX_BYTES // 2**20} MiB."
        return jsonify({"error": too_large if error.code == 413 else error.description}), error.code or 500
