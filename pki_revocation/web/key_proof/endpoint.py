"""POST /api/v1/revocations/by-key, and GET /api/v1/compromised-keys/{sha256} for issuers.

A proof needs no account, no code and no person: it is stronger than a signed form. It forces keyCompromise, whatever
was asked, for every certificate with the key (BR 4.9.1.1 (3)).
"""

import re

from flask import Blueprint, Response, jsonify, request

from pki_revocation.clock import Clock, iso
from pki_revocation.rate_limiting.request_rate import RequestRate
from pki_revocation.register.compromised_keys import CompromisedKey
from pki_revocation.service import RevocationService
from pki_revocation.web.receipts import ReceiptAddress
from pki_revocation.web.request_origin import client

from .outcomes import as_json, log_outcomes
from .reading import MEDIA_TYPES, NoKeyHash, ProofReader, UnknownProofType, UnlistedKey

BY_KEY = "/api/v1/revocations/by-key"
COMPROMISED_KEYS = "/api/v1/compromised-keys"
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
# What is on the list was proven, or was put there by an operator, who may take it off again.
_KEPT_SECONDS = 3600


def by_key_api(
    *,
    service: RevocationService,
    clock: Clock,
    reader: ProofReader,
    rate: RequestRate,
    receipt_address: ReceiptAddress,
) -> Blueprint:
    """The blueprint of both addresses; *service* revokes, and *rate* slows floods down."""
    blueprint = Blueprint("by_key", __name__)

    @blueprint.post(BY_KEY)
    def revoke() -> Response:
        source = client()
        rate.take(source)
        if request.mimetype not in MEDIA_TYPES:
            raise UnknownProofType
        proven = reader.read(request.get_data(), clock.now(), request.mimetype)
        outcomes = service.revoke_by_key(proven, {"address": source.address})
        log_outcomes(outcomes)
        return jsonify(
            {
                "key_sha256": proven.sha256.hex(),
                "certificates": [as_json(each, receipt_address) for each in outcomes],
            }
        )

    @blueprint.get(f"{COMPROMISED_KEYS}/<sha256>")
    def compromised(sha256: str) -> Response:
        if not _SHA256.fullmatch(sha256):
            raise NoKeyHash
        found = service.keys.compromised(bytes.fromhex(sha256))
        if found is None:
            raise UnlistedKey
        response = jsonify(_about(found))
        # A key that is known to be compromised stays so; that one is not known is true for this moment alone.
        response.cache_control.public, response.cache_control.max_age = True, _KEPT_SECONDS
        return response

    return blueprint


def _about(found: CompromisedKey) -> dict[str, object]:
    return {"key_sha256": found.sha256.hex(), "since": iso(found.since), "source": found.source.value}
