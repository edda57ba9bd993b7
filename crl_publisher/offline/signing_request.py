"""A CRL signing request: the very octets that are to be signed elsewhere, in a text file that people can read.

The facts in the text are for people's eyes. The program that reads the file takes nothing from them: they are made anew
from the octets, and a file whose text says anything else is refused, so that operators sign what they have read.
"""

import base64
import binascii
import hashlib
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from cryptography import x509

from crl_publisher.crl.reading import ParsedCrl, parse_crl
from crl_publisher.errors import UnreadableCrl, UnreadableRequest
from pki_revocation.clock import iso
from pki_revocation.encoding.declared import octets, values_of
from pki_revocation.encoding.der import bit_string, sequence
from pki_revocation.encoding.names import name_text
from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.encoding.serials import text_of_stored

_BEGIN, _END = "-----BEGIN CRL TO BE SIGNED-----", "-----END CRL TO BE SIGNED-----"
_BLOCK = re.compile(rf"{_BEGIN}\n([A-Za-z0-9+/=\n]+)\n{_END}")
_TITLE = "CRL signing request"
_LINE = 64
_SHOWN_ENTRIES = 20
# In a TBSCertList of version 2: version, signature, issuer.
_ALGORITHM_PLACE, _ISSUER_PLACE = 1, 2


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """*to_be_signed* is the DER of a TBSCertList."""

    to_be_signed: bytes

    @property
    def sha256(self) -> str:
        """Over the octets that are signed, in groups that people can compare by eye."""
        return " ".join(textwrap.wrap(hashlib.sha256(self.to_be_signed).hexdigest(), 8))

    @property
    def algorithm(self) -> bytes:
        """The AlgorithmIdentifier that the octets name, which the signature must be of (RFC 5280 section 5.1.1.2)."""
        return self._fields()[_ALGORITHM_PLACE]

    @property
    def issuer(self) -> bytes:
        """The issuer's name as it is to be signed."""
        return self._fields()[_ISSUER_PLACE]

    @property
    def key_identifier(self) -> bytes | None:
        """Of the key that is to sign."""
        try:
            found = self.unsigned().extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        except x509.ExtensionNotFound:
            return None
        return found.value.key_identifier

    def signed(self, signature: bytes) -> bytes:
        """The CRL, with this signature (RFC 5280 section 5.1.1)."""
        return sequence(self.to_be_signed, self.algorithm, bit_string(signature))

    def unsigned(self) -> ParsedCrl:
        """What is to be signed, as a relying party will read it.

        Raises:
            UnreadableCrl: when it is no CRL.
        """
        return parse_crl(self.signed(b""))

    def facts(self) -> Iterator[str]:
        """What people compare, one line each."""
        crl = self.unsigned()
        next_update = crl.next_update
        yield f"Issuer:       {name_text(self.issuer)}"
        yield f"Covers:       {_covered(crl)}"
        yield f"Number:       {crl.number}"
        yield f"This update:  {iso(crl.this_update)}"
        yield f"Next update:  {'none' if next_update is None else iso(next_update)}"
        yield f"Entries:      {len(crl)}"
        yield f"Octets:       {len(self.to_be_signed)}"
        yield f"SHA-256:      {self.sha256}"

    def entries(self) -> Iterator[str]:
        """What is revoked, one line each, as far as people read on."""
        crl = self.unsigned()
        for entry in islice(crl.entries(), _SHOWN_ENTRIES):
            reason = entry.reason.token if entry.reason else "no reason"
            yield f"{text_of_stored(entry.serial)}  {iso(entry.revocation_date)}  {reason}"
        if len(crl) > _SHOWN_ENTRIES:
            yield f"… and {len(crl) - _SHOWN_ENTRIES} more"

    def to_text(self) -> str:
        """The file that is carried to the machine that signs."""
        body = "\n".join(textwrap.wrap(base64.b64encode(self.to_be_signed).decode(), _LINE))
        return "\n".join([_TITLE, "", *self._text(), "", _BEGIN, body, _END, ""])

    @classmethod
    def from_text(cls, text: str) -> "SigningRequest":
        """Read the file again.

        Raises:
            UnreadableRequest: when it is none, or says in words what the octets do not say.
        """
        text = "\n".join(line.rstrip() for line in text.strip().splitlines())
        found = _BLOCK.search(text)
        if found is None or found.end() != len(text):
            raise UnreadableRequest(f"This is no CRL signing request: it does not end in one block {_BEGIN} … {_END}.")
        try:
            request = cls(base64.b64decode(found[1].replace("\n", ""), validate=True))
            said = "\n".join(line.rstrip() for line in [_TITLE, "", *request._text(), "", ""])
        except (binascii.Error, UnreadableCrl) as error:
            raise UnreadableRequest(f"What is to be signed in this request cannot be read: {error}") from error
        if text[: found.start()] != said:
            raise UnreadableRequest(
                "The facts in this request's text are not those of the octets that would be signed: the file was "
                "changed. Make a new one with 'pki-revocation crl request'."
            )
        return request

    def _text(self) -> Iterator[str]:
        yield from self.facts()
        entries = list(self.entries())
        if entries:
            yield "Revoked:"
            yield from (f"  {line}" for line in entries)

    def _fields(self) -> list[bytes]:
        try:
            fields = [octets(each) for each in values_of(self.to_be_signed)]
        except ValueError as error:
            raise UnreadableCrl(f"This is no TBSCertList in DER: {plain_cause(error)}.") from error
        if len(fields) <= _ISSUER_PLACE:
            raise UnreadableCrl("This is no TBSCertList: it has too few fields.")
        return fields


def _covered(crl: ParsedCrl) -> str:
    """Which certificates, in words (RFC 5280 section 5.2.5)."""
    try:
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return "all certificates"
    if point.only_contains_ca_certs:
        return "CA certificates"
    if point.only_contains_user_certs:
        return "all but CA certificates"
    return "the certificates that name " + ", ".join(str(each.value) for each in point.full_name or ())
