"""The client that sent a request, for the limits, and the page it came from, a second check beside the CSRF token.

Our own Referrer-Policy makes browsers write `Origin: null` on our own forms, so that alone proves nothing: what the
browser says in Sec-Fetch-Site counts first (OWASP ASVS 5.0, 3.5.1), and a browser too old to send it is left to token
and SameSite cookie.
"""

from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.wrappers import Request

from pki_revocation.rate_limiting.client_address import ClientAddress, TrustedProxies

_SETTING = "TRUSTED_PROXIES"
_OWN_SITES = frozenset({"same-origin", "none"})


def trust(proxies: TrustedProxies) -> dict[str, TrustedProxies]:
    """The entries of Flask's configuration that say which proxies are trusted."""
    return {_SETTING: proxies}


def client() -> ClientAddress:
    """The present request's source, as the connection or a trusted proxy says it."""
    proxies: TrustedProxies = current_app.config[_SETTING]
    return proxies.source(request.remote_addr or "", ",".join(request.headers.getlist("X-Forwarded-For")))


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
