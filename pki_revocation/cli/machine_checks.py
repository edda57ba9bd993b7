"""`doctor` on this machine: its services, clock, disks and accounts, and the proxies in front of it."""

from collections.abc import Iterator
from pathlib import Path

from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.config.service_accounts import ServiceAccountSettings, problems
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.host.disk_space import full_disks
from pki_revocation.rate_limiting.proxy_sightings import ProxyTrouble, recent_sightings
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.register.clock_look import clock_troubles
from pki_revocation.register.journal_heads import wrong_heads
from pki_revocation.runtime.clock_keeping import open_clock, process_trouble
from pki_revocation.runtime.service_states import supervised_services

from .check_result import CheckResult


def services(installation: Installation) -> Iterator[CheckResult]:
    """Those of `serve all`, where it runs on this machine; under systemd, `systemctl` knows them."""
    states = list(supervised_services(installation.directory))
    for state in states:
        if not state.is_well:
            yield CheckResult(f"service {state.name}", well=False, says=str(state))
    if states and all(state.is_well for state in states):
        yield CheckResult("services", well=True, says=f"{len(states)} run")


def clocks(database: Database) -> Iterator[CheckResult]:
    """This process's clock, each machine's, and where a journal is ahead of them."""
    clock = open_clock(database)
    own = process_trouble(clock.machine) or clock.witnesses().trouble
    with database.read() as connection:
        machines = clock_troubles(connection, clock.now())
        ahead = wrong_heads(connection, clock, certain=False)
    if own is not None:
        yield CheckResult(
            "clock",
            well=False,
            says=f"{own}: correct it, or, if it is right, say so with 'pki-revocation clock accept'",
        )
    elif not machines:
        yield CheckResult("clock", well=True, says="no second clock is known: this system has no boot clock")
    for seen, trouble in machines:
        well = not trouble
        says = f"{seen.observed_offset:+d} s from its boot clock, seen at {iso(seen.observed_at)}"
        if seen.server_offset is not None:
            says = f"{seen.server_offset:+d} s from the database server's, {says}"
        advice = "correct it, or, if it is right, run 'pki-revocation clock accept' there"
        yield CheckResult(f"clock of {seen.host}", well, says if well else f"{trouble}: {advice}")
    for issuer, last_at in ahead:
        yield CheckResult(
            f"clock of {issuer.name}",
            well=False,
            says=f"its journal has reached {iso(last_at)}, and it is {iso(clock.now())}: a clock was ahead, or this "
            "one is behind; correct it, or, if it is right, take the journal back with 'pki-revocation clock accept'",
        )


def disks(installation: Installation, database: Database) -> CheckResult:
    """What is written on this machine: CRLs, and the database where it is a file."""
    folders = [installation.directory, installation.path("published")]
    if database.is_sqlite:
        folders.append(Path(str(database.url.database)).parent)
    full = full_disks(folders)
    return CheckResult("disk", not full, " ".join(full) if full else "there is room")


def accounts(installation: Installation) -> Iterator[CheckResult]:
    """Which process could read more than it should; nothing is wrong where one account runs all of them."""
    try:
        named = installation.section(ServiceAccountSettings).by_service()
        found = list(problems(installation)) if named else []
    except PkiError as error:
        found = [str(error)]
    for sentence in found:
        yield CheckResult("accounts", well=False, says=sentence)
    if not found:
        says = "each reads what it needs" if named else "[accounts] names none, so that one may run every service"
        yield CheckResult("accounts", well=True, says=says)


def proxies(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """Without a proxy's word on where requests come from, all of its clients are one source."""
    try:
        named = installation.section(LimitSettings).trusted_proxies
    except PkiError as error:
        yield CheckResult("proxies", well=False, says=str(error))
        return
    with database.read() as connection:
        found = recent_sightings(connection, open_clock(database).now())
    # One that has been named or taken out since waits for the service's next start, and not for a day.
    standing = [each for each in found if named.trusts(each.address) is (each.trouble is ProxyTrouble.SILENT)]
    for sighting in standing:
        yield CheckResult("proxies", well=False, says=str(sighting))
    if not standing:
        says = f"[limits] trusted_proxies names {named}" if str(named) else "none is named, and none was seen"
        yield CheckResult("proxies", well=True, says=says)
