"""The responder as a Flask application: routes, and nothing that `transport` or `answering` can do.

Clients ask for `/ocsp//MF…`, and base64 holds `//` of its own. Werkzeug's `path` converter takes no slash in front and
would answer with a redirect, so one rule takes everything behind the responder's address as it comes. The path is the
server's percent-decoded one: base64 has no letter that decoding it could change. A POST's question is its body, and
what stands behind the address is not looked at.
"""

from datetime import timedelta

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestURITooLarge, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from pki_revocation.clock import Clock

from .answering import Answerer
from .errors import MalformedRequest
from .response import Answer, Refusal, refusal
from .transport import GET_LIMIT, POST_LIMIT, in_http, is_request_type, request_in_path


class _Everything(BaseConverter):
    """The rest of the path, slashes at its beginning too, which the `path` converter refuses."""

    regex = r"[\s\S]*?"
    part_isolating = False


def create_app(*, answerer: Answerer, clock: Clock, path: str, max_age: timedelta) -> Flask:
    """Make the application.

    Args:
        answerer: answers the questions.
        clock: dates what is sent.
        path: the path of the responder's address, such as `/ocsp`; empty for an address without one.
        max_age: how long caches may keep an answer.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["everything"] = _Everything
    # One octet more than is taken, so that what is too long is told from what fits: werkzeug cuts chunked bodies off.
    app.config["MAX_CONTENT_LENGTH"] = POST_LIMIT + 1

    def send(answer: Answer, if_none_match: str | None = None) -> Response:
        http = in_http(answer, now=clock.now(), max_age=max_age, if_none_match=if_none_match)
        return Response(http.body, http.status, list(http.headers))

    def get(encoded: str) -> Response:
        if len(encoded) > GET_LIMIT:
            raise RequestURITooLarge
        try:
            question = request_in_path(encoded)
        except MalformedRequest:
            return send(refusal(Refusal.MALFORMED_REQUEST))
        return send(answerer.answer(question), request.headers.get("If-None-Match"))

    def post() -> Response:
        if not is_request_type(request.headers.get("Content-Type", "")):
            raise UnsupportedMediaType
        body = request.get_data(cache=False)
        if len(body) > POST_LIMIT:
            raise RequestEntityTooLarge
        return send(answerer.answer(body))

    def respond(encoded: str = "") -> Response:
        return post() if request.method == "POST" else get(encoded)

    # GET brings HEAD with it (RFC 9110 section 9.1); any other method is 405 with `Allow`, OPTIONS too.
    base = path.rstrip("/")
    for rule in {base, f"{base}/<everything:encoded>"} - {""}:
        app.add_url_rule(rule, view_func=respond, methods=["GET", "POST"], provide_automatic_options=False)
    app.register_error_handler(HTTPException, _refused)
    return app


def _refused(error: HTTPException) -> Response:
    """What is no OCSP gets one line and its status; `Allow` stays (RFC 9110 section 15.5.6)."""
    headers = [(name, value) for name, value in error.get_headers() if name.lower() != "content-type"]
    headers += [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    return Response(f"{error.name}.\n", error.code, headers)
