"""[keys.ISSUER]: where an issuer's keys are; relative paths lie in the installation's folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pki_revocation.config import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """The keys of one issuer.

    *crl_key* belongs to the issuer's own certificate and signs CRLs; *ocsp_key* and *ocsp_certificate* are the
    delegated pair. A key file without a passphrase is refused unless *unencrypted* says that this is meant.
    """

    section: ClassVar[str] = "keys"
    crl_key: Path | None = setting(None)
    ocsp_key: Path | None = setting(None)
    ocsp_certificate: Path | None = setting(None)
    unencrypted: bool = setting(default=False)
