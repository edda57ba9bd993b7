"""A certification request as proof: signed by the key, with a subject that no request for a certificate would have.

It is what the field exchanges (draft-mpalmer-key-compromise-attestation; Boulder takes the first of the two names), so
that a finder of a key needs `openssl` alone. It has no freshness and no address, and needs neither: it says of the key
that it is no secret any more, which stays true, and all that a copy can do is what the first one did. A request that
was made to get a certificate has another subject, and proves nothing.
"""

import base64
import binascii
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki_revocation.encoding.der import BIT_STRING, SEQUENCE, DerError
from pki_revocation.encoding.names import COMMON_NAME, relative_names
from pki_revocation.encoding.signature_check import is_signature_of
from pki_revocation.encoding.values import span, spans, values_in

from .proven_key import MalformedProof, PrivateKeySent, ProofKind, ProofRefused, ProvenKey

DISCLOSED = "The key that signed this CSR has been publicly disclosed. It should not be used for any purpose."
ATTESTATION = "Key Compromise Attestation"
SUBJECTS = (DISCLOSED, ATTESTATION)
_PEM = re.compile(
    rb"-----BEGIN (NEW )?CERTIFICATE REQUEST-----(.*?)-----END (NEW )?CERTIFICATE REQUEST-----", re.DOTALL
)
# MD5 and SHA-1 with RSA, ECDSA and DSA with SHA-1: whoever can have a key sign something of their choice could have
# made that collide with a proof. Elsewhere a CA's old signatures by them are verified, because they were made long ago.
_WEAK = frozenset(
    bytes.fromhex(each) for each in ("2a864886f70d010104", "2a864886f70d010105", "2a8648ce3d0401", "2a8648ce380403")
)
_PSS, _PSS_HASH = bytes.fromhex("2a864886f70d01010a"), 0xA0
# Version, subject and key; attributes stand behind.
_FIELDS = 3


def csr_proof(body: bytes) -> ProvenKey:
    """The key that a certification request proves; *body* is its DER, or a text with its PEM.

    Raises:
        MalformedProof: when there is no request in it.
        PrivateKeySent: when there is a private key in it.
        ProofRefused: when the key did not sign it, or its subject is one that asks for a certificate.
    """
    if is_private_key(body):
        raise PrivateKeySent
    der = _der(body)
    try:
        outer = span(der, 0, len(der), SEQUENCE, "a request")
        info = span(der, outer.begin, outer.end, SEQUENCE, "what is signed")
        algorithm = span(der, info.end, outer.end, SEQUENCE, "the algorithm")
        signature = span(der, algorithm.end, outer.end, BIT_STRING, "the signature")
        fields = list(spans(der, info.begin, info.end))
        if outer.end != len(der) or signature.end != outer.end or len(fields) < _FIELDS:
            raise DerError("it has more or fewer parts than a request")
        _, subject, key = fields[:_FIELDS]
        said = [[(each.oid, each.text) for each in name] for name in relative_names(der[subject.at : subject.end])]
        is_weak = _is_weak(der[algorithm.begin : algorithm.end])
        public_key = der[key.at : key.end]
        loaded = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = str(error) if isinstance(error, DerError) else "its key or its subject cannot be read"
        raise MalformedProof(f"The certification request cannot be read: {reason}.") from None
    signed, octets = der[info.at : info.end], der[signature.begin + 1 : signature.end]
    if not is_signature_of(loaded, octets, signed, der[algorithm.at : algorithm.end]):
        raise ProofRefused("The certification request is not signed by the private half of the key in it.")
    if is_weak:
        raise ProofRefused("The certification request is signed by way of MD5 or SHA-1: make one with SHA-256.")
    if said not in [[[(COMMON_NAME, name)]] for name in SUBJECTS]:
        raise ProofRefused(
            f"The certification request asks for a certificate: as a proof its subject is one CN alone, {DISCLOSED!r} "
            f"or {ATTESTATION!r}."
        )
    return ProvenKey(public_key=public_key, kind=ProofKind.CSR, evidence=der)


def is_private_key(body: bytes) -> bool:
    """Whether a text holds a private key in PEM."""
    return b"PRIVATE KEY-----" in body


def _is_weak(algorithm: bytes) -> bool:
    (_, oid), *parameters = values_in(algorithm)
    if oid == _PSS:
        # RFC 4055 section 3.1: without a hash, it is SHA-1.
        return not any(tag == _PSS_HASH for _, contents in parameters for tag, _ in values_in(contents))
    return oid in _WEAK


def _der(body: bytes) -> bytes:
    if body[:1] == bytes([SEQUENCE]):
        return body
    found = _PEM.findall(body)
    if len(found) != 1:
        raise MalformedProof("There is no certification request in it, or more than one: send one, in PEM or DER.")
    try:
        return base64.b64decode(b"".join(found[0][1].split()), validate=True)
    except binascii.Error:
        raise MalformedProof("The certification request's PEM is not base64.") from None
