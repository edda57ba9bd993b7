"""The client that sent a request, for the limits, and the page it came from, a second check beside the CSRF token.

Our own Referrer-Policy makes browsers write `Origin: null` on our own forms, so that alone proves nothing: what the
browser says in Sec-Fetch-Site counts first (OWASP ASVS 5.0, 3.5.1), and a browser too old to send it is left to token
and SameSite cookie.
"""

from urllib.parse import urlsplit

from flask import Flask, current_app, request
from werkzeug.wrappers import Request

from pki_revocation.errors import PkiError
from pki_revocation.rate_limiting.client_address import ClientAddress, TrustedProxies
from pki_revocation.rate_limiting.proxy_watch import PROXY_HEADERS, ProxyWatch

_SETTING = "TRUSTED_PROXIES"
_WATCH = "pki-revocation-proxy-watch"
_FORWARDED_FOR = "X-Forwarded-For"
_OWN_SITES = frozenset({"same-origin", "none"})


class CrossSiteForm(PkiError):
    """The form was sent by another site's page, or without this page's token."""


def install(app: Flask, proxies: TrustedProxies, watch: ProxyWatch | None) -> None:
    """Take the word of *proxies*, and show *watch* what comes through which."""
    app.config[_SETTING] = proxies
    app.extensions[_WATCH] = watch
    if watch is None:
        return

    def notice() -> None:
        has_proxy_header = any(name in request.headers for name in PROXY_HEADERS)
        watch.saw_request(request.remote_addr or "", has_proxy_header=has_proxy_header)

    app.before_request(notice)


def client() -> ClientAddress:
    """The source of the number and code that are tried, as the connection or a trusted proxy says it."""
    proxies: TrustedProxies = current_app.config[_SETTING]
    watch: ProxyWatch | None = current_app.extensions[_WATCH]
    peer, forwarded_for = request.remote_addr or "", request.headers.getlist(_FORWARDED_FOR)
    if watch is not None:
        watch.saw_attempt(peer, has_forwarded_for=bool(forwarded_for))
    return proxies.source(peer, ",".join(forwarded_for))


def is_surely_from_here(request: Request) -> bool:
    """Whether the browser says that a page of ours sent this form; no other page can have it say so."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def is_from_here(request: Request, public_url: str) -> bool:
    """Whether the browser says that this form was sent by a page of ours, or says nothing at all."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in _OWN_SITES:
        return False
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":
        return True
    try:
        sent_from, public = urlsplit(origin), urlsplit(public_url)
    except ValueError:
        # A client can write anything there, such as half an IPv6 address: that is no place of ours.
        return False
    return (sent_from.scheme, sent_from.netloc) == (public.scheme, public.netloc) or sent_from.netloc == request.host
