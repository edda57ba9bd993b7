"""What operators count of revocations: by channel, outcome and reason, and of requests by route."""

from flask import Flask
from prometheus_client import REGISTRY

from tests.subscribers import Subscriber


def _revocations(outcome: str, reason: str) -> float:
    labels = {"channel": "api", "outcome": outcome, "reason": reason}
    return REGISTRY.get_sample_value("pki_revocation_revocations_total", labels) or 0


def _requests(app: Flask, status: str) -> float:
    route, _ = app.url_map.bind("localhost").match("/api/v1/revocations", method="POST")
    labels = {"service": "web", "route": str(route), "status": status}
    return REGISTRY.get_sample_value("pki_revocation_request_seconds_count", labels) or 0


def test_confirmed_revocations_are_counted(app: Flask, subscriber: Subscriber) -> None:
    """One that is made, its repeat, and its raise; a wrong code is none of them."""
    wanted = [("revoked", "none"), ("repeated", "none"), ("reason raised", "keyCompromise")]
    before, asked = [_revocations(*each) for each in wanted], (_requests(app, "2xx"), _requests(app, "4xx"))
    client = app.test_client()
    right = {"number": subscriber.number, "code": subscriber.code}

    for document in (right, right, right | {"reason": "keyCompromise"}, right | {"code": "x"}):
        client.post("/api/v1/revocations", json=document)

    assert [_revocations(*each) for each in wanted] == [count + 1 for count in before]
    assert (_requests(app, "2xx"), _requests(app, "4xx")) == (asked[0] + 3, asked[1] + 1)
