"""Problem documents (RFC 9457) as every endpoint answers them: one shape, and one line in the log for each.

*instance* differs from answer to answer, and stands in the log line of the request that was answered: an operator finds
by it what a client quotes. The line holds no address and nothing that the client sent but its method: an address may
open a receipt.
"""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from pki_revocation.encoding.json_document import Mistake
from pki_revocation.errors import PkiError, StoreError

from .refusal_log import RefusalLog

_log = logging.getLogger(__name__)
_EXTENSION = "pki-revocation-refusals"
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its status, the last part of its type URI, and its title, which never vary."""

    status: int
    name: str
    title: str

    @property
    def type(self) -> str:
        """The problem type's URI: a name that never changes, whichever host answers."""
        return f"urn:pki-revocation:problem:{self.name}"

    def document(self, detail: str) -> dict[str, object]:
        """The members that are the same for every answer with this detail."""
        return {"type": self.type, "title": self.title, "status": self.status, "detail": detail}


class OtherMediaType(UnsupportedMediaType):
    """The body is of another kind than the *taken* media types."""

    def __init__(self, *taken: str) -> None:
        super().__init__()
        self.taken = taken

    @property
    def advice(self) -> str:
        """What to send instead, as a sentence."""
        if len(self.taken) == 1:
            return f"Send the body with 'Content-Type: {self.taken[0]}'."
        return f"Send the body as one of {', '.join(self.taken)}."


def problem_response(
    problem: Problem, detail: str, error: Exception, more: Mapping[str, object] | None = None
) -> Response:
    """The answer, and its line in the log.

    Args:
        problem: its kind.
        detail: one sentence.
        error: what it came of; of an unexpected one the log gets the traceback, of the database's its own words.
        more: members that this answer has beside those of every problem.
    """
    instance = f"urn:uuid:{uuid.uuid4()}"
    rule = request.url_rule.rule if request.url_rule is not None else "-"
    line, values = "%s %s: %s %s, %s", (request.method, rule, problem.status, problem.name, instance)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error(line, *values, exc_info=error)
    elif isinstance(error, StoreError):
        _log.error(f"{line}: %s", *values, error)
    else:
        refusals: RefusalLog = current_app.extensions[_EXTENSION]
        refusals.write(line, *values)
    document = problem.document(detail) | {"instance": instance} | dict(more or {})
    response = Response(json.dumps(document), problem.status, mimetype=MEDIA_TYPE)
    if isinstance(error, HTTPException):
        _add_fields(response, error)
    return response


def mistakes_member(
    mistakes: tuple[Mistake, ...], told: Callable[[PkiError], tuple[Problem, str]]
) -> list[dict[str, str]]:
    """The member *errors*: each mistake with its type, its detail, and a pointer to the member that it is about."""
    found = []
    for each in mistakes:
        problem, detail = told(each.error)
        found.append({"type": problem.type, "pointer": each.pointer, "detail": detail})
    return found


def install(app: Flask, prefix: str) -> None:
    """Have problems logged, and OPTIONS below *prefix* answered with Allow and no body (RFC 9110 section 9.3.7)."""
    app.extensions[_EXTENSION] = RefusalLog(_log)

    @app.after_request
    def options_without_kind(response: Response) -> Response:
        # Flask's own answer is empty, and calls that HTML.
        if request.method == "OPTIONS" and request.path.startswith(prefix) and response.status_code == HTTPStatus.OK:
            del response.headers["Content-Type"]
        return response


def _add_fields(response: Response, error: HTTPException) -> None:
    """What else a status asks for: Allow with 405, Accept with 415 (RFC 9110 sections 10.2.1 and 12.5.1)."""
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    if isinstance(error, OtherMediaType):
        response.headers["Accept"] = ", ".join(error.taken)
