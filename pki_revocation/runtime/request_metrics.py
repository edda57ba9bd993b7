"""What operators watch of a service's requests: how many, with which status, and how long they took.

By the route's name and the status's class alone: paths and numbers of a request's own would make a series for each.
"""

import time

from flask import Flask, Response, g, request
from prometheus_client import Histogram

_SECONDS = Histogram(
    "pki_revocation_request_seconds",
    "Requests by route and status (2xx, 3xx, 4xx, 5xx), with the seconds until they were answered",
    ["service", "route", "status"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def install(app: Flask, service: str) -> None:
    """Measure each request of an application, also one that nothing answers to."""

    def begin() -> None:
        g.request_began = time.monotonic()

    def end(response: Response) -> Response:
        began = g.pop("request_began", None)
        if began is not None:
            route = "none" if request.endpoint is None else request.endpoint
            status = f"{response.status_code // 100}xx"
            _SECONDS.labels(service, route, status).observe(time.monotonic() - began)
        return response

    # Before all others, which may answer themselves.
    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request(end)
