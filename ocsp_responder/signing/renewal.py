"""The responder's own keys, renewed by the process that starts its workers: they only load what it made.

An alarm is raised while there is time: once an hour in the log from three quarters of a certificate's life on, and in
the workers' metrics.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from keys.delegation.renewal import DelegateRenewal
from keys.keyring import Keyring
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.host.outage_log import OutageLog
from pki_revocation.model import Issuer

from .answer_signers import CurrentSigners
from .response import AnswerSigner

_log = logging.getLogger(__name__)
_POLL_SECONDS = 1.0


class DelegateRenewals:
    """Looks after the keys of all issuers that the responder makes keys for."""

    def __init__(
        self,
        renewals: Sequence[DelegateRenewal],
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look after the keys of *renewals* with `run`; nothing is read yet. *monotonic* gives seconds."""
        self._renewals = renewals
        self._clock = clock
        self._outages = OutageLog(
            _log,
            failing="no new certificate for this responder",
            working="certificates for this responder come again",
            monotonic=monotonic,
        )
        self._ends = OutageLog(
            _log,
            failing="no new OCSP certificate has come",
            working="there is a new OCSP certificate",
            monotonic=monotonic,
        )

    @classmethod
    def configured(
        cls, keyring: Keyring, issuers: Sequence[Issuer], database: Database, clock: Clock
    ) -> "DelegateRenewals":
        """For those of *issuers* that have a folder of keys.

        Raises:
            ConfigurationError: when a [keys.ISSUER] is wrong.
        """
        folders = [(issuer, keyring.delegates(issuer)) for issuer in issuers]
        return cls(
            [
                DelegateRenewal(issuer=issuer, folder=folder, database=database, clock=clock)
                for issuer, folder in folders
                if folder is not None
            ],
            clock,
        )

    def poll(self) -> None:
        """One step of what is due for each; one issuer's trouble holds up no other's."""
        for each in self._renewals:
            name = each.issuer.name
            try:
                each.poll()
            except SQLAlchemyError as error:
                first, *_ = str(getattr(error, "orig", None) or error).strip().splitlines()
                self._outages.failed(name, f"The database refused: {first}")
            except Exception as error:  # noqa: BLE001 - the edge of this thread: answering goes on
                self._outages.failed(name, error, traceback=not isinstance(error, PkiError))
            else:
                if each.trouble is None:
                    self._outages.worked(name)
                else:
                    self._outages.failed(name, each.trouble)

    def wait_for_first(self, keyring: Keyring, issuers: Sequence[Issuer], seconds: float) -> None:
        """Where an issuer has no valid certificate yet, ask for one, and wait until it is there or time is over."""
        deadline = time.monotonic() + seconds
        while self._renewals and time.monotonic() < deadline:
            self.poll()
            folders = [folder for folder in map(keyring.delegates, issuers) if folder is not None]
            if all(folder.current(self._clock.now()) is not None for folder in folders):
                return
            time.sleep(_POLL_SECONDS)

    def run(self, stop: threading.Event, signers: CurrentSigners) -> None:
        """Look after them until *stop* is set, and follow in *signers* what the workers sign with."""
        while not stop.wait(_POLL_SECONDS):
            self.step(signers)

    def step(self, signers: CurrentSigners) -> None:
        """Look after the keys once, take up what is new, and raise the alarm where it is due."""
        self.poll()
        for _ in signers.renewed():
            pass
        for signer in signers:
            self._watch(signer)

    def _watch(self, signer: AnswerSigner) -> None:
        if self._clock.now() >= signer.alarm_at:
            self._ends.failed(signer.issuer_name, f"the OCSP certificate ends at {iso(signer.not_after)}.")
        else:
            self._ends.worked(signer.issuer_name)
