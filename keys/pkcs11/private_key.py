"""Private keys on a token that look like those of `cryptography`: builders and identities take them as they are.

The key stays on the token: what is signed is hashed here, and the digest alone goes there (CKM_ECDSA, CKM_RSA_PKCS over
the DigestInfo, CKM_RSA_PKCS_PSS); Ed25519 needs the whole text. Nothing of the private key is ever read.
"""

from collections.abc import Callable
from typing import Any, NoReturn

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed, encode_dss_signature
from pkcs11 import MGF, Attribute, Mechanism, ObjectClass

from keys.errors import UnusableKey
from pki_revocation.encoding.der import NULL, object_identifier, octet_string, sequence, tlv

from .public_key import public_key_of
from .session_pool import BorrowedSession
from .token import KeyNotFound, Token
from .uri import Pkcs11Uri

_DIGESTS: dict[str, tuple[bytes, Mechanism, MGF]] = {
    "sha256": (object_identifier("2.16.840.1.101.3.4.2.1"), Mechanism.SHA256, MGF.SHA256),
    "sha384": (object_identifier("2.16.840.1.101.3.4.2.2"), Mechanism.SHA384, MGF.SHA384),
    "sha512": (object_identifier("2.16.840.1.101.3.4.2.3"), Mechanism.SHA512, MGF.SHA512),
}
_Signs = Callable[..., bytes]
Buffer = bytes | bytearray | memoryview


def load_token_key(uri: Pkcs11Uri, token: Token) -> CertificateIssuerPrivateKeyTypes:
    """The key that a URI names.

    Raises:
        KeyUnavailable: when the token, its PIN or the key is not there now.
        UnusableKey: when the key does not sign, or is of a type that is not supported.
    """

    def look(borrowed: BorrowedSession) -> tuple[PublicKeyTypes, bool]:
        key = _private_key(uri, borrowed)
        if _says(key, Attribute.SIGN) is False:
            raise UnusableKey(f"The {uri} is not for signing (CKA_SIGN).")
        if _says(key, Attribute.ALWAYS_AUTHENTICATE):
            raise UnusableKey(f"The {uri} wants its PIN for every signature: no service can sign with it.")
        return public_key_of(borrowed.session, key, str(uri)), _says(key, Attribute.EXTRACTABLE) is not False

    def sign(data: bytes, mechanism: Mechanism, parameter: object = None) -> bytes:
        def act(borrowed: BorrowedSession) -> bytes:
            return bytes(_private_key(uri, borrowed).sign(data, mechanism=mechanism, mechanism_param=parameter))

        return token.run(act)

    public, extractable = token.run(look)
    match public:
        case rsa.RSAPublicKey():
            return TokenRsaKey(public, sign, str(uri), extractable=extractable)
        case ec.EllipticCurvePublicKey():
            return TokenEcKey(public, sign, str(uri), extractable=extractable)
        case ed25519.Ed25519PublicKey():
            return TokenEd25519Key(public, sign, str(uri), extractable=extractable)
        case _:
            raise UnusableKey(f"The {uri} is of a type that is not supported: use RSA, P-256, P-384 or Ed25519.")


class _OnToken:
    """What every key on a token refuses. *extractable*: whether the token would give it out to a holder of the PIN."""

    may_wait = True

    def __init__(self, public: Any, sign: _Signs, where: str, *, extractable: bool) -> None:  # noqa: ANN401 - of the subclass's type
        self.extractable = extractable
        self._public = public
        self._sign = sign
        self._where = where

    def __repr__(self) -> str:
        return f"<{self._where}>"

    def __copy__(self) -> Any:  # noqa: ANN401 - itself, of whichever type
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:  # noqa: ANN401 - itself, of whichever type
        return self

    def __reduce__(self) -> NoReturn:
        self._refuse()

    def private_bytes(self, *_: object, **__: object) -> NoReturn:
        """Refused: the key does not leave its token."""
        self._refuse()

    def private_bytes_raw(self) -> NoReturn:
        """Refused: the key does not leave its token."""
        self._refuse()

    def private_numbers(self) -> NoReturn:
        """Refused: the key does not leave its token."""
        self._refuse()

    def decrypt(self, *_: object) -> NoReturn:
        """Refused: signing keys sign and do nothing else."""
        raise UnusableKey(f"The {self._where} signs, and does nothing else.")

    def exchange(self, *_: object) -> NoReturn:
        """Refused: signing keys sign and do nothing else."""
        raise UnusableKey(f"The {self._where} signs, and does nothing else.")

    def _refuse(self) -> NoReturn:
        raise UnusableKey(f"The {self._where} never leaves its token.")


