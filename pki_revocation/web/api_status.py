"""GET /api/v1/revocations/{reference}: how far a revocation is, for a program that has its token.

The token is looked at before the reference, so that no answer tells a stranger which references exist.
"""

from datetime import timedelta

from flask import Blueprint, Response, g, jsonify

from pki_revocation.clock import Clock
from pki_revocation.errors import NotFound, QuotaLeft
from pki_revocation.model import Confirmation
from pki_revocation.rate_limiting.quota_fields import LIMIT_FIELD, POLICY_FIELD, limit_field, policy_field
from pki_revocation.rate_limiting.request_quota import QuotaPolicy, RequestQuota
from pki_revocation.service import RevocationService

from .api_access import StatusTokens, bearer_token
from .api_answer import STATUS_PATH, Links, receipt_members, revocation_members, visibility_members
from .request_origin import client

# A client that asks every second until all is settled, and some beside it behind the same address.
POLICY = QuotaPolicy(name="status", quota=120, window=timedelta(minutes=1))

_NO_REVOCATION = "This token opens no revocation with this reference: take address and token from one answer."


def api_status(*, service: RevocationService, clock: Clock, tokens: StatusTokens, links: Links) -> Blueprint:
    """The endpoint's blueprint; *service* reads confirmations and measures what others see of them."""
    blueprint = Blueprint("api_status", __name__)
    requests = RequestQuota(POLICY, clock)

    @blueprint.before_request
    def count() -> None:
        g.requests_left = requests.take(client())

    @blueprint.after_request
    def tell_limit(response: Response) -> Response:
        response.headers[POLICY_FIELD] = policy_field((POLICY,))
        left: QuotaLeft | None = g.get("requests_left")
        if left is not None:
            response.headers[LIMIT_FIELD] = limit_field(left)
        return response

    # Of a reference's length: what has another one is no reference, and may be an endpoint of its own.
    @blueprint.get(f"{STATUS_PATH}<string(length=14):reference>")
    def status(reference: str) -> Response:
        token = bearer_token()
        confirmation = _as_it_stands(service, tokens.open(token))
        if reference not in {confirmation.entry.reference, confirmation.first.reference}:
            raise NotFound(_NO_REVOCATION)
        seen = service.propagation(confirmation)
        return jsonify(
            revocation_members(confirmation) | receipt_members(token, links) | visibility_members(seen, confirmation)
        )

    return blueprint


def _as_it_stands(service: RevocationService, opened: Confirmation) -> Confirmation:
    """The certificate's latest row, whichever of its rows the token was given for."""
    latest = service.status(opened.issuer.name, opened.entry.serial).entry
    return opened if latest is None else service.confirmation(opened.issuer.id, latest.sequence)
