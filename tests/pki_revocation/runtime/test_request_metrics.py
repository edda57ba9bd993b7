"""Requests are counted by route and status, and nothing that a client writes makes a series of its own."""

from flask import Flask, request
from prometheus_client import REGISTRY
from werkzeug.exceptions import Forbidden

from pki_revocation.runtime import request_metrics


def _count(route: str, status: str) -> float:
    labels = {"service": "tried", "route": route, "status": status}
    return REGISTRY.get_sample_value("pki_revocation_request_seconds_count", labels) or 0


def test_requests_are_counted_by_route_and_status() -> None:
    """Also one that is refused before any view, one that breaks, and one that no route takes."""
    app = Flask(__name__)
    request_metrics.install(app, "tried")

    @app.before_request
    def refuse() -> None:
        if request.path == "/thing/refused":
            raise Forbidden

    @app.get("/thing/<name>")
    def thing(name: str) -> str:
        return str(1 // (name != "broken"))

    client = app.test_client()
    for path in ("/thing/a", "/thing/b", "/thing/refused", "/thing/broken", "/nothing/4711", "/nothing/4712"):
        client.get(path)

    assert [_count("thing", status) for status in ("2xx", "4xx", "5xx")] == [2, 1, 1]
    assert _count("none", "4xx") == 2
    names = [sample.labels.get("route") for family in REGISTRY.collect() for sample in family.samples]
    assert not any("4711" in str(name) for name in names)
