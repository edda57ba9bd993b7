"""The keyring: which identity signs what for which issuer, as the configuration says."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from keys.delegate_identity import identity_in
from keys.files.file_key import KeyFile, load_certificate
from keys.files.secret_source import SecretSource
from pki_revocation.clock import Clock
from pki_revocation.config.installation import Installation
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Issuer

from .algorithms import SignatureName
from .config import KeySettings
from .delegate_key_store import DelegateKeyStore
from .errors import UnusableKey
from .identity import Purpose, SigningIdentity, identify
from .key_location import KeyLocation, key_location


class Keyring:
    """Loads identities from where the configuration says that their keys are.

    Each call gives what is there then: a key that went away is missed at the next call, and one that came back is
    found.
    """

    def __init__(self, *, settings: Mapping[str, KeySettings], directory: Path, clock: Clock) -> None:
        """*settings* by issuer name; relative paths are below *directory*."""
        self._settings = settings
        self._directory = directory
        self._clock = clock
        self._folders: dict[str, DelegateKeyStore] = {}
        self._locations: dict[tuple[str, Purpose], KeyLocation] = {}

    @classmethod
    def open(cls, installation: Installation, clock: Clock) -> "Keyring":
        """The keyring that an installation configures.

        Raises:
            ConfigurationError: when its [keys.ISSUER] sections are wrong.
        """
        return cls(settings=installation.sections(KeySettings), directory=installation.directory, clock=clock)

    def signs_crls_for(self, issuer: Issuer) -> bool:
        """Whether a CRL key is configured for this issuer."""
        _, settings = self._found(issuer)
        return settings is not None and settings.crl_key is not None

    def answers_ocsp_for(self, issuer: Issuer) -> bool:
        """Whether an OCSP key is configured for this issuer."""
        _, settings = self._found(issuer)
        return settings is not None and (settings.ocsp_key is not None or settings.ocsp_delegates is not None)

    def delegate_lifetime(self, issuer: Issuer) -> timedelta:
        """How long the certificates of an issuer's responders are valid."""
        return self._of(issuer).delegate_lifetime

    def delegates(self, issuer: Issuer) -> DelegateKeyStore | None:
        """The folder of keys that the responder makes itself; None where it makes none.

        Raises:
            ConfigurationError: when the configuration names no place.
        """
        settings = self._of(issuer)
        if settings.ocsp_delegates is None:
            return None
        found = self._folders.get(issuer.name)
        if found is not None:
            return found
        token = None if settings.ocsp_key is None else self._configured(issuer, Purpose.OCSP)
        if settings.ocsp_certificate is not None or isinstance(token, KeyFile):
            raise ConfigurationError(
                f"[keys.{self._found(issuer)[0]}] has ocsp_delegates: leave ocsp_certificate out, and ocsp_key too "
                "unless it is the pkcs11: URI of where the keys are to be made."
            )
        secret = None
        if settings.ocsp_secret is not None and token is None:
            secret = SecretSource.named("passphrase", settings.ocsp_secret, self._directory)
        made = DelegateKeyStore(
            self._directory / settings.ocsp_delegates,
            key_type=settings.ocsp_key_type,
            unencrypted=settings.unencrypted or token is not None,
            secret=secret,
            token=token,
        )
        self._folders[issuer.name] = made
        return made

    def ocsp_state(self, issuer: Issuer) -> object:
        """What changes when the OCSP identity does; cheap to ask for every second.

        Raises:
            UnusableKey: when the folder cannot be read.
        """
        folder, settings = self.delegates(issuer), self._of(issuer)
        if folder is not None:
            return folder.state()
        if settings.ocsp_certificate is None:
            # The CA signs itself, under the newest of its certificates that is valid.
            return issuer.certificate_at(self._clock.now())
        try:
            found = (self._directory / settings.ocsp_certificate).stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns)

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:
        """The identity that signs CRLs: the CA's own key and certificate.

        Raises:
            KeyUnavailable: when its token, PIN or passphrase is not there now.
            UnusableKey: when no key is configured, or it cannot be used.
            ConfigurationError: when the configuration names no place for it.
        """
        key = self.location(issuer, Purpose.CRL).load()
        return self._authority(key, issuer, Purpose.CRL, self._of(issuer).crl_signature)

    def ocsp_identity(self, issuer: Issuer) -> SigningIdentity:
        """The delegated OCSP identity, or the CA's own where no certificate is named beside the key.

        Raises:
            as `crl_identity` says.
        """
        settings = self._of(issuer)
        folder = self.delegates(issuer)
        if folder is not None:
            return identity_in(folder, issuer, self._clock.now(), settings.ocsp_signature)
        key = self.location(issuer, Purpose.OCSP).load()
        if settings.ocsp_certificate is None:
            return self._authority(key, issuer, Purpose.OCSP, settings.ocsp_signature)
        certificate = load_certificate(self._directory / settings.ocsp_certificate)
        now, signature = self._clock.now(), settings.ocsp_signature
        return identify(key, certificate, Purpose.OCSP, issuer=issuer.certificate, now=now, signature=signature)

    def _authority(
        self, key: CertificateIssuerPrivateKeyTypes, issuer: Issuer, purpose: Purpose, signature: SignatureName | None
    ) -> SigningIdentity:
        """The CA itself, under its newest certificate that is valid now and lets it sign.

        Raises:
            UnusableKey: when none does, as of the newest one that is valid.
        """
        now = self._clock.now()
        refused: UnusableKey | None = None
        for certificate in issuer.certificates_at(now):
            try:
                return identify(key, certificate, purpose, issuer=certificate, now=now, signature=signature)
            except UnusableKey as error:
                refused = refused or error
        raise refused or UnusableKey(f"{issuer.name} has no certificate.")

    def location(self, issuer: Issuer, purpose: Purpose) -> KeyLocation:
        """Where the key for a purpose is; nothing is signed.

        Raises:
            UnusableKey: when no key is configured, or a responder that makes its own has none yet.
            ConfigurationError: when the configuration names no place.
        """
        folder = self.delegates(issuer) if purpose is Purpose.OCSP else None
        if folder is None:
            return self._configured(issuer, purpose)
        current = folder.current(self._clock.now())
        if current is None:
            raise UnusableKey(f"There is no valid certificate in {folder.path}.")
        return current.location

    def login_location(self, issuer: Issuer, purpose: Purpose) -> KeyLocation:
        """The place that the configuration itself names, to whose token an operator logs in.

        Raises:
            UnusableKey: when it names none.
        """
        return self._configured(issuer, purpose)

    def _configured(self, issuer: Issuer, purpose: Purpose) -> KeyLocation:
        settings = self._of(issuer)
        found = self._locations.get((issuer.name, purpose))
        if found is not None:
            return found
        name, secret, setting = {
            Purpose.CRL: (settings.crl_key, settings.crl_secret, "crl_key"),
            Purpose.OCSP: (settings.ocsp_key, settings.ocsp_secret, "ocsp_key"),
        }[purpose]
        if name is None:
            raise UnusableKey(f"[keys.{self._found(issuer)[0]}] names no {setting}.")
        made = key_location(
            name,
            directory=self._directory,
            secret=secret,
            unencrypted=settings.unencrypted,
            sessions=settings.sessions,
            wait=settings.session_wait.total_seconds(),
        )
        self._locations[issuer.name, purpose] = made
        return made

    def ocsp_files(self, issuer: Issuer) -> tuple[KeyFile, Path]:
        """Where the delegated key and its certificate are as files, or are to be written.

        Raises:
            UnusableKey: when the configuration does not name both, or the key is on a token.
        """
        location, settings = self.location(issuer, Purpose.OCSP), self._of(issuer)
        if settings.ocsp_certificate is None:
            raise UnusableKey(f"[keys.{self._found(issuer)[0]}] must name ocsp_key and ocsp_certificate.")
        if not isinstance(location, KeyFile):
            raise UnusableKey(
                f"The ocsp_key of [keys.{self._found(issuer)[0]}] is on a token: only files are written here."
            )
        return location, self._directory / settings.ocsp_certificate

    def ocsp_certificate(self, issuer: Issuer) -> Path | None:
        """The file of the delegated certificate; None where the configuration names none.

        Raises:
            UnusableKey: when it has no section for the issuer.
        """
        named = self._of(issuer).ocsp_certificate
        return None if named is None else self._directory / named

    def sections(self, issuer: Issuer) -> tuple[str, ...]:
        """The names of an issuer that the configuration has a section for; the first one counts."""
        return tuple(name for name in issuer.names if name in self._settings)

    def _found(self, issuer: Issuer) -> tuple[str, KeySettings | None]:
        """The section that counts for an issuer: by its own name, or by another one of its names."""
        name = next(iter(self.sections(issuer)), issuer.name)
        return name, self._settings.get(name)

    def _of(self, issuer: Issuer) -> KeySettings:
        name, settings = self._found(issuer)
        if settings is None:
            raise UnusableKey(f"There is no [keys.{name}] in the configuration.")
        return settings
