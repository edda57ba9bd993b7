"""The routes of an application, to be held against its OpenAPI description."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask


def routes_of(app: Flask, below: str = "/api/") -> set[tuple[str, str]]:
    """Path and method of each endpoint below a prefix, as a description writes them."""
    return {
        (re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(below)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def described_by(description: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Path and method of each operation of a description."""
    return {(path, method) for path, operations in description["paths"].items() for method in operations}
