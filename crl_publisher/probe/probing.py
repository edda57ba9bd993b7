"""Looks at every public address, after each publication and in between, and raises the alarm."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from tempfile import TemporaryFile

from crl_publisher.gate.findings import Finding, Findings
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits

from . import metrics
from .examination import ProbeContext, examine
from .expectations import ExpectedCrl, ScopesOf, expectations
from .fetching import fetch
from .settings import ProbeSettings
from .states import ProbeState, forget_other_paths, probe_states_by_path, write_probe_states

_log = logging.getLogger(__name__)
_MEBIBYTE = 1 << 20
_CONCURRENCY = 4
_LONGEST_WAIT_SECONDS = 1.0
_END_SECONDS = 5.0


class Probe:
    """Fetches every public CRL as a relying party does, and records what is wrong."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        public_url: str,
        scopes_of: ScopesOf,
        settings: ProbeSettings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*public_url* is what paths such as crl/issuing.crl go behind, *scopes_of* which CRLs there should be."""
        self._database = database
        self._clock = clock
        self._public_url = public_url
        self._scopes_of = scopes_of
        self._settings = settings
        self._monotonic = monotonic
        self._limits = ExchangeLimits(seconds=settings.timeout.total_seconds(), octets=settings.largest_mib * _MEBIBYTE)
        self._due = monotonic() + settings.grace.total_seconds()

    def probe(self, issuer: str | None = None) -> tuple[ProbeState, ...]:
        """Look at every address now, or at those of one issuer, and record what was found.

        Raises:
            NotFound: when there is no issuer of that name.
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            expected = list(expectations(connection, self._public_url, self._scopes_of, issuer))
            before = probe_states_by_path(connection)
        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            states = tuple(pool.map(lambda each: self._probe(each, before.get(each.path)), expected))
        with self._database.write() as connection:
            write_probe_states(connection, states)
            if issuer is None:
                forget_other_paths(connection, [state.path for state in states])
        for state in states:
            metrics.found(state)
            _tell(state, before.get(state.path))
        return states

    def wake(self) -> None:
        """Plan a look for when caches may have what was just published."""
        self._due = min(self._due, self._monotonic() + self._settings.grace.total_seconds())

    def probe_if_due(self) -> None:
        """Look when it is time to; called every second.

        Raises:
            StoreError: when the database does not answer.
        """
        if self._monotonic() >= self._due:
            self._due = self._monotonic() + self._settings.every.total_seconds()
            self.probe()

    def _probe(self, expected: ExpectedCrl, before: ProbeState | None) -> ProbeState:
        seen = None if before is None or before.url != expected.url else before.number
        number: int | None = None
        try:
            with TemporaryFile() as body:
                fetched = fetch(expected.url, self._limits, body)
                # The time after the answer: nothing is found to lie in the future that was not.
                context = ProbeContext(now=self._clock.now(), settings=self._settings, seen=seen)
                findings, number = examine(fetched, expected, context)
        except (ExchangeFailed, OSError) as error:
            findings = Findings()
            findings.error("probe.unreachable", str(error))
        now = self._clock.now()
        return ProbeState(
            path=expected.path,
            url=expected.url,
            probed_at=now,
            number=max((each for each in (number, seen) if each is not None), default=None),
            findings=tuple(findings.listed),
            wrong_since=_since(findings, before, now),
        )


def _since(findings: Findings, before: ProbeState | None, now: datetime) -> datetime | None:
    if not findings.errors:
        return None
    return before.wrong_since if before is not None and before.wrong_since is not None else now


def _tell(state: ProbeState, before: ProbeState | None) -> None:
    """Log the findings that are new, not the same ones every five minutes; the metric stays."""
    known = set() if before is None else {finding.id for finding in before.findings}
    for finding in state.findings:
        if finding.id not in known:
            _log.log(logging.ERROR if finding in state.errors else logging.WARNING, "%s: %s", *_said(finding))
    if before is not None and before.errors and not state.errors:
        _log.warning("%s is right again", state.url)


def _said(finding: Finding) -> tuple[str, str]:
    return finding.id, finding.message
