"""The console's Flask application: one page to read, and the endpoint that certificates arrive at."""

import logging

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.importing.arrival import ArrivalRegistrar
from pki_revocation.model import serial_text
from pki_revocation.runtime import problem_documents, request_metrics, security_headers

from .arrivals_api import LONGEST_BODY, PREFIX, arrivals_api, problem_of
from .overview import read_overview

_log = logging.getLogger(__name__)
# A page elsewhere could point a name of its own at 127.0.0.1 and read along; only these names are answered.
_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
_RETRY_AFTER = "30"
_TITLES = {400: "This request cannot be read", 404: "This page does not exist", 405: "Nothing can be changed here"}


def create_app(*, database: Database, clock: Clock) -> Flask:
    """The console's application on an open database."""
    app = Flask(__name__)
    app.config["TRUSTED_HOSTS"] = _HOSTS
    # One octet more than is taken: Werkzeug cuts chunked bodies off, and too long must be told from just fitting.
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY + 1
    app.json.sort_keys = False  # type: ignore[attr-defined] # Flask's default provider has it
    app.jinja_env.filters.update(iso=iso, serial=serial_text)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    request_metrics.install(app, "console")
    security_headers.install(app, secure=False)
    registrar = ArrivalRegistrar(database=database, clock=clock, audit=AuditTrail(clock))
    app.register_blueprint(arrivals_api(database=database, registrar=registrar))

    @app.get("/")
    def overview() -> str:
        now = clock.now()
        with database.read() as connection:
            return render_template("overview.html", overview=read_overview(connection, now), now=now)

    problem_documents.install(app, PREFIX)
    _answer_errors(app)
    return app


def _answer_errors(app: Flask) -> None:
    """Every error becomes one answer: a problem document for the endpoint, a page for browsers."""

    def answer(error: Exception) -> BaseResponse:
        # Redirects are HTTP exceptions to Werkzeug, and no errors.
        if isinstance(error, HTTPException) and error.code is not None and error.code < 400:  # noqa: PLR2004 - where errors begin
            return error.get_response()
        # It logs what it answers.
        if request.path.startswith(PREFIX):
            return problem_of(error)
        if isinstance(error, StoreError):
            _log.error("%s", error)
        elif not isinstance(error, PkiError | HTTPException):
            _log.error("unexpected error", exc_info=error)
        return _page_of(error)

    app.register_error_handler(Exception, answer)


def _page_of(error: Exception) -> Response:
    if isinstance(error, StoreError):
        response = _page(503, "The database does not answer")
        response.headers["Retry-After"] = _RETRY_AFTER
        return response
    if not isinstance(error, HTTPException):
        return _page(500, "Something went wrong")
    status = error.code or 500
    response = _page(status, _TITLES.get(status, "Something went wrong"))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _page(status: int, title: str) -> Response:
    return make_response(render_template("error.html", title=title), status)
