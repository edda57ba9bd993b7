"""A browser without JavaScript: it keeps cookies, fills in forms, and remembers every answer it got."""

import re

from flask import Flask
from werkzeug.test import TestResponse

from tests.subscribers import Subscriber

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def date_fields(date: str, time: str = "") -> dict[str, str]:
    """The fields of a date of compromise, from 20-11-2026 and a time."""
    parts = dict(zip(("day", "month", "year"), date.split("-"), strict=True))
    return {f"compromised_{name}": value for name, value in (parts | {"time": time}).items()}


class Browser:
    """One visitor; *seen* holds every answer."""

    def __init__(self, app: Flask, base_url: str = "http://127.0.0.1:8460", language: str = "en") -> None:
        """Begin without cookies."""
        self.client = app.test_client()
        self.base_url = base_url
        self.headers = {"Accept-Language": language}
        self.seen: list[TestResponse] = []

    def get(self, path: str, headers: dict[str, str] | None = None) -> TestResponse:
        """Follow a link."""
        # Buffered, so that a file that was sent is closed again.
        sent = {**self.headers, **(headers or {})}
        return self._keep(self.client.get(path, base_url=self.base_url, headers=sent, buffered=True))

    def post(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> TestResponse:
        """Send a form exactly as given."""
        return self._keep(
            self.client.post(path, base_url=self.base_url, data=fields, headers={**self.headers, **(headers or {})})
        )

    def submit(self, fields: dict[str, str], headers: dict[str, str] | None = None) -> TestResponse:
        """Fill in the form of the last page, and send it with its hidden fields."""
        return self.post("/revoke", {**self.hidden(), **fields}, headers)

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the last page."""
        return dict(_HIDDEN.findall(self.seen[-1].text))

    def identify(self, number: str, code: str) -> TestResponse:
        """The first step, from the beginning."""
        self.get("/revoke")
        return self.submit({"number": number, "code": code})

    def revoke(self, subscriber: Subscriber, **fields: str) -> TestResponse:
        """Both steps."""
        self.identify(subscriber.number, subscriber.code)
        return self.submit(fields)

    def _keep(self, response: TestResponse) -> TestResponse:
        self.seen.append(response)
        return response
