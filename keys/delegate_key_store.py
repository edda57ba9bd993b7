"""The folder in which a responder keeps the keys that it made itself, each with its request and then its certificate.

Every key has a name of its own, in hexadecimal: `NAME.key` is the key, or on a token the key with that id; `NAME.csr`
its request, and `NAME.pem` its certificate, which comes last and whole. So there is no moment at which a key is
beside another key's certificate, and a responder that starts after a crash or a power cut finds either the old pair or
both. Each step is on disk before the next begins; the old key's octets are overwritten last.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.files.file_key import KEY_TYPES, KeyFile, load_certificate, save_key
from keys.files.key_lock import KeyLock, exclusive_lock, shared_lock
from keys.files.private_files import overwrite
from keys.files.secret_source import SecretSource
from pki_revocation.clock import iso
from pki_revocation.host import durable_files

from .config import KeyType
from .enrolment import NAME as ENROLMENT
from .errors import UnusableKey
from .key_location import KeyLocation, TokenKey

_NAME_OCTETS = 8
_CERTIFICATE, _REQUEST, _KEY = ".pem", ".csr", ".key"
_NAMED = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """A key with its certificate."""

    name: str
    location: KeyLocation
    certificate: x509.Certificate

    @property
    def renewal_at(self) -> datetime:
        """Half-way through its life, when the next one is due."""
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        return begin + (end - begin) / 2

    @property
    def alarm_at(self) -> datetime:
        """Three quarters through it: by then the next one should long have been there."""
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        return begin + (end - begin) * 3 / 4


class DelegateKeyStore:
    """The keys of one issuer's responder, with their certificates.

    The one that signs, and the one that is to follow.
    """

    def __init__(
        self,
        path: Path,
        *,
        key_type: KeyType,
        unencrypted: bool,
        secret: SecretSource | None = None,
        token: TokenKey | None = None,
    ) -> None:
        """Remember where the keys are; no file and no token is opened.

        Args:
            path: the folder.
            key_type: of new keys.
            unencrypted: whether key files may be kept there without a passphrase.
            secret: where the passphrase of all its files is; in the usual places for the folder's name when None.
            token: where new keys are made, as the first part of their labels; in the folder when None.
        """
        self.path = path
        self._key_type = key_type
        self._unencrypted = unencrypted
        self._secret = secret or SecretSource.usual("passphrase", path.name)
        self._token = token
        # Kept, because each remembers what it decrypted.
        self._locations: dict[str, KeyLocation] = {}

    @property
    def enrolment(self) -> KeyFile:
        """The file of the enrolment key, which need not exist yet."""
        return KeyFile(self.path / ENROLMENT, unencrypted=self._unencrypted, secret=self._secret)

    def state(self) -> tuple[str, ...]:
        """What changes whenever a certificate comes or goes: the names of the certificates that are there."""
        return tuple(self._names(_CERTIFICATE))

    def delegates(self) -> list[Delegate]:
        """Every key that has its certificate, the one that ends last first.

        Raises:
            UnusableKey: when a certificate is broken.
        """
        found = []
        for name in self._names(_CERTIFICATE):
            file = self.path / f"{name}{_CERTIFICATE}"
            try:
                certificate = load_certificate(file)
            except UnusableKey:
                if file.exists():
                    raise
                continue
            found.append(Delegate(name=name, location=self.location(name), certificate=certificate))
        # The later one of two that end with the CA's own certificate: with the earlier one no renewal would be over.
        return sorted(
            found,
            key=lambda each: (each.certificate.not_valid_after_utc, each.certificate.not_valid_before_utc),
            reverse=True,
        )

    def current(self, now: datetime) -> Delegate | None:
        """The one to sign with: of those that are valid, the one that ends last."""
        for each in self.delegates():
            if each.certificate.not_valid_before_utc <= now < each.certificate.not_valid_after_utc:
                return each
        return None

    def refuse_unless_last(self, end: datetime, now: datetime) -> None:
        """See that a certificate that ends then would be signed with.

        Raises:
            UnusableKey: when the present one ends later.
        """
        current = self.current(now)
        if current is not None and end < current.certificate.not_valid_after_utc:
            raise UnusableKey(
                f"No responder would sign with it: the present certificate ends at "
                f"{iso(current.certificate.not_valid_after_utc)}, and the new one at {iso(end)}. Let it last longer."
            )

    def lock(self, name: str) -> KeyLock | None:
        """Keep a key from being destroyed for as long as the lock given back exists; None where that has begun.

        Raises:
            UnusableKey: when its certificate cannot be locked.
        """
        return shared_lock(self.path / f"{name}{_CERTIFICATE}")

    def pending(self) -> tuple[str, x509.CertificateSigningRequest] | None:
        """The key that waits for its certificate, by its name and request."""
        for name in self._names(_REQUEST):
            try:
                return name, x509.load_pem_x509_csr((self.path / f"{name}{_REQUEST}").read_bytes())
            except (OSError, ValueError, x509.InvalidVersion) as error:
                raise UnusableKey(f"The request {name}{_REQUEST} in {self.path} is broken: remove it.") from error
        return None

    def begin(self, request_of: Callable[[KeyLocation], x509.CertificateSigningRequest]) -> None:
        """Make a new key and its request, for which *request_of* signs.

        Raises:
            KeyUnavailable: when token, PIN or passphrase is not there.
            UnusableKey: when nothing can be written.
        """
        self.prepare()
        name = secrets.token_hex(_NAME_OCTETS)
        location = self.location(name)
        if isinstance(location, TokenKey):
            from keys.pkcs11.generation import generate_on_token  # noqa: PLC0415 - only where there is a token

            generate_on_token(location.uri, location.token, self._key_type.value)
        else:
            save_key(KEY_TYPES[self._key_type.value](), location.path, location.new_passphrase())
        self._write(f"{name}{_REQUEST}", request_of(location).public_bytes(Encoding.PEM))
        # What a responder that was killed had begun may be a key.
        durable_files.clear_abandoned(self.path / f"{name}{_REQUEST}")

    def prepare(self) -> None:
        """Make the folder, for this account alone to read.

        Raises:
            UnusableKey: when that cannot be done.
        """
        try:
            durable_files.make_folder(self.path)
        except OSError as error:
            raise UnusableKey(f"The folder {self.path} cannot be made: {error.strerror or error}.") from error

    def install(self, name: str, certificate: x509.Certificate) -> None:
        """Put a certificate beside its key; from now on they are a pair.

        Raises:
            UnusableKey: when it cannot be written.
        """
        self._write(f"{name}{_CERTIFICATE}", certificate.public_bytes(Encoding.PEM))
        durable_files.remove(self.path / f"{name}{_REQUEST}")

    def destroy(self, name: str) -> None:
        """Destroy a key, its request and its certificate; the certificate goes first, so that no signer loads it.

        A file's octets are overwritten before it is unlinked; what a disk keeps of old blocks no program can say.

        Raises:
            KeyUnavailable: when the token is not there: the key is destroyed by the next call.
        """
        certificate = self.path / f"{name}{_CERTIFICATE}"
        retired = self.path / f"{name}.retired"
        if certificate.exists():
            durable_files.move(certificate, retired)
        # Both names are gone from disk before the key is: a request without a key would hold up every renewal.
        durable_files.remove(self.path / f"{name}{_REQUEST}")
        location = self._locations.pop(name, None) or self.location(name)
        if isinstance(location, TokenKey):
            from keys.pkcs11.generation import destroy_on_token  # noqa: PLC0415 - only where there is a token

            destroy_on_token(location.uri, location.token)
            self._locations.pop(name, None)
        elif location.path.exists():
            with location.path.open("r+b") as file:
                overwrite(file)
            durable_files.remove(location.path)
        durable_files.remove(retired)

    def destroy_unless_locked(self, name: str) -> bool:
        """Destroy the key, as `destroy` does, unless a process holds it; True when it was destroyed.

        Raises:
            KeyUnavailable: as `destroy`.
            UnusableKey: when its certificate cannot be locked.
        """
        with exclusive_lock(self.path / f"{name}{_CERTIFICATE}") as alone:
            if alone:
                self.destroy(name)
        return alone

    def leftovers(self) -> list[str]:
        """Keys whose destruction was begun, or which never got a request."""
        paired = {*self._names(_CERTIFICATE), *self._names(_REQUEST)}
        return sorted({*self._names(".retired"), *self._names(_KEY)} - paired)

    def location(self, name: str) -> KeyLocation:
        """The file or token object that holds the key of a name."""
        found = self._locations.get(name)
        if found is None:
            found = self._locations[name] = self._make_location(name)
        return found

    def _make_location(self, name: str) -> KeyLocation:
        if self._token is None:
            return KeyFile(self.path / f"{name}{_KEY}", unencrypted=self._unencrypted, secret=self._secret)
        uri = self._token.uri
        return self._token.another(replace(uri, label=f"{uri.label or 'ocsp'} {name}", id=bytes.fromhex(name)))

    def _names(self, ending: str) -> list[str]:
        try:
            found = [each.name for each in self.path.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UnusableKey(f"The folder {self.path} cannot be read: {error.strerror or error}.") from error
        names = (each.removesuffix(ending) for each in found if each.endswith(ending))
        return sorted(name for name in names if len(name) == 2 * _NAME_OCTETS and _NAMED.issuperset(name))

    def _write(self, name: str, content: bytes) -> None:
        try:
            durable_files.write(self.path / name, content, mode=durable_files.BY_UMASK)
        except OSError as error:
            raise UnusableKey(f"{self.path / name} cannot be written: {error.strerror or error}.") from error
