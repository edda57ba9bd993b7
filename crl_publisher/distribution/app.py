"""Serves what was published, over plain http: CRLs, and CA certificates for AIA (RFC 2585; RFC 9110 and 9111).

A file is opened once for each answer, so that one that is replaced meanwhile is still read whole. `max-age` is how long
it takes until the next publication at the earliest: a cache then keeps no CRL beyond the one that follows, and asking
again with the ETag costs next to nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from io import BufferedReader
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.http import parse_range_header
from werkzeug.wsgi import FileWrapper

from crl_publisher.config import DistributionSettings
from crl_publisher.errors import NotPublished
from crl_publisher.outlets.port import media_type
from crl_publisher.outlets.published_files import PublishedFile, PublishedFiles
from pki_revocation.clock import Clock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.runtime import request_metrics
from pki_revocation.runtime.serving import Listener, serve_http

from .max_age import LONGEST_MAX_AGE

# How long it takes until what is published at a path, and was at a moment, is followed by the next at the earliest.
UntilNext = Callable[[str, datetime], timedelta]
_BLOCK = 65536


def create_app(root: Path, *, clock: Clock, until_next: UntilNext) -> Flask:
    """The WSGI application; *root* holds crl/ and aia/."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    request_metrics.install(app, "distribution")
    files = PublishedFiles(root)
    for address in ("crl/<name>.crl", "crl/<name>/<part>.crl", "aia/<name>.cer"):
        app.add_url_rule(
            f"/{address}",
            endpoint=address,
            view_func=partial(_serve, files, clock, until_next),
            methods=["GET"],
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, _refusal)
    return app


def serve(installation: Installation, workers: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT, and end cleanly.

    Raises:
        ConfigurationError: when the configuration is wrong or a port is taken.
    """
    settings = installation.section(DistributionSettings)
    serve_http(
        name="distribution",
        factory="crl_publisher.distribution.bootstrap:application",
        installation=installation,
        listener=Listener(
            host=settings.host,
            port=settings.port,
            operations_port=settings.operations_port,
            workers=workers or settings.workers,
        ),
    )


def readiness(
    root: Path, clock: Clock, *, knows: Callable[[str], bool], outdated: Callable[[], Sequence[str]] = tuple
) -> Callable[[], None]:
    """What /readyz asks: raises NotPublished while there is no CRL to serve, or one of an issuer of ours is not well.

    An issuer is ours when *knows* says so of the CRL's path, or its certificate lies beside. Anything else that
    somebody put there (a link, another CA's file) is not served, and is no reason to keep relying parties from the CRLs
    that are: `doctor` names it. *outdated* gives a sentence for each CRL that was followed by another one.
    """
    files = PublishedFiles(root)

    def ready() -> None:
        served, strange = 0, ""
        for path in files.paths():
            published = files.open(path)
            if published is None:
                strange = f"What is published as {path} cannot be served."
                if knows(path) or files.certificates(path):
                    raise NotPublished(strange)
                continue
            served += 1
            published.stream.close()
            if published.next_update is not None and published.next_update <= clock.now():
                raise NotPublished(f"{path} lapsed at {iso(published.next_update)}.")
        if not served:
            raise NotPublished(strange or "No CRL has been published yet.")
        for sentence in outdated():
            raise NotPublished(sentence)

    return ready


def _serve(files: PublishedFiles, clock: Clock, until_next: UntilNext, **_: str) -> Response:
    # The parts that the route found are the path's own: nothing between them is decoded twice.
    path = request.path.removeprefix("/")
    published = files.open(path)
    if published is None:
        raise NotFound
    try:
        response = Response(_wrapped(published.stream), mimetype=media_type(path), direct_passthrough=True)
        response.call_on_close(published.stream.close)
        _describe(response, published, clock.now(), until_next(path, published.modified))
        _keep_one_range()
        response.make_conditional(request.environ, accept_ranges=True, complete_length=published.size)
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            published.stream.seek(response.content_range.start or 0)
            response.response = _wrapped(_Part(published.stream, response.content_length or 0))
    except BaseException:
        published.stream.close()
        raise
    if request.method == "HEAD" or response.status_code == HTTPStatus.NOT_MODIFIED:
        # The server reads nothing of it, and so would not close it.
        published.stream.close()
        response.response = ()
    return response


class _Part:
    """So much of a file, from where it stands."""

    def __init__(self, stream: BufferedReader, length: int) -> None:
        """Read *length* octets at most."""
        self._stream = stream
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """The next octets, at most so many."""
        octets = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(octets)
        return octets

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _wrapped(contents: BufferedReader | _Part) -> Iterable[bytes]:
    """The contents in blocks, read from the file only as fast as the client takes them (PEP 3333): up to 50 MB."""
    wrapper: Callable[[BufferedReader | _Part, int], Iterable[bytes]]
    wrapper = request.environ.get("wsgi.file_wrapper", FileWrapper)
    return wrapper(contents, _BLOCK)


def _describe(response: Response, published: PublishedFile, now: datetime, until_next: timedelta) -> None:
    max_age = min(until_next, LONGEST_MAX_AGE)
    if published.next_update is not None:
        max_age = min(max_age, published.next_update - now)
    seconds = max(0, int(max_age.total_seconds()))
    response.content_length = published.size
    response.last_modified = published.modified
    response.set_etag(published.sha256)
    response.date = now
    response.expires = now + timedelta(seconds=seconds)
    response.cache_control.public = True
    response.cache_control.max_age = seconds
    response.headers["X-Content-Type-Options"] = "nosniff"


def _keep_one_range() -> None:
    """One range of octets is served; whatever else a client asks for gets the whole (RFC 9110 section 14.2)."""
    asked = parse_range_header(request.environ.get("HTTP_RANGE"))
    if request.method == "HEAD" or asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        request.environ.pop("HTTP_RANGE", None)


def _refusal(error: HTTPException) -> Response:
    """One sentence in plain text, which no cache keeps: the file may be there the next second."""
    response = Response(f"{error.description}\n", status=error.code, mimetype="text/plain")
    response.headers.extend(
        (name, value) for name, value in error.get_headers(request.environ) if name in {"Allow", "Content-Range"}
    )
    response.headers["Cache-Control"] = "no-store"
    return response
