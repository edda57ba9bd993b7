"""The receipt of a revocation: a PDF to keep, whose proof is attached and is not ours to define.

PDF/A-3a, so that it can be read in many years and carry files (ISO 19005-3), and PDF/UA-1, so that screen readers can
read it (ISO 14289-1). The proof is the signed OCSP response and the CRL; the words beside it say how to check them,
with a root that readers fetch from elsewhere.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Self

from babel.dates import format_datetime
from cryptography import x509

from pki_revocation.config.settings import ContactSettings
from pki_revocation.encoding.names import common_name, subject_text
from pki_revocation.model import Confirmation, serial_text
from pki_revocation.numbers import grouped
from pki_revocation.proof.gathering import ReceiptEvidence
from pki_revocation.subscribers.languages import AMSTERDAM, Language
from pki_revocation.subscribers.reason_words import with_token
from pki_revocation.subscribers.wording import terms_in

from .checking import attachments_of, commands_for, fingerprint_lines
from .typesetting import DocumentNotSet, typeset

_LOCAL = {Language.DUTCH: "EEEE d MMMM y 'om' HH:mm:ss", Language.ENGLISH: "EEEE d MMMM y 'at' HH:mm:ss"}
_ZONES = {Language.DUTCH: "Nederlandse tijd", Language.ENGLISH: "Dutch time"}
_UTC = {Language.DUTCH: "d MMMM y 'om' HH:mm:ss 'UTC'", Language.ENGLISH: "d MMMM y 'at' HH:mm:ss 'UTC'"}
_REGIONS = {Language.DUTCH: "NL", Language.ENGLISH: "GB"}
_NAMES = {Language.DUTCH: "intrekkingsbewijs", Language.ENGLISH: "revocation-receipt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSurroundings:
    """What a receipt says beside the revocation: where its root can be compared, and how else it can be checked.

    *trust_anchor_url* and *cps_url* are places outside the receipt that show the root; *verify_url* is the page that
    checks receipts, and *signer* names who signs this one, if anything does. Each is empty where there is none.
    """

    trust_anchor_url: str = ""
    cps_url: str = ""
    verify_url: str = ""
    signer: str = ""

    @classmethod
    def of(cls, contact: ContactSettings, public_url: str, *, has_check: bool) -> Self:
        """By the configuration; *has_check* where the page at *public_url* checks receipts."""
        return cls(
            trust_anchor_url=contact.trust_anchor_url,
            cps_url=contact.cps_url,
            verify_url=f"{public_url.rstrip('/')}/receipt/verify" if has_check else "",
        )


ALONE = ReceiptSurroundings()


def receipt_name(confirmation: Confirmation, language: Language) -> str:
    """The file's name: it holds the reference, which names the revocation and opens nothing."""
    return f"{_NAMES[language]}-{confirmation.entry.reference}.pdf"


def compile_receipt(
    confirmation: Confirmation,
    evidence: ReceiptEvidence,
    language: Language,
    made_at: datetime,
    surroundings: ReceiptSurroundings = ALONE,
) -> bytes:
    """The receipt as a PDF with the proof attached; without an OCSP response it says that it proves nothing yet.

    Raises:
        DocumentNotSet: when a character cannot be printed.
    """
    facts = _facts(confirmation, language)
    first = evidence.first_reference
    facts["first"] = first if first not in {"", confirmation.entry.reference} else None
    try:
        return _set(facts, _evidence(confirmation, evidence, language), surroundings, evidence, language, made_at)
    except DocumentNotSet:
        # A name in a script that no font here has: the receipt is worth more than how the name looks.
        plain = {name: _escaped(text) for name, text in facts.items()}
        return _set(plain, _evidence(confirmation, evidence, language), surroundings, evidence, language, made_at)


def _escaped(value: object) -> object:
    return value.encode("latin-1", "backslashreplace").decode("latin-1") if isinstance(value, str) else value


