"""What the gate lets through in a CRL that another program put together, and tells as a warning.

Everything that a relying party acts on must still be as the journal and the standards have it. What other programs say
in other octets, or beside it, and no relying party acts on, is let through: entries in any order and with their
extensions in any order; a revocation date within a day of the journal's, because both are records of one act; the
issuer and serial beside the key identifier, where they are right (RFC 5280 section 4.2.1.1); and the extensions below,
which BR 7.2.2 does not recommend and does not forbid.
"""

from datetime import datetime, timedelta

from cryptography import x509

from crl_publisher.crl.crl_extensions import NEXT_CRL_PUBLISH
from crl_publisher.plan import Plan
from keys.identity import subject_key_identifier

from .findings import Findings

# BR 4.9.7: a revocation is on a CRL within 24 hours of being recorded.
_NEAR = timedelta(hours=24)
_HARMLESS = {
    "2.5.29.18": "issuerAltName",
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.4.1.311.21.1": "Microsoft's CA version",
    NEXT_CRL_PUBLISH: "Microsoft's next publication",
    "1.3.6.1.4.1.311.21.14": "Microsoft's CRL locations",
}


def let_extension_through(extension: x509.Extension[x509.ExtensionType], plan: Plan, findings: Findings) -> bool:
    """Whether an extension that was not planned does no harm."""
    name = _HARMLESS.get(extension.oid.dotted_string)
    if not plan.is_foreign or name is None or extension.critical:
        return False
    findings.warning("crl.extension.foreign", f"It says {name} too, which is not recommended (BR 7.2.2).")
    return True


def let_value_through(extension: x509.Extension[x509.ExtensionType], plan: Plan, findings: Findings) -> bool:
    """Whether an authority key identifier names the right key, and the right certificate beside it."""
    found = extension.value
    if not plan.is_foreign or not isinstance(found, x509.AuthorityKeyIdentifier):
        return False
    if not any(_names(found, certificate) for certificate in plan.issuer.certificates):
        return False
    findings.warning("crl.aki.foreign", "The authority key identifier names issuer and serial too (BR 7.2.2).")
    return True


def _names(found: x509.AuthorityKeyIdentifier, certificate: x509.Certificate) -> bool:
    try:
        return (
            found.key_identifier == subject_key_identifier(certificate)
            and found.authority_cert_serial_number == certificate.serial_number
            and list(found.authority_cert_issuer or ()) == [x509.DirectoryName(certificate.issuer)]
        )
    except ValueError:
        # A name that cannot be decoded cannot be compared here either.
        return False


def is_date_near(found: datetime, recorded: datetime, plan: Plan) -> bool:
    """Whether a date that is not the journal's may be another record of the same act."""
    return plan.is_foreign and abs(found - recorded) <= _NEAR


def advice_on_unknown(plan: Plan) -> str:
    """What to do about a revocation that the journal does not have."""
    if not plan.is_foreign:
        return ""
    return ": revoke it here with 'pki-revocation revoke', or take it in with 'pki-revocation doctor --restore FILE'"
