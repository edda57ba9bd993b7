"""How issuers and certificates are named to subscribers: by the common name where there is one."""

from pki_revocation.encoding.names import common_name, subject_text
from pki_revocation.model import IssuedCertificate, Issuer
from pki_revocation.register.host_names import common_name_in


def issuer_name(issuer: Issuer) -> str:
    """The common name in the CA's certificate, or its whole subject."""
    certificate = issuer.certificate
    return common_name(certificate) or subject_text(certificate)


def subject_name(certificate: IssuedCertificate) -> str:
    """The common name in the subject, for a server its host name, or the whole subject."""
    return common_name_in(certificate.subject) or certificate.subject
