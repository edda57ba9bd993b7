"""The three faces of a proof by the certificate's own key, put together for the subscriber's application."""

from dataclasses import dataclass

from flask import Blueprint

from pki_revocation.clock import Clock
from pki_revocation.rate_limiting.request_rate import RequestRate
from pki_revocation.service import RevocationService
from pki_revocation.web.receipts import ReceiptAddress

from .acme import acme_facade
from .endpoint import BY_KEY, by_key_api
from .nonces import Nonces
from .page import KeyPage, KeyPageParts, key_page
from .reading import ProofReader
from .tickets import ProofTickets

# Whose bodies may be as long as a proof.
NAMES = frozenset({"by_key", "acme", "key_page"})


@dataclass(frozen=True, slots=True)
class ProofBlueprints:
    """All of them, and those that need no protection of a form because they read no cookie."""

    all: tuple[Blueprint, ...]
    without_cookie: tuple[Blueprint, ...]


def blueprints(
    *,
    service: RevocationService,
    clock: Clock,
    session_key: str,
    public_url: str,
    proofs_per_minute: int,
    receipt_address: ReceiptAddress,
) -> ProofBlueprints:
    """Endpoint, ACME and page on one service; one source has one allowance for all three."""
    rate = RequestRate(proofs_per_minute)
    reader = ProofReader(f"{public_url.rstrip('/')}{BY_KEY}")
    endpoint = by_key_api(service=service, clock=clock, reader=reader, rate=rate, receipt_address=receipt_address)
    acme = acme_facade(service=service, nonces=Nonces(session_key, clock), rate=rate, public_url=public_url)
    parts = KeyPageParts(
        service=service,
        clock=clock,
        reader=reader,
        tickets=ProofTickets(session_key),
        rate=rate,
        receipt_address=receipt_address,
    )
    page = key_page(KeyPage(parts), public_url)
    return ProofBlueprints((endpoint, acme, page), (endpoint, acme))
