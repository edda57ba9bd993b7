"""Who sent a request: what limits bind, and what is kept beside the audit chain."""

from flask import current_app, request

from pki_revocation.rate_limiting.client_address import Proxies, Source

_SETTING = "TRUSTED_PROXIES"


def trust(proxies: Proxies) -> dict[str, Proxies]:
    """The application's configuration for them."""
    return {_SETTING: proxies}


def client() -> Source:
    """The present request's source, as the connection or a trusted proxy says it."""
    proxies: Proxies = current_app.config[_SETTING]
    return proxies.source(request.remote_addr or "", ",".join(request.headers.getlist("X-Forwarded-For")))
