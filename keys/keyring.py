"""The keyring: which identity signs what for which issuer, as the configuration says."""

from collections.abc import Mapping
from pathlib import Path

from pki_revocation.clock import Clock
from pki_revocation.installation import Installation
from pki_revocation.model import Issuer

from .config import KeySettings
from .errors import UnusableKey
from .file_key import load_certificate, load_key
from .identity import Purpose, SigningIdentity, identify


class Keyring:
    """Loads identities from where the configuration says that their keys are."""

    def __init__(self, *, settings: Mapping[str, KeySettings], directory: Path, clock: Clock) -> None:
        """*settings* by issuer name; relative paths lie in *directory*."""
        self._settings = settings
        self._directory = directory
        self._clock = clock

    @classmethod
    def open(cls, installation: Installation, clock: Clock) -> "Keyring":
        """The keyring that an installation configures.

        Raises:
            ConfigurationError: when its [keys.ISSUER] sections are wrong.
        """
        return cls(settings=installation.sections(KeySettings), directory=installation.directory, clock=clock)

    def signs_crls_for(self, issuer: Issuer) -> bool:
        """Whether a CRL key is configured for this issuer."""
        settings = self._settings.get(issuer.name)
        return settings is not None and settings.crl_key is not None

    def answers_ocsp_for(self, issuer: Issuer) -> bool:
        """Whether an OCSP key is configured for this issuer."""
        settings = self._settings.get(issuer.name)
        return settings is not None and settings.ocsp_key is not None

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:
        """The CA's own identity.

        Raises:
            UnusableKey: when no key is configured, or it cannot be used.
        """
        settings = self._of(issuer)
        if settings.crl_key is None:
            raise UnusableKey(f"[keys.{issuer.name}] names no crl_key.")
        key = load_key(self._directory / settings.crl_key, unencrypted=settings.unencrypted)
        certificate = issuer.certificate
        return identify(key, certificate, Purpose.CRL, issuer=certificate, now=self._clock.now())

    def ocsp_identity(self, issuer: Issuer) -> SigningIdentity:
        """The delegated OCSP identity, or the CA's own where no certificate is named beside the key.

        Raises:
            UnusableKey: when no key is configured, or it cannot be used.
        """
        settings = self._of(issuer)
        if settings.ocsp_key is None:
            raise UnusableKey(f"[keys.{issuer.name}] names no ocsp_key.")
        key = load_key(self._directory / settings.ocsp_key, unencrypted=settings.unencrypted)
        certificate = issuer.certificate
        if settings.ocsp_certificate is not None:
            certificate = load_certificate(self._directory / settings.ocsp_certificate)
        return identify(key, certificate, Purpose.OCSP, issuer=issuer.certificate, now=self._clock.now())

    def ocsp_paths(self, issuer: Issuer) -> tuple[Path, Path]:
        """Where the delegated key and its certificate are, or are to be written.

        Raises:
            UnusableKey: when the configuration does not name both.
        """
        settings = self._of(issuer)
        if settings.ocsp_key is None or settings.ocsp_certificate is None:
            raise UnusableKey(f"[keys.{issuer.name}] must name ocsp_key and ocsp_certificate.")
        return self._directory / settings.ocsp_key, self._directory / settings.ocsp_certificate

    def _of(self, issuer: Issuer) -> KeySettings:
        settings = self._settings.get(issuer.name)
        if settings is None:
            raise UnusableKey(f"There is no [keys.{issuer.name}] in the configuration.")
        return settings
