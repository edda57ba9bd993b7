"""The host names that a certificate is for: what subscribers tell several certificates of theirs apart by."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import DerError
from pki_revocation.encoding.names import on_one_line
from pki_revocation.model import IssuedCertificate
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.wording import Wording

# More names than these are counted.
_NAMED = 3
_MORE = Wording("en nog {}", "and {} more")


def host_names(certificate: IssuedCertificate) -> tuple[str, ...]:
    """Its DNS names; where it has none or came in without its DER, its common name or else its whole subject."""
    if certificate.der is not None:
        try:
            names = tuple(on_one_line(name) for name in parts_of(certificate.der).dns_names)
        except DerError:
            names = ()
        if names:
            return names
    name = common_name_in(certificate.subject) or certificate.subject
    return (name,) if name else ()


def listed(names: tuple[str, ...], language: Language) -> str:
    """The first three names, and how many there are besides."""
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return shown if more <= 0 else f"{shown} {_MORE.in_language(language).format(more)}"


def common_name_in(subject: str) -> str:
    """The first common name in a subject that is written as text; empty where there is none, or none can be told."""
    try:
        found = x509.Name.from_rfc4514_string(subject).get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        # The subject of an OpenSSL index or a CSV need not be an RFC 4514 string.
        return ""
    return str(found[0].value) if found else ""
