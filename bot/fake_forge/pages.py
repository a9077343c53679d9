"""Plain pages, so that a person can look: the repositories, their issues, one issue."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("pages", __name__)
