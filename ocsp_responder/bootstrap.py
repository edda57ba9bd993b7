"""Where the responder's parts are chosen and put together."""

import logging
from urllib.parse import urlsplit

from flask import Flask

from keys.keyring import Keyring
from pki_revocation import register
from pki_revocation.clock import SystemClock
from pki_revocation.database import Database
from pki_revocation.errors import ConfigurationError
from pki_revocation.installation import Installation
from pki_revocation.model import Issuer

from .answering import Answerer
from .app import create_app
from .config import OcspSettings
from .response import AnswerSigner
from .status import SqlStatusSource

_log = logging.getLogger(__name__)


def application(installation: Installation) -> Flask:
    """The responder of an installation, with its database open for as long as the process lives.

    Raises:
        PkiError: as for `responder`.
    """
    return responder(installation, installation.database())


def responder(installation: Installation, database: Database) -> Flask:
    """The same on a database that is open already, on the machine's clock.

    Raises:
        ConfigurationError: when no issuer has an OCSP key, or a setting is wrong.
        StoreError: when the database does not answer or is of another revision.
        UnusableKey: when a configured key or its certificate cannot be used.
    """
    settings = installation.section(OcspSettings)
    clock = SystemClock()
    database.check_revision()
    answerer = Answerer(
        signers=answer_signers(Keyring.open(installation, clock), database),
        source=SqlStatusSource(database, clock),
        validity=settings.validity,
        max_cert_ids=settings.max_cert_ids,
    )
    return create_app(answerer=answerer, clock=clock, path=urlsplit(settings.public_url).path, max_age=settings.max_age)


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
