"""What can be said of a key without showing it: for `keys inspect`, for people and for programs."""

import hashlib
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.files.encryption import protection_of
from keys.files.file_key import KeyFile

from .algorithms import Signer, algorithms_for
from .errors import UnusableKey
from .key_location import KeyLocation


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDescription:
    """A key's properties.

    *bits* is the modulus's or the curve's, None where a type has one size; *encrypted* says by which key derivation, or
    that it is on a token, or without encryption; *permissions* are a file's, as `ls` shows them; *certificate* is
    whether it belongs to the one that was asked about, None where none was; *signs* names the algorithms, the usual
    one first.
    """

    where: str
    type: str
    bits: int | None
    spki_sha256: str
    encrypted: str
    permissions: str | None
    certificate: bool | None
    signs: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The description's fields as commands print them with --json."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The description as `keys inspect` prints it."""
        size = "" if self.bits is None else f", {self.bits} bits"
        belongs = {None: "not compared", True: "belongs to it", False: "DOES NOT BELONG to it"}[self.certificate]
        return [
            f"key           {self.where}",
            f"type          {self.type}{size}",
            f"SPKI SHA-256  {self.spki_sha256}",
            f"protection    {self.encrypted}",
            *([] if self.permissions is None else [f"permissions   {self.permissions}"]),
            f"certificate   {belongs}",
            f"may sign      {', '.join(self.signs) or 'nothing'}",
        ]


def describe(location: KeyLocation, certificate: x509.Certificate | None = None) -> KeyDescription:
    """Open a key and say what it is; nothing is signed with it.

    Raises:
        KeyUnavailable: when its token, PIN or passphrase is not there.
        UnusableKey: when it cannot be opened.
    """
    key = location.load()
    public = key.public_key()
    name, bits = type_of(public)
    belongs = None if certificate is None else certificate.public_key() == public
    return KeyDescription(
        where=str(location.path if isinstance(location, KeyFile) else location.uri),
        type=name,
        bits=bits,
        spki_sha256=spki_sha256(public),
        encrypted=_protection(location, key),
        permissions=_permissions(location.path) if isinstance(location, KeyFile) else None,
        certificate=belongs,
        signs=_signs(certificate if certificate is not None and belongs else public),
    )


def spki_sha256(public: CertificateIssuerPublicKeyTypes) -> str:
    """SHA-256 over a key's SubjectPublicKeyInfo, in hexadecimal: the same wherever the private half is."""
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def type_of(public: CertificateIssuerPublicKeyTypes) -> tuple[str, int | None]:
    """A key's type, and its size where the type leaves that open."""
    if isinstance(public, rsa.RSAPublicKey):
        return "RSA", public.key_size
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {public.curve.name}", public.key_size
    named = next((name for kind, name in _NAMES.items() if isinstance(public, kind)), None)
    return named or type(public).__name__.removesuffix("PublicKey"), None


_NAMES: dict[type, str] = {
    ed25519.Ed25519PublicKey: "Ed25519",
    mldsa.MLDSA44PublicKey: "ML-DSA-44",
    mldsa.MLDSA65PublicKey: "ML-DSA-65",
    mldsa.MLDSA87PublicKey: "ML-DSA-87",
}


def _signs(signer: Signer) -> tuple[str, ...]:
    try:
        return tuple(each.name for each in algorithms_for(signer))
    except UnusableKey:
        return ()


def _protection(location: KeyLocation, key: CertificateIssuerPrivateKeyTypes) -> str:
    if not isinstance(location, KeyFile):
        return f"on a token, {'which lets it out' if getattr(key, 'extractable', True) else 'never leaves it'}"
    derivation = protection_of(location.path.read_bytes()).derivation
    return "NOT ENCRYPTED" if derivation is None else f"encrypted, {derivation}"


def _permissions(path: Path) -> str:
    found = path.stat()
    return f"{stat.filemode(found.st_mode)} owner {found.st_uid}, group {found.st_gid}"
