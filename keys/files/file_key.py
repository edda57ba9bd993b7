"""Private keys in PKCS#8 PEM files: encrypted, unless the configuration says in so many words that they are not."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from keys.errors import SecretMissing, UnusableKey
from pki_revocation.host import durable_files

from . import private_files
from .encryption import pem, protection_of
from .private_files import FileState, read_private
from .secret_source import SecretSource

_log = logging.getLogger(__name__)
_RSA_EXPONENT = 65537
_SUPPORTED = (
    ec.EllipticCurvePrivateKey,
    rsa.RSAPrivateKey,
    ed25519.Ed25519PrivateKey,
    mldsa.MLDSA44PrivateKey,
    mldsa.MLDSA65PrivateKey,
    mldsa.MLDSA87PrivateKey,
)

KEY_TYPES: dict[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa2048": lambda: rsa.generate_private_key(_RSA_EXPONENT, 2048),
    "rsa3072": lambda: rsa.generate_private_key(_RSA_EXPONENT, 3072),
    "rsa4096": lambda: rsa.generate_private_key(_RSA_EXPONENT, 4096),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "mldsa44": mldsa.MLDSA44PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
    "mldsa87": mldsa.MLDSA87PrivateKey.generate,
}


# Of which file that was said, and in which state.
_TOLD: dict[Path, FileState] = {}


class KeyFile:
    """A private key's file.

    What it holds is decrypted once, and again when the file has changed. That other accounts cannot read or replace the
    file is checked each time.
    """

    def __init__(
        self,
        path: Path,
        *,
        unencrypted: bool,
        secret: SecretSource | None = None,
        ask: Callable[[], str] | None = None,
    ) -> None:
        """Name the file; it is not read yet.

        Args:
            path: where it is.
            unencrypted: whether it may be one without a passphrase.
            secret: where the passphrase is; in its usual places when None.
            ask: asks the operator for a passphrase that is in none of its places; None where no operator is present.
        """
        self.path = path
        self._unencrypted = unencrypted
        self._secret = secret or SecretSource.usual("passphrase", path.stem)
        self._ask = ask
        self._loaded: tuple[FileState, CertificateIssuerPrivateKeyTypes] | None = None

    def load(self) -> CertificateIssuerPrivateKeyTypes:
        """The private key, decrypted.

        Raises:
            SecretMissing: when its passphrase is not there.
            UnusableKey: when it is missing, open to others, of a type that is not supported, or cannot be decrypted;
                or when it is not encrypted and that is not allowed.
        """
        found = read_private(self.path, "key")
        if self._loaded is None or self._loaded[0] != found.state:
            self._loaded = (found.state, self._decrypted(found.content, found.state))
        return self._loaded[1]

    def new_passphrase(self) -> str | None:
        """What a new key in this place is to be encrypted with; None where it is to be kept without encryption.

        Raises:
            SecretMissing: when there is no passphrase, and it may not.
        """
        try:
            return self._secret.read()
        except SecretMissing:
            if self._unencrypted:
                return None
            raise

    def _decrypted(self, data: bytes, state: FileState) -> CertificateIssuerPrivateKeyTypes:
        path = self.path
        try:
            encrypted = protection_of(data).encrypted
        except UnusableKey as error:
            raise UnusableKey(f"The key {path} cannot be opened: {error}.") from error
        if not encrypted and not self._unencrypted:
            raise UnusableKey(
                f"The key {path} is not encrypted: run 'pki-revocation keys change-passphrase {path}', or set "
                "'unencrypted = true' if that is meant."
            )
        if not encrypted:
            _tell_once(path, state)
        return decrypted(path, data, self._passphrase() if encrypted else None)

    def _passphrase(self) -> str:
        try:
            return self._secret.read()
        except SecretMissing as error:
            if self._ask is not None:
                return self._ask()
            raise SecretMissing(f"The key {self.path} needs a passphrase. {error}") from error


def _tell_once(path: Path, state: FileState) -> None:
    """Say of a file once in a process that it has no passphrase: services that cannot begin look at it each second."""
    if _TOLD.get(path) != state:
        _TOLD[path] = state
        _log.warning("the key %s is on disk without a passphrase", path)


def decrypted(path: Path, data: bytes, passphrase: str | None) -> CertificateIssuerPrivateKeyTypes:
    """The private key in a file's octets.

    Args:
        path: the file.
        data: what was read.
        passphrase: None where it is not encrypted.

    Raises:
        UnusableKey: when the passphrase is wrong, the file broken, or the key of a type that is not supported.
    """
    try:
        key = load_pem_private_key(data, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableKey(f"The key {path} cannot be opened: is it PKCS#8 PEM, and the passphrase right?") from None
    if not isinstance(key, _SUPPORTED):
        raise UnusableKey(f"The key {path} is of a type that does not sign certificates.")
    return key


def load_key(path: Path, *, unencrypted: bool) -> CertificateIssuerPrivateKeyTypes:
    """The private key in a file; its passphrase is looked for in the usual places.

    Raises:
        UnusableKey: as `KeyFile.load` says.
    """
    return KeyFile(path, unencrypted=unencrypted).load()


def save_key(key: CertificateIssuerPrivateKeyTypes, path: Path, passphrase: str | None = None) -> None:
    """Write a key to a new file that only its owner can read; an existing one is never replaced.

    Raises:
        UnusableKey: when there is a file already, or it cannot be written.
    """
    private_files.write_new(path, pem(key, passphrase), "key")


def change_passphrase(path: Path, old: str | None, new: str) -> None:
    """Encrypt a key file anew. The old file stays until the new one is whole on disk, and was read back.

    Raises:
        UnusableKey: when the old passphrase is not right, or the file cannot be replaced.
    """
    key = decrypted(path, read_private(path, "key").content, old)
    data = pem(key, new)
    if decrypted(path, data, new).public_key() != key.public_key():
        raise UnusableKey(f"The key {path} did not come back as it was: its file was not touched.")
    private_files.replace(path, data, "key")


def replace_pair(
    key: CertificateIssuerPrivateKeyTypes, place: KeyFile, certificate: bytes, certificate_path: Path
) -> None:
    """Put a new key and its certificate in the place of the old ones; the old key's octets are overwritten.

    Raises:
        SecretMissing: when there is no passphrase for the new key, and it must not be without one; nothing changed.
        UnusableKey: when they cannot be written.
    """
    data, key_path = pem(key, place.new_passphrase()), place.path
    try:
        durable_files.make_folder(key_path.parent)
        with ExitStack() as held:
            old = held.enter_context(key_path.open("r+b")) if key_path.exists() else None
            durable_files.write_all(
                durable_files.File(key_path, data),
                durable_files.File(certificate_path, certificate, mode=durable_files.BY_UMASK),
            )
            # Only now: both names are on disk, and none of them can stand for the old key again.
            if old is not None:
                private_files.overwrite(old)
    except OSError as error:
        raise UnusableKey(f"The key {key_path} cannot be replaced: {error.strerror or error}.") from error


def load_certificate(path: Path) -> x509.Certificate:
    """The PEM certificate in a file.

    Raises:
        UnusableKey: when it is missing or broken.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise UnusableKey(f"The certificate {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, x509.InvalidVersion):
        raise UnusableKey(f"The certificate {path} is not PEM, or is broken.") from None
