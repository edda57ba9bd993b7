"""A browser without JavaScript: it keeps cookies, fills in forms, and remembers every answer it got."""

import re

from flask import Flask
from werkzeug.test import TestResponse

from tests.subscribers import Subscriber

# A page's own form, and the one that switches the language.
_FORM = re.compile(r'<form method="post" action="([^"]+)" id="[^"]+"[^>]*>(.*?)</form>', re.DOTALL)
_LANGUAGES = re.compile(r'<form method="post" action="[^"]+">(.*?)</form>', re.DOTALL)
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
        """Fill in the form of the last page, send it with its hidden fields, and follow to where it leads."""
        return self.follow(self.post(self.action(), {**self.hidden(), **fields}, headers))

    def switch(self, language: str, **fields: str) -> TestResponse:
        """Press the other language's button, which is a form of its own in a step that has one."""
        hidden = dict(_HIDDEN.findall(_LANGUAGES.findall(self.seen[-1].text)[0]))
        return self.follow(self.post(self.action(), {**hidden, **fields, "lang": language}))

    def follow(self, answer: TestResponse) -> TestResponse:
        """The page that an answer leads to, where it leads to one."""
        while answer.status_code in {302, 303}:
            answer = self.get(answer.location)
        return answer

    def action(self) -> str:
        """Where the form of the last page leads."""
        return str(_FORM.findall(self.seen[-1].text)[0][0])

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the last page's form."""
        return dict(_HIDDEN.findall(_FORM.findall(self.seen[-1].text)[0][1]))

    def identify(self, number: str, code: str) -> TestResponse:
        """The first step, from the beginning."""
        self.get("/revoke")
        return self.submit({"number": number, "code": code})

    def answer(self, subscriber: Subscriber, **fields: str) -> TestResponse:
        """The first two steps: gives the page that plays the answers back, or what is wrong with them."""
        self.identify(subscriber.number, subscriber.code)
        return self.submit(fields)

    def confirm(self) -> TestResponse:
        """Press the one button of the page that plays the answers back."""
        assert set(self.hidden()) >= {"csrf_token", "ticket"}
        assert 'id="confirm"' in self.seen[-1].text
        return self.submit({})

    def revoke(self, subscriber: Subscriber, **fields: str) -> TestResponse:
        """All steps."""
        self.answer(subscriber, **fields)
        return self.confirm()

    def _keep(self, response: TestResponse) -> TestResponse:
        self.seen.append(response)
        return response
