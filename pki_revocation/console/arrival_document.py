"""What comes in with `POST /api/v1/certificates`: one certificate in PEM or DER, or JSON with it and its recipients."""

from dataclasses import dataclass

from pki_revocation.encoding.certificate_parts import CertificateParts
from pki_revocation.encoding.json_document import MalformedDocument, UnfitMember, read_members
from pki_revocation.importing.pem_der import certificate_from_der, certificate_from_pem
from pki_revocation.importing.text_files import encoding_of, without_marks
from pki_revocation.subscribers.contacts import Contact, UnfitContact
from pki_revocation.subscribers.recipients import Recipient, UnfitRecipient

JSON = "application/json"
PEM_TYPES = frozenset({"application/x-pem-file", "application/pem-certificate-chain"})
DER = "application/pkix-cert"
MEDIA_TYPES = (JSON, *sorted(PEM_TYPES), DER)
_MEMBERS = ("certificate", "language", "address", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalDocument:
    """The certificate, and the recipients of its letter and its mail where the document names them."""

    certificate: CertificateParts
    recipient: Recipient | None = None
    contact: Contact | None = None


def read_arrival(body: bytes, media_type: str) -> ArrivalDocument:
    """Read a body of one of the `MEDIA_TYPES`.

    Raises:
        MalformedDocument: when it cannot be read.
        UnfitMember: when JSON has other members than the ones that belong there.
        CandidateRefused: when what should be a certificate is none.
    """
    if media_type == DER:
        return ArrivalDocument(certificate=certificate_from_der(body))
    if media_type in PEM_TYPES:
        return ArrivalDocument(certificate=_from_pem(body))
    members = read_members(body, _MEMBERS, "one with the member certificate")
    certificate, language, address, email = (members.get(name) for name in _MEMBERS)
    if not isinstance(certificate, str):
        raise UnfitMember("The member certificate is missing, or is not a string with a certificate in PEM.")
    if not isinstance(language, str | None):
        raise UnfitMember("The member language is not a string.")
    if not isinstance(address, list | None) or any(not isinstance(line, str) for line in address or ()):
        raise UnfitMember("The member address is not a list of strings, one for each line.")
    if not isinstance(email, str | None):
        raise UnfitMember("The member email is not a string.")
    try:
        recipient = Recipient.of(language or "", address or ())
        contact = None if email is None else Contact.of(email, language or "")
    except (UnfitRecipient, UnfitContact) as error:
        raise UnfitMember(str(error)) from None
    return ArrivalDocument(
        certificate=_from_pem(certificate.encode("utf-8", "replace")), recipient=recipient, contact=contact
    )


def _from_pem(text: bytes) -> CertificateParts:
    """One certificate and nothing else: of several, it could not be said which one was meant."""
    stripped = without_marks(text.decode(encoding_of(text), "replace")).strip()
    if stripped.count("-----BEGIN ") != 1 or not stripped.startswith("-----BEGIN "):
        raise MalformedDocument("The PEM holds no certificate, or something beside it: send one certificate alone.")
    return certificate_from_pem(stripped)
