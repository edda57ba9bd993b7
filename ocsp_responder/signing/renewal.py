"""The responder's own keys, renewed by its parent process, which answers nobody: workers only take up what it made.

An alarm is raised while there is time: once an hour in the log from three quarters of a certificate's life on, and in
the workers' metrics.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from keys.delegation.renewal import DelegateRenewal
from keys.keyring import Keyring
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer

from .answer_signers import CurrentSigners
from .response import AnswerSigner

_log = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_AGAIN = timedelta(hours=1)


class DelegateRenewals:
    """Looks after the keys of all issuers that the responder makes keys for."""

    def __init__(self, renewals: Sequence[DelegateRenewal], clock: Clock) -> None:
        """Look after the keys of *renewals* with `run`; nothing is read yet."""
        self._renewals = renewals
        self._clock = clock
        self._said: dict[str, tuple[str, datetime]] = {}

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
            try:
                each.poll()
                trouble = each.trouble
            except PkiError as error:
                trouble = str(error)
            except SQLAlchemyError as error:
                first, *_ = str(getattr(error, "orig", None) or error).strip().splitlines()
                trouble = f"The database refused: {first}"
            except Exception:  # noqa: BLE001 - the edge of this thread: answering goes on
                _log.exception("%s: the key of this responder could not be looked after", each.issuer.name)
                continue
            if trouble is None:
                self._said.pop(each.issuer.name, None)
            else:
                self._say(each.issuer.name, f"no new certificate for this responder: {trouble}")

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
            self._say(
                f"{signer.issuer_name} ends",
                f"{signer.issuer_name}: the OCSP certificate ends at {iso(signer.not_after)}, and no new one has come",
            )

    def _say(self, what: str, sentence: str) -> None:
        now = self._clock.now()
        said = self._said.get(what)
        if said is None or said[0] != sentence or now - said[1] >= _AGAIN:
            self._said[what] = (sentence, now)
            _log.error("%s: %s", what, sentence)
