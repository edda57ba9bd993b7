"""Who signs for which issuer: the keys that the configuration names, each tied to what it signs for."""

import logging

from keys.keyring import Keyring
from pki_revocation import register
from pki_revocation.database import Database
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Issuer

from .response import AnswerSigner

_log = logging.getLogger(__name__)


def answer_signers(keyring: Keyring, database: Database) -> dict[Issuer, AnswerSigner]:
    """A signer for each issuer that the keyring has an OCSP key for.

    Raises:
        ConfigurationError: when there is none.
        UnusableKey: when a key or its certificate cannot be used.
    """
    with database.read() as connection:
        issuers = register.all_issuers(connection)
    answered = [issuer for issuer in issuers if keyring.answers_ocsp_for(issuer)]
    if not answered:
        raise ConfigurationError("No issuer has an OCSP key: name an ocsp_key in [keys.ISSUER].")
    _log.info("answering for %s", ", ".join(issuer.name for issuer in answered))
    return {issuer: AnswerSigner(keyring.ocsp_identity(issuer), issuer) for issuer in answered}
