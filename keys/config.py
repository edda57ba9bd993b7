"""[keys.ISSUER]: where an issuer's keys are; relative paths are below the installation's folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import setting
from pki_revocation.config.service_accounts import SecretFile

from .algorithms import SignatureName

PKCS11_SCHEME = "pkcs11:"
_FILE = "file:"
# Which services need a key: the CA's signs CRLs and delegates, the delegated ones sign OCSP responses.
_PUBLISHER, _OCSP = ("publisher",), ("ocsp",)


def is_token_uri(name: str) -> bool:
    """Whether a key is named by a URI, whose scheme is known in any case (RFC 3986 section 3.1), and not by a path."""
    return name[: len(PKCS11_SCHEME)].lower() == PKCS11_SCHEME


class KeyType(StrEnum):
    """What keys are made of; `file_key.KEY_TYPES` makes each, and tokens some of them."""

    P256 = "p256"
    P384 = "p384"
    RSA2048 = "rsa2048"
    RSA3072 = "rsa3072"
    RSA4096 = "rsa4096"
    ED25519 = "ed25519"
    ML_DSA_44 = "mldsa44"
    ML_DSA_65 = "mldsa65"
    ML_DSA_87 = "mldsa87"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """The keys of one issuer.

    *crl_key* belongs to the issuer's own certificate and signs CRLs; *ocsp_key* and *ocsp_certificate* are the
    delegated pair. With *ocsp_delegates*, a folder, the responder makes its keys itself, of the type *ocsp_key_type*,
    and keeps each with its certificate there; *ocsp_key* is then only given where they are to be on a token.
    *delegate_lifetime* is how long the certificates are valid that the publisher issues.

    A key is a file's path, or on a token a `pkcs11:` URI (RFC 7512). *crl_secret* and *ocsp_secret* say
    where its passphrase or PIN is: env:NAME, file:PATH or credential:NAME. *crl_signature* and *ocsp_signature* choose
    for RSA keys: pkcs1, pss, or either with -sha384 or -sha512. A key file without a passphrase is refused unless
    *unencrypted* says that this is meant. *sessions* and *session_wait* bound what a process uses of a token.
    """

    section: ClassVar[str] = "keys"
    crl_key: str | None = setting(None)
    crl_secret: str | None = setting(None)
    crl_signature: SignatureName | None = setting(None)
    ocsp_key: str | None = setting(None)
    ocsp_certificate: Path | None = setting(None)
    ocsp_delegates: Path | None = setting(None)
    ocsp_key_type: KeyType = setting(KeyType.P256)
    ocsp_secret: str | None = setting(None)
    ocsp_signature: SignatureName | None = setting(None)
    delegate_lifetime: timedelta = setting(
        timedelta(days=14),
        minimum=timedelta(days=1),
        maximum=timedelta(days=90),
        clause="nocheck: it cannot be revoked, so it is short-lived: RFC 6960 section 4.2.2.2.1",
    )
    unencrypted: bool = setting(default=False)
    sessions: int = setting(8, minimum=1, maximum=256)
    session_wait: timedelta = setting(timedelta(seconds=5), minimum=timedelta(seconds=1), maximum=timedelta(seconds=60))

    @classmethod
    def secrets(cls, installation: Installation) -> Iterator[SecretFile]:
        """The key files, passphrases and PINs of all issuers, with the service whose account they belong to.

        Raises:
            ConfigurationError: when a [keys.ISSUER] is wrong.
        """
        for issuer, settings in installation.sections(cls).items():
            for key, secret, what, services in (
                (settings.crl_key, settings.crl_secret, "the CA key", _PUBLISHER),
                (settings.ocsp_key, settings.ocsp_secret, "the OCSP key", _OCSP),
            ):
                if key is not None and not is_token_uri(key):
                    yield SecretFile(installation.path(key), f"{what} of {issuer}", services)
                if secret is not None and secret.startswith(_FILE):
                    path = installation.path(secret.removeprefix(_FILE))
                    yield SecretFile(path, f"what opens {what} of {issuer}", services)
            if settings.ocsp_delegates is not None:
                # A folder that is not there yet has none.
                for path in sorted(installation.path(settings.ocsp_delegates).glob("*.key")):
                    yield SecretFile(path, f"an OCSP key of {issuer}", _OCSP)
