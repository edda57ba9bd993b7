"""POST /api/v1/revocations: number and code revoke in one request, and a repeat gets the original answer.

It uses no cookie, so there is nothing that a foreign page could ride on; it takes JSON alone, which a foreign form
cannot send. What a client accepts is not looked at: no urgent revocation fails for a header (RFC 9110 section 12.4.1).
"""

from flask import Blueprint, Response, jsonify, request

from pki_revocation.clock import Clock
from pki_revocation.model import Channel
from pki_revocation.rate_limiting.quota_fields import POLICY_FIELD, policies_of, policy_field
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.runtime.problem_documents import OtherMediaType
from pki_revocation.service import RevocationRequest, RevocationService

from .api_access import StatusTokens
from .api_answer import Links, not_recorded, receipt_members, revocation_members
from .api_document import MEDIA_TYPE, read_document
from .outcomes import log_outcome
from .request_origin import client

PREFIX = "/api/"


def api(
    *, service: RevocationService, clock: Clock, tokens: StatusTokens, links: Links, limits: LimitSettings
) -> Blueprint:
    """The endpoint's blueprint; *service* revokes, and *limits* are told with every answer."""
    blueprint = Blueprint("api", __name__)
    policies = policy_field(policies_of(limits))

    @blueprint.after_request
    def tell_limits(response: Response) -> Response:
        response.headers.setdefault(POLICY_FIELD, policies)
        return response

    @blueprint.post("/api/v1/revocations")
    def revoke() -> Response:
        if request.mimetype != MEDIA_TYPE:
            raise OtherMediaType(MEDIA_TYPE)
        document = read_document(request.get_data(), clock.now())
        source = client()
        revocation_request = RevocationRequest(
            reason=document.reason,
            channel=Channel.API,
            compromised_at=document.compromised_at,
            source={"address": source.address},
        )
        subscriber = service.authenticate(document.number, document.code, source, Channel.API)
        if document.compromised_at is not None:
            document.refuse_date_before_certificate(service.describe(subscriber))
        confirmation = service.revoke(subscriber, revocation_request)
        log_outcome(confirmation)
        token = tokens.give(confirmation)
        status_url = links.status(confirmation.entry.reference)
        answer = revocation_members(confirmation) | receipt_members(token, links)
        response = jsonify(
            answer
            | {
                "repeated": confirmation.repeated,
                "not_recorded": not_recorded(revocation_request, confirmation),
                "status_url": status_url,
                "status_token": token,
            }
        )
        response.headers["Location"] = status_url
        return response

    return blueprint
