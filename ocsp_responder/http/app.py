"""The responder as a Flask application: routes, and nothing that `transport` or `answering` can do.

Clients ask for `/ocsp//MF…`, and base64 holds `//` of its own. Werkzeug's `path` converter takes no slash in front and
would answer with a redirect, so one rule takes everything behind the responder's address as it comes. The path is the
server's percent-decoded one: base64 has no letter that decoding it could change. A POST's question is its body, and
what stands behind the address is not looked at.
"""

from collections.abc import Callable

from flask import Flask, Response, request
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    RequestEntityTooLarge,
    RequestURITooLarge,
    UnsupportedMediaType,
)
from werkzeug.routing import BaseConverter

from ocsp_responder.errors import MalformedRequest
from ocsp_responder.signing.response import Answer, Refusal, refusal
from pki_revocation.clock import Clock

from .transport import ALLOWED, GET_LIMIT, POST_LIMIT, HttpEndpoint, in_http, is_request_type, request_in_path


class _Everything(BaseConverter):
    """The rest of the path, slashes at its beginning too, which the `path` converter refuses."""

    regex = r"[\s\S]*?"
    part_isolating = False


def create_app(answer: Callable[[bytes], Answer], *, clock: Clock, endpoint: HttpEndpoint) -> Flask:
    """Make the application.

    Args:
        answer: answers the octets of a question, whatever they are.
        clock: dates what is sent.
        endpoint: where the responder is.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["everything"] = _Everything
    # One octet more than is taken, so that what is too long is told from what fits: werkzeug cuts chunked bodies off.
    app.config["MAX_CONTENT_LENGTH"] = POST_LIMIT + 1

    def send(answered: Answer, if_none_match: str | None = None) -> Response:
        http = in_http(answered, now=clock.now(), max_age=endpoint.max_age, if_none_match=if_none_match)
        return Response(http.body, http.status, list(http.headers))

    def get(encoded: str) -> Response:
        if len(encoded) > GET_LIMIT:
            raise RequestURITooLarge
        try:
            question = request_in_path(encoded)
        except MalformedRequest:
            return send(refusal(Refusal.MALFORMED_REQUEST))
        return send(answer(question), request.headers.get("If-None-Match"))

    def post() -> Response:
        if not is_request_type(request.headers.get("Content-Type", "")):
            raise UnsupportedMediaType
        body = request.get_data(cache=False)
        if len(body) > POST_LIMIT:
            raise RequestEntityTooLarge
        return send(answer(body))

    def respond(encoded: str = "") -> Response:
        return post() if request.method == "POST" else get(encoded)

    app.before_request(_refuse_other_methods)
    # GET brings HEAD with it (RFC 9110 section 9.1).
    for rule in {endpoint.path, f"{endpoint.path}/<everything:encoded>"} - {""}:
        app.add_url_rule(rule, view_func=respond, methods=["GET", "POST"], provide_automatic_options=False)
    app.register_error_handler(HTTPException, _refused)
    return app


def _refuse_other_methods() -> None:
    """Refuse every method but GET, HEAD and POST (RFC 9110 section 15.5.6): `OPTIONS *` and CONNECT name no path."""
    if request.method not in ALLOWED:
        raise MethodNotAllowed(ALLOWED)


def _refused(error: HTTPException) -> Response:
    """What is no OCSP gets one line and its status; `Allow` stays (RFC 9110 section 15.5.6)."""
    headers = [(name, value) for name, value in error.get_headers() if name.lower() != "content-type"]
    headers += [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    return Response(f"{error.name}.\n", error.code, headers)