def _set(
    facts: dict[str, object],
    proof: dict[str, object],
    surroundings: ReceiptSurroundings,
    evidence: ReceiptEvidence,
    language: Language,
    made_at: datetime,
) -> bytes:
    attachments = attachments_of(evidence)
    return typeset(
        "receipt.typ",
        {
            "language": language.value,
            "region": _REGIONS[language],
            "facts": json.dumps(facts),
            "proof": json.dumps(proof),
            "around": json.dumps(asdict(surroundings)),
            "files": json.dumps(sorted(attachments)),
            "terms": json.dumps(terms_in(language)),
            "made": _zoned(made_at, language),
        },
        standards=("ua-1", "a-3a"),
        timestamp=made_at,
        attachments=attachments,
        parts=("receipt_words.typ",),
    )


def _facts(confirmation: Confirmation, language: Language) -> dict[str, object]:
    entry, certificate = confirmation.entry, confirmation.certificate
    shown = entry.revocation_date
    return {
        "revoked": _moment(confirmation.revoked_at, language),
        "revoked_utc": _utc(confirmation.revoked_at, language),
        "shown": None if shown == confirmation.revoked_at else _utc(shown, language),
        "raised": None if entry.raised_at is None else _zoned(entry.raised_at, language),
        "since": None if entry.invalidity_date is None else _zoned(entry.invalidity_date, language),
        "organisation": certificate.organisation or None,
        "subject": certificate.subject.replace(",", ", ") or None,
        "serial": serial_text(certificate.serial),
        "number": None if certificate.number is None else grouped(certificate.number),
        "issuer": _common_name(confirmation.issuer.certificate),
        "reason": with_token(entry.reason, language),
        "reference": entry.reference,
        "sequence": str(entry.sequence),
    }


def _evidence(confirmation: Confirmation, evidence: ReceiptEvidence, language: Language) -> dict[str, object]:
    commands = commands_for(evidence, confirmation.certificate.serial)
    found: dict[str, object] = {
        "ocsp": None,
        "crl": None,
        "stamp": None,
        "stamps": evidence.is_stamped_later,
        "chain": [_common_name(each) for each in evidence.chain],
        "whole": evidence.is_whole,
        "root": _common_name(evidence.chain[-1]),
        "fingerprint": {"lines": fingerprint_lines(evidence.chain[-1]), "command": commands.fingerprint},
    }
    if evidence.ocsp is not None:
        found["ocsp"] = {
            "signed": _utc(evidence.ocsp.produced_at, language),
            "signer": evidence.ocsp.signer.replace(",", ", "),
            "command": commands.ocsp,
        }
    if evidence.crl is not None:
        found["crl"] = {
            # OpenSSL prints it in hexadecimal.
            "number": f"{evidence.crl.number} (0x{evidence.crl.number:X})",
            "sha256": evidence.crl.sha256,
            "address": evidence.crl.address,
            "since": None if evidence.crl.since is None else _utc(evidence.crl.since, language),
            "attached": evidence.crl.der is not None,
            "posix": commands.crl_posix,
            "powershell": commands.crl_powershell,
        }
    if evidence.stamp is not None:
        found["stamp"] = {
            "at": _utc(evidence.stamp.stamped_at, language),
            "authority": evidence.stamp.authority,
            "root": _common_name(evidence.stamp.anchor),
            "fingerprint": fingerprint_lines(evidence.stamp.anchor),
            "command": commands.stamp,
        }
    return found


def _zoned(moment: datetime, language: Language) -> str:
    return f"{_moment(moment, language)} ({_ZONES[language]})"


def _moment(moment: datetime, language: Language) -> str:
    return str(format_datetime(moment, _LOCAL[language], tzinfo=AMSTERDAM, locale=language.locale))


def _utc(moment: datetime, language: Language) -> str:
    return str(format_datetime(moment, _UTC[language], tzinfo=UTC, locale=language.locale))


def _common_name(certificate: x509.Certificate) -> str:
    return common_name(certificate) or subject_text(certificate)
