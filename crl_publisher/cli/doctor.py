"""The publisher's part of `doctor`: CRLs that are signed elsewhere, and public CRLs that know more than the journal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from crl_publisher import bootstrap
from crl_publisher.config import CrlSettings
from crl_publisher.distribution.staleness import RecordComparison
from crl_publisher.entry_store.progress import wanting
from crl_publisher.errors import OutletError
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.offline.alarms import ADVICE
from crl_publisher.offline.status import statuses
from crl_publisher.outlets.published_files import PUBLISHED
from crl_publisher.recovery.evidence import CrlEvidence, file_evidence, public_evidence
from crl_publisher.recovery.missing_rows import missing_rows
from crl_publisher.recovery.restoration import CrlRestoration
from crl_publisher.scheduling.entries import read_entries, weakened
from keys.keyring import Keyring
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.check_result import CheckResult
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers
from pki_revocation.register.service_failures import failures_of
from pki_revocation.runtime.clock_keeping import open_clock

# Where the CRLs are kept that revocations were taken back from.
EVIDENCE = "evidence"


def check(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """The CRLs' part of `doctor`.

    Raises:
        ConfigurationError: when a section is wrong.
    """
    return _Doctor(installation, database).examine()


def restorations(installation: Installation, database: Database, files: Sequence[Path]) -> Iterator[CrlRestoration]:
    """For each issuer the revocations that public CRLs, or *files* alone, list and its journal lacks.

    And those that services have seen on CRLs which are public no more.

    Raises:
        NoEvidence: when a file or a public CRL proves nothing.
        UnreadableCrl: when one of its entries is broken.
        OutletError, StoreError: when what is public or the database cannot be read.
    """
    return _Doctor(installation, database).restorations(files)


class _Doctor:
    """Looks at an installation's CRLs."""

    def __init__(self, installation: Installation, database: Database) -> None:
        """*database* is open, and of the right revision."""
        self._installation = installation
        self._database = database
        self._clock = open_clock(database)

    def examine(self) -> Iterator[CheckResult]:
        issuance = bootstrap.issuance(self._installation, self._database)
        keyring = Keyring.open(self._installation, self._clock)
        notice = self._installation.section(CrlSettings).elsewhere_notice
        yield from self._publisher(any(keyring.signs_crls_for(issuer) for issuer in self._issuers()))
        for issuer in self._issuers():
            if not keyring.signs_crls_for(issuer):
                yield from self._elsewhere(issuance, issuer, notice)
            else:
                yield from self._publication(issuance, issuer)
                yield from self._schedule(issuer)
                yield from self._entries(issuer)
            yield self._journal_is_complete(issuance, issuer)
        comparison = RecordComparison(
            database=self._database, clock=self._clock, root=self._installation.path(PUBLISHED)
        )
        for sentence in comparison.outdated():
            yield CheckResult("published files on this node", well=False, says=sentence)

    def restorations(self, files: Sequence[Path]) -> Iterator[CrlRestoration]:
        issuance = bootstrap.issuance(self._installation, self._database)
        evidence: dict[Issuer, list[CrlEvidence]] = defaultdict(list)
        if files:
            with self._database.read() as connection:
                for file in files:
                    issuer, found = file_evidence(connection, file, issuance.scopes)
                    evidence[issuer].append(found)
        else:
            for issuer in self._issuers():
                evidence[issuer] += self._public(issuance, issuer)
        for issuer, crls in evidence.items():
            restoration = self._restoration(issuer, crls)
            if crls or restoration.found.rows:
                yield restoration

    def _issuers(self) -> tuple[Issuer, ...]:
        with self._database.read() as connection:
            return all_issuers(connection)

    def _public(self, issuance: CrlIssuance, issuer: Issuer) -> list[CrlEvidence]:
        with self._database.read() as connection:
            scopes = issuance.scopes(connection, issuer)
        return list(public_evidence(bootstrap.outlet(self._installation), self._database, issuer, scopes))

    def _restoration(self, issuer: Issuer, evidence: list[CrlEvidence]) -> CrlRestoration:
        with self._database.read() as connection:
            found = missing_rows(connection, issuer, evidence, self._clock.now())
        return CrlRestoration(
            database=self._database,
            clock=self._clock,
            audit=AuditTrail(self._clock),
            folder=self._installation.path(EVIDENCE),
            issuer=issuer,
            evidence=evidence,
            found=found,
        )

    def _journal_is_complete(self, issuance: CrlIssuance, issuer: Issuer) -> CheckResult:
        check = f"public CRLs of {issuer.name}"
        try:
            evidence = self._public(issuance, issuer)
            found = self._restoration(issuer, evidence).found
        except PkiError as error:
            return CheckResult(check, well=False, says=str(error))
        if not found.rows:
            return CheckResult(check, well=True, says="they list nothing that the journal does not have")
        where = ", ".join([*(f"CRL {each.crl.number} at {each.source}" for each in evidence), *found.remembered])
        return CheckResult(
            check,
            well=False,
            says=f"{where}: {len(found.rows)} revocations on it are not in the journal, as after an old backup was "
            "restored: take them back with 'pki-revocation doctor --restore'",
        )

    def _publisher(self, is_needed: bool) -> Iterator[CheckResult]:  # noqa: FBT001 - the one thing that it hangs on
        """Whether one runs, and what it failed with last: nothing where every CRL is signed elsewhere."""
        if not is_needed:
            return
        holder = bootstrap.lease(self._installation, self._database).current_holder()
        with self._database.read() as connection:
            failures = failures_of(connection, bootstrap.PUBLISHER)
        if holder is None:
            yield CheckResult(
                "publisher",
                well=False,
                says="none runs, so that no CRL follows a revocation or the schedule: start 'pki-revocation publisher' "
                "or 'pki-revocation serve all'",
            )
        elif not failures:
            yield CheckResult("publisher", well=True, says="one runs")
        when = "its last failure" if holder is None else "fails"
        for each in failures:
            yield CheckResult(
                f"publisher, {each.item}", well=False, says=f"{when} since {iso(each.since)}: {each.sentence}"
            )

    def _publication(self, issuance: CrlIssuance, issuer: Issuer) -> Iterator[CheckResult]:
        observer = bootstrap.observer(self._installation, self._database)
        with self._database.read() as connection:
            scopes = issuance.scopes(connection, issuer)
        try:
            observed = [observer.read(observer.observe(issuer, scope)) for scope in scopes]
        except OutletError as error:
            yield CheckResult(f"CRLs of {issuer.name}", well=False, says=str(error))
            return
        for each in observed:
            for alarm in (*each.alarms, *each.delta_alarms):
                yield CheckResult(f"{each.scope.name} CRL of {issuer.name}", well=False, says=alarm.says)
        if not any(each.alarms or each.delta_alarms for each in observed):
            yield CheckResult(f"CRLs of {issuer.name}", well=True, says="all that are due were published")

    def _schedule(self, issuer: Issuer) -> Iterator[CheckResult]:
        """A profile that was made weaker, by which version and why."""
        with self._database.read() as connection:
            entries = read_entries(connection, issuer)
        found = weakened(entries, self._clock.now())
        if found is not None:
            entry, stronger = found
            says = (
                f"version {entry.number} of {entry.proposed_by} has the profile {entry.schedule.profile}, weaker than "
                f"{stronger.schedule.profile} of version {stronger.number}: {entry.reason or 'no reason was given'}"
            )
            yield CheckResult(f"schedule of {issuer.name}", well=True, says=says)

    def _entries(self, issuer: Issuer) -> Iterator[CheckResult]:
        with self._database.read() as connection:
            held, due = wanting(connection, issuer.id)
        if held != due:
            says = (
                f"it has {held} entries, and the journal calls for {due}: the publisher makes it anew before its next "
                f"CRL, and 'pki-revocation crl rebuild --issuer {issuer.name}' does it now"
            )
            yield CheckResult(f"entry store of {issuer.name}", well=False, says=says)

    def _elsewhere(self, issuance: CrlIssuance, issuer: Issuer, notice: timedelta) -> Iterator[CheckResult]:
        with self._database.read() as connection:
            scopes = issuance.scopes(connection, issuer)
            found = statuses(connection, issuer, scopes, self._clock.now(), notice)
        for status in found:
            check = f"{status.scope.name} CRL of {issuer.name}, signed elsewhere"
            for alarm in status.alarms:
                yield CheckResult(check, well=False, says=f"{alarm.says}: {ADVICE}")
            if not status.alarms:
                crl = status.crl
                says = "none is needed yet" if crl is None else f"CRL {crl.number}, good until {iso(crl.next_update)}"
                yield CheckResult(check, well=True, says=says)
