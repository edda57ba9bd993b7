"""Certificates that no builder would make, signed by a test's authority all the same."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.encoding import der
from pki_revocation.encoding.declared import octets, values_of
from tests.pki import CertificateAuthority

SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS = range(1, 8)
POISON = der.extension(der.object_identifier("1.3.6.1.4.1.11129.2.4.3"), b"\x05\x00", critical=True)
TIMESTAMPS = der.extension(der.object_identifier("1.3.6.1.4.1.11129.2.4.2"), der.octet_string(b"\0\0"))


def crafted(
    authority: CertificateAuthority,
    like: x509.Certificate,
    fields: dict[int, bytes] | None = None,
    *,
    extensions: Sequence[bytes] | None = None,
) -> bytes:
    """The DER of a certificate like another one, signed anew.

    Args:
        authority: signs it.
        like: where everything comes from that is not given.
        fields: what stands in the place of each field of the TBSCertificate, by its rank, with its tag.
        extensions: more of them, behind those that it has.
    """
    parts = [octets(each) for each in values_of(like.tbs_certificate_bytes)]
    for place, value in (fields or {}).items():
        parts[place] = value
    if extensions is not None:
        (listed,) = values_of(b"\x30" + parts[EXTENSIONS][1:])
        own = [octets(each) for each in values_of(octets(listed))]
        parts[EXTENSIONS] = der.explicit(3, der.sequence(*own, *extensions))
    signed = der.sequence(*parts)
    algorithm = octets(values_of(like.public_bytes(Encoding.DER))[1])
    return der.sequence(signed, algorithm, der.bit_string(authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))))
