"""[keys.ISSUER]: where an issuer's keys are; relative paths lie in the installation's folder."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pki_revocation.config import setting

from .algorithms import SignatureName


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """The keys of one issuer.

    *crl_key* belongs to the issuer's own certificate and signs CRLs; *ocsp_key* and *ocsp_certificate* are the
    delegated pair. A key is a file's path, or on a token a `pkcs11:` URI (RFC 7512). *crl_secret* and *ocsp_secret* say
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
    ocsp_secret: str | None = setting(None)
    ocsp_signature: SignatureName | None = setting(None)
    unencrypted: bool = setting(default=False)
    sessions: int = setting(8, minimum=1, maximum=256)
    session_wait: timedelta = setting(timedelta(seconds=5), minimum=timedelta(seconds=1), maximum=timedelta(seconds=60))
