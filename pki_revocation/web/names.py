"""How issuers and certificates are named to subscribers: by the common name where there is one."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_revocation.encoding.names import common_name, subject_text
from pki_revocation.model import IssuedCertificate, Issuer


def issuer_name(issuer: Issuer) -> str:
    """The common name in the CA's certificate, or its whole subject."""
    certificate = issuer.certificate
    return common_name(certificate) or subject_text(certificate)


def subject_name(certificate: IssuedCertificate) -> str:
    """The common name in the subject, for a server its host name, or the whole subject."""
    try:
        subject = x509.Name.from_rfc4514_string(certificate.subject)
    except ValueError:
        # The subject of an OpenSSL index or a CSV need not be an RFC 4514 string.
        return certificate.subject
    return _common_name(subject) or certificate.subject


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""
