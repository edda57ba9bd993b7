"""Who signs for which issuer: the keys that the configuration names, each tied to what it signs for."""

import logging
from collections.abc import Iterator, Mapping

from sqlalchemy.exc import SQLAlchemyError

from keys.keyring import Keyring
from pki_revocation.clock import iso
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError, PkiError
from pki_revocation.host.outage_log import OutageLog
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

from .response import AnswerSigner

_log = logging.getLogger(__name__)


def answered_issuers(keyring: Keyring, database: Database) -> list[Issuer]:
    """The issuers that the keyring has an OCSP key for.

    Raises:
        ConfigurationError: when there is none.
    """
    with database.read() as connection:
        issuers = all_issuers(connection)
    answered = [issuer for issuer in issuers if keyring.answers_ocsp_for(issuer)]
    if not answered:
        raise ConfigurationError(
            "No issuer has an OCSP key: name an ocsp_key, or a folder ocsp_delegates, in [keys.ISSUER]."
        )
    return answered


def answer_signers(keyring: Keyring, database: Database) -> dict[Issuer, AnswerSigner]:
    """A signer for each issuer that the keyring has an OCSP key for.

    Raises:
        ConfigurationError: when there is none.
        UnusableKey: when a key or its certificate cannot be used.
    """
    answered = answered_issuers(keyring, database)
    signers = {issuer: AnswerSigner(keyring.ocsp_identity(issuer), issuer) for issuer in answered}
    _log.info("answering for %s", ", ".join(issuer.name for issuer in answered))
    return signers


class CurrentSigners:
    """The signers as they are now, each followed by its successor once that has signed something.

    Issuers are known by what they were at the start; what they are now, with a certificate more after a renewal, is
    read at each look.
    """

    def __init__(
        self, keyring: Keyring, signers: Mapping[Issuer, AnswerSigner], database: Database | None = None
    ) -> None:
        """Begin with *signers*; without a *database* their issuers stay what they are."""
        self._keyring = keyring
        self._signers = dict(signers)
        self._database = database
        self._latest = {issuer.id: issuer for issuer in signers}
        self._states: dict[Issuer, object] = {}
        self._outages = OutageLog(
            _log,
            failing="a new key cannot be taken up, and the one before goes on",
            working="new keys are taken up again",
        )

    def __iter__(self) -> Iterator[AnswerSigner]:
        """The current signers, in the order of the start."""
        return iter(tuple(self._signers.values()))

    def renewed(self) -> Iterator[tuple[Issuer, AnswerSigner]]:
        """The signers that are new since the last call; one that cannot be used yet is tried again by the next call."""
        self._read_issuers()
        for issuer, present in tuple(self._signers.items()):
            try:
                found = self._successor(issuer, present)
            except PkiError as error:
                self._outages.failed(issuer.name, error)
            else:
                self._outages.worked(issuer.name)
                if found is not None:
                    _log.info("%s: signing with a new key, until %s", issuer.name, iso(found.not_after))
                    self._signers[issuer] = found
                    yield issuer, found

    def _read_issuers(self) -> None:
        """Take up what the register says of the issuers; a database that does not answer says nothing new."""
        if self._database is None:
            return
        try:
            with self._database.read() as connection:
                found = all_issuers(connection)
        except (SQLAlchemyError, PkiError) as error:
            self._outages.failed("the register", error)
            return
        self._outages.worked("the register")
        self._latest |= {issuer.id: issuer for issuer in found}

    def _successor(self, issuer: Issuer, present: AnswerSigner) -> AnswerSigner | None:
        latest = self._latest[issuer.id]
        state = (latest, self._keyring.ocsp_state(latest))
        if state == self._states.get(issuer, self):
            return None
        made = AnswerSigner(self._keyring.ocsp_identity(latest), latest)
        made.try_key()
        self._states[issuer] = state
        return None if made.certificate_sha256 == present.certificate_sha256 else made
