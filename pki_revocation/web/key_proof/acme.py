"""What of ACME (RFC 8555) `certbot revoke --key-path` and its like need: directory, newNonce, revokeCert.

Nothing is issued here and there are no accounts; whatever needs one is answered so that a client says why.
"""

from flask import Blueprint, Response, jsonify, request, url_for
from werkzeug.exceptions import HTTPException

from pki_revocation.errors import PkiError
from pki_revocation.rate_limiting.request_rate import RequestRate
from pki_revocation.service import RevocationService
from pki_revocation.web.request_origin import client

from .acme_problems import NoAccounts, acme_problem_of
from .acme_revocation import AcmeRevocation
from .nonces import Nonces

_PREFIX = "/acme"
# What needs an account.
_WITH_ACCOUNT = {"newAccount": "new-account", "newOrder": "new-order", "keyChange": "key-change"}


def acme_facade(*, service: RevocationService, nonces: Nonces, rate: RequestRate, public_url: str) -> Blueprint:
    """The blueprint of ACME's addresses below *public_url*; *service* revokes, and *rate* slows floods down."""
    blueprint = Blueprint("acme", __name__, url_prefix=_PREFIX)
    root = f"{public_url.rstrip('/')}{_PREFIX}"
    revocation = AcmeRevocation(service=service, nonces=nonces, url=f"{root}/revoke-cert")

    blueprint.register_error_handler(PkiError, acme_problem_of)
    blueprint.register_error_handler(HTTPException, acme_problem_of)

    @blueprint.after_request
    def add_nonce(response: Response) -> Response:
        # RFC 8555 section 6.5: with every answer to a POST, errors too, so that a client need not ask for one.
        if request.method == "POST" or request.endpoint == "acme.new_nonce":
            response.headers["Replay-Nonce"] = nonces.new()
        response.headers["Link"] = f'<{root}/directory>;rel="index"'
        return response

    @blueprint.get("/directory")
    def directory() -> Response:
        return jsonify(
            {
                "newNonce": f"{root}/new-nonce",
                **{name: f"{root}/{address}" for name, address in _WITH_ACCOUNT.items()},
                "revokeCert": f"{root}/revoke-cert",
                # Not externalAccountRequired: a client would ask its user for what there is none of, and not ask here.
                "meta": {"website": f"{public_url.rstrip('/')}{url_for('key_page.show')}"},
            }
        )

    @blueprint.get("/new-nonce")
    def new_nonce() -> Response:
        return Response(status=200 if request.method == "HEAD" else 204)

    @blueprint.post("/revoke-cert")
    def revoke() -> Response:
        source = client()
        rate.take(source)
        revocation.revoke(request, source)
        return Response(status=200)

    for address in _WITH_ACCOUNT.values():
        blueprint.add_url_rule(f"/{address}", endpoint=address.replace("-", "_"), view_func=_refuse, methods=["POST"])
    return blueprint


def _refuse() -> Response:
    raise NoAccounts
