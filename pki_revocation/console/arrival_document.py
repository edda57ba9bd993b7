"""What comes in with `POST /api/v1/certificates`: one certificate in PEM or DER, or JSON with it and its recipients."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pki_revocation.encoding.certificate_parts import CertificateParts
from pki_revocation.encoding.json_document import MalformedDocument, Mistakes, UnfitMember, pointer_to, read_members
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
        UnfitDocument: with all mistakes, when JSON has other members than the ones that belong there.
        CandidateRefused: when what should be a certificate is none.
    """
    if media_type == DER:
        return ArrivalDocument(certificate=certificate_from_der(body))
    if media_type in PEM_TYPES:
        return ArrivalDocument(certificate=_from_pem(body))
    mistakes = Mistakes()
    members = read_members(body, _MEMBERS, "one with the member certificate", mistakes)
    certificate: Any = members.get("certificate")
    language, address, email = (members.get(name) for name in _MEMBERS[1:])
    for name, is_fit, says in (
        ("certificate", isinstance(certificate, str), "is missing, or is not a string with a certificate in PEM"),
        ("language", isinstance(language, str | None), "is not a string"),
        ("address", _are_lines(address), "is not a list of strings, one for each line"),
        ("email", isinstance(email, str | None), "is not a string"),
    ):
        if not is_fit:
            mistakes.note(pointer_to(name), UnfitMember(f"The member {name} {says}."))
    mistakes.refuse()
    # Each by itself, so that each mistake has its place.
    readers: tuple[tuple[str, Callable[[], object]], ...] = (
        ("language", partial(Recipient.of, language or "", ())),
        ("address", partial(Recipient.of, "", address or ())),
        ("email", lambda: None if email is None else Contact.of(email, "")),
    )
    for name, read in readers:
        try:
            read()
        except (UnfitRecipient, UnfitContact) as error:
            mistakes.note(pointer_to(name), UnfitMember(str(error)))
    mistakes.refuse()
    return ArrivalDocument(
        certificate=_from_pem(certificate.encode("utf-8", "replace")),
        recipient=Recipient.of(language or "", address or ()),
        contact=None if email is None else Contact.of(email, language or ""),
    )


def _are_lines(address: object) -> bool:
    return address is None or (isinstance(address, list) and all(isinstance(line, str) for line in address))


def _from_pem(text: bytes) -> CertificateParts:
    """One certificate and nothing else: of several, it could not be said which one was meant."""
    stripped = without_marks(text.decode(encoding_of(text), "replace")).strip()
    if stripped.count("-----BEGIN ") != 1 or not stripped.startswith("-----BEGIN "):
        raise MalformedDocument("The PEM holds no certificate, or something beside it: send one certificate alone.")
    return certificate_from_pem(stripped)
