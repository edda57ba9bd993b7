"""Nothing that is sent to the page makes it fall over."""

import io
from urllib.parse import quote_from_bytes

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaign import examples
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.test_headers import EVERYWHERE
from tests.subscribers import Subscriber

_FORM = "application/x-www-form-urlencoded"
_NAMES = [
    b"number", b"code", b"ticket", b"csrf_token", b"reason", b"lang", b"compromised_day", b"compromised_month",
    b"compromised_year", b"compromised_time", b"compromised_older", b"", b"\0", b"\xff",
]  # fmt: skip
_VALUES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"\0", b"\xff\xfe", b"key-compromise", b"nl", b"en", b"31", b"2", b"2026", b"9999", b"24:00", b"1" * 5000]
    ),
)
_PAIRS = st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES), max_size=8)
_TYPES = st.sampled_from(
    [
        _FORM, f"{_FORM}; charset=utf-16", f"{_FORM}; charset=no-such", "multipart/form-data",
        "multipart/form-data; boundary=x", "multipart/form-data; boundary=" + "x" * 300, "application/json",
        "text/plain", "", "/", ";", "multipart/form-data; boundary=\xff",
    ]
)  # fmt: skip
# What a client may write into a header: any octets but the ends of lines.
_LINES = st.binary(max_size=30).map(lambda octets: octets.decode("latin-1").translate({10: "", 13: "", 0: ""}))
_HEADERS = st.dictionaries(
    st.sampled_from(["Origin", "Sec-Fetch-Site", "Accept-Language", "Cookie", "X-Forwarded-For", "Referer", "Range"]),
    st.one_of(
        _LINES,
        st.sampled_from(["http://[", "null", "nl;q=x", "*;q=1e999", "session=x.y.z", "bytes=9-1", "bytes=999999-"]),
    ),
    max_size=3,
)
_SETTINGS = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def encoded(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """As a form sends them, octets that are no UTF-8 included."""
    return "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in pairs).encode()


@_SETTINGS
@given(pairs=_PAIRS, step=st.sampled_from(["identify", "reasons", "confirm"]), chunked=st.booleans())
def test_any_fields_get_a_clear_answer(
    app: Flask, subscriber: Subscriber, pairs: list[tuple[bytes, bytes]], step: str, *, chunked: bool
) -> None:
    """Missing, doubled, huge and broken fields, in each step of somebody whose tokens are right: never a 5xx."""
    visitor = Browser(app)
    visitor.get("/revoke")
    if step != "identify":
        visitor.submit({"number": subscriber.number, "code": subscriber.code})
    if step == "confirm" and 'id="reasons"' in visitor.seen[-1].text:
        visitor.submit({"reason": "none"})
    tokens = [(name.encode(), value.encode()) for name, value in visitor.hidden().items()]
    body = encoded([*tokens, *pairs])
    length = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"} if chunked else {}

    answer = visitor.client.post(
        visitor.action(),
        base_url=visitor.base_url,
        input_stream=io.BytesIO(body),
        content_length=None if chunked else len(body),
        content_type=_FORM,
        environ_overrides=length,
    )

    for each in (answer, visitor.follow(answer)):
        assert each.status_code < 500
        assert EVERYWHERE.items() <= dict(each.headers).items()
        assert each.headers["Cache-Control"] == "no-store"


@_SETTINGS
@given(body=st.binary(max_size=300), content_type=_TYPES, headers=_HEADERS, query=st.binary(max_size=30))
def test_any_octets_get_a_clear_answer(
    bare_app: Flask, body: bytes, content_type: str, headers: dict[str, str], query: bytes
) -> None:
    """Bodies, media types, headers and addresses that no browser sends: a page that says so, and never a 5xx."""
    for method, path in (
        ("POST", "/revoke"), ("POST", "/revoke/0123456789ab/check"), ("GET", "/intrekken"),
        ("GET", "/intrekken/0123456789ab/reden"), ("GET", "/receipt/x"), ("GET", "/form"), ("GET", "/static/page.js"),
    ):  # fmt: skip
        answer = bare_app.test_client().open(
            path,
            method=method,
            query_string=f"number={quote_from_bytes(query)}",
            data=body,
            content_type=content_type,
            headers=headers,
            buffered=True,
        )

        assert answer.status_code < 500
        assert method == "GET" or answer.status_code in {400, 413}
