"""All tables of all packages; the queries stay with the package that asks them."""

from .base import metadata
from .columns import CrlNumber, SerialNumber, UtcDateTime
from .installing import installation_marks
from .publication import (
    crl_entries,
    crl_projections,
    crl_schedules,
    crl_stretches,
    crls,
    leases,
    outlet_states,
    probe_states,
    publication_requests,
)
from .records import APPEND_ONLY, audit, audit_head, journal, journal_heads, lost_revocations, personal_details
from .registration import (
    api_tokens,
    barred_serials,
    certificate_keys,
    certificates,
    compromised_keys,
    contacts,
    crl_shards,
    issuers,
    letter_recipients,
    number_counter,
    revocation_codes,
)
from .responding import delegate_requests, delegate_responders, ocsp_responders
from .running import expected_responders, service_failures
from .subscribing import (
    attempt_episodes,
    attempt_failures,
    attempt_minutes,
    mail_outbox,
    maintenance,
    proxy_sightings,
    shown_proofs,
    used_nonces,
)
from .timekeeping import clock_marks

__all__ = [
    "APPEND_ONLY",
    "CrlNumber",
    "SerialNumber",
    "UtcDateTime",
    "api_tokens",
    "attempt_episodes",
    "attempt_failures",
    "attempt_minutes",
    "audit",
    "audit_head",
    "barred_serials",
    "certificate_keys",
    "certificates",
    "clock_marks",
    "compromised_keys",
    "contacts",
    "crl_entries",
    "crl_projections",
    "crl_schedules",
    "crl_shards",
    "crl_stretches",
    "crls",
    "delegate_requests",
    "delegate_responders",
    "expected_responders",
    "installation_marks",
    "issuers",
    "journal",
    "journal_heads",
    "leases",
    "letter_recipients",
    "lost_revocations",
    "mail_outbox",
    "maintenance",
    "metadata",
    "number_counter",
    "ocsp_responders",
    "outlet_states",
    "personal_details",
    "probe_states",
    "proxy_sightings",
    "publication_requests",
    "revocation_codes",
    "service_failures",
    "shown_proofs",
    "used_nonces",
]