class TokenEcKey(_OnToken, ec.EllipticCurvePrivateKey):
    """A key on P-256 or P-384 that stays on its token."""

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve of the public key."""
        return self.public_key().curve

    @property
    def key_size(self) -> int:
        """In bits."""
        return self.curve.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """As the token gave it when the key was opened."""
        public: ec.EllipticCurvePublicKey = self._public
        return public

    def sign(self, data: Buffer, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """ECDSA-Sig-Value (RFC 5480 appendix A); the token gives the two numbers side by side."""
        digest, _ = _digested(data, signature_algorithm.algorithm)
        raw = self._sign(digest, Mechanism.ECDSA)
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))


class TokenRsaKey(_OnToken, rsa.RSAPrivateKey):
    """RSA, with PKCS#1 v1.5 or PSS."""

    @property
    def key_size(self) -> int:
        """In bits."""
        return self.public_key().key_size

    def public_key(self) -> rsa.RSAPublicKey:
        """As the token gave it when the key was opened."""
        public: rsa.RSAPublicKey = self._public
        return public

    def sign(
        self,
        data: Buffer,
        padding: padding.AsymmetricPadding,
        algorithm: Prehashed | hashes.HashAlgorithm | NoDigestInfo,
    ) -> bytes:
        """RFC 8017 sections 8.1 and 8.2."""
        if isinstance(algorithm, NoDigestInfo):
            raise UnusableKey(f"The {self._where} signs digests with their DigestInfo alone.")
        digest, name = _digested(data, algorithm)
        oid, mechanism, mask = _DIGESTS[name]
        if padding.name == "EMSA-PKCS1-v1_5":
            # RFC 8017 section 9.2: DigestInfo, with NULL.
            return self._sign(sequence(sequence(oid, tlv(NULL)), octet_string(digest)), Mechanism.RSA_PKCS)
        _refuse_other_pss(padding, name, len(digest))
        return self._sign(digest, Mechanism.RSA_PKCS_PSS, (mechanism, mask, len(digest)))


class TokenEd25519Key(_OnToken, ed25519.Ed25519PrivateKey):
    """Ed25519, where the token has it (PKCS#11 3.0)."""

    def public_key(self) -> ed25519.Ed25519PublicKey:
        """As the token gave it when the key was opened."""
        public: ed25519.Ed25519PublicKey = self._public
        return public

    def sign(self, data: Buffer) -> bytes:
        """RFC 8032 section 5.1.6: two passes over the text, so that the token needs all of it."""
        return self._sign(bytes(data), Mechanism.EDDSA)


def _private_key(uri: Pkcs11Uri, borrowed: BorrowedSession) -> Any:  # noqa: ANN401 - a class that is made at run time
    """The one key that the URI names, in this session."""
    found = borrowed.keys.get(uri)
    if found is not None:
        return found
    wanted: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if uri.label is not None:
        wanted[Attribute.LABEL] = uri.label
    if uri.id is not None:
        wanted[Attribute.ID] = uri.id
    keys = list(borrowed.session.get_objects(wanted))
    if not keys:
        raise KeyNotFound(f"There is no {uri}.")
    if len(keys) > 1:
        raise UnusableKey(f"There is more than one {uri}: name both object and id in the pkcs11: URI.")
    borrowed.keys[uri] = keys[0]
    return keys[0]


def _says(key: pkcs11.PrivateKey, attribute: Attribute) -> bool | None:
    try:
        return bool(key[attribute])
    except pkcs11.AttributeTypeInvalid:
        return None


def _digested(data: Buffer, algorithm: Prehashed | hashes.HashAlgorithm) -> tuple[bytes, str]:
    """The digest and its hash's name; hashed here, unless it was already."""
    if isinstance(algorithm, Prehashed):
        name = algorithm._algorithm.name  # noqa: SLF001 - there is no public name for what it was hashed with
        digest = bytes(data)
    else:
        name = algorithm.name
        hasher = hashes.Hash(algorithm)
        hasher.update(data)
        digest = hasher.finalize()
    if name not in _DIGESTS:
        raise UnusableKey(f"Nothing is signed with {name}.")
    return digest, name


def _refuse_other_pss(asked: object, name: str, digest_octets: int) -> None:
    """BR 7.1.3.2.1: MGF1 with the same hash, and a salt of the hash's length; others are refused."""
    if (
        not isinstance(asked, padding.PSS)
        or asked._salt_length != digest_octets  # noqa: SLF001 - there is no public name for it
        or asked.mgf._algorithm.name != name  # noqa: SLF001 - likewise
    ):
        raise UnusableKey("An RSA key signs with PKCS#1 v1.5, or with PSS and a salt of the hash's length.")
