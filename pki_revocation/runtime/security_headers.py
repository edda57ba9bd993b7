"""Security headers on every answer of page and console (OWASP ASVS 5.0, 3.4): nothing from elsewhere, no frames."""

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
# With our own script files and nothing else: no inline script, no eval, and no HTML made of strings (Trusted Types).
_WITH_SCRIPTS = (
    f"{CONTENT_SECURITY_POLICY}; script-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Two years, as OWASP advises (ASVS 3.4.1 asks for one). Not includeSubDomains: CRLs and OCSP stay plain http
# (BR 7.1.2.11.2), and a register may well serve them on names below this one.
_TRANSPORT_SECURITY = "max-age=63072000"


def install(app: Flask, *, secure: bool, scripts: bool = False) -> None:
    """Send them with everything, error pages and redirects included.

    *secure* where browsers come by https, *scripts* where pages bring a script file of ours.
    """

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(_ALWAYS)
        if scripts:
            response.headers["Content-Security-Policy"] = _WITH_SCRIPTS
        if secure:
            response.headers["Strict-Transport-Security"] = _TRANSPORT_SECURITY
        # What a view says is everyone's may be kept as long as it says.
        if response.cache_control.public and response.status_code < 400:  # noqa: PLR2004 - where errors begin
            return response
        # A file of ours that is not there, or not in the range that was asked for, is a page like any other.
        if request.endpoint != "static" or response.status_code >= 400:  # noqa: PLR2004 - where errors begin
            response.headers["Cache-Control"] = "no-store"
        return response
