"""An installation that knows the vectors' CAs and what they issued, and a responder that runs on it as a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.files.file_key import save_key
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from pki_revocation.service import RevocationService
from tests.databases import new_sqlite
from tests.ocsp_responder import registers
from tests.ocsp_responder.installations import Installed, free_ports, running
from tests.pki import CertificateAuthority
from tests.vectors.authorities import GOOD_SERIALS, ISSUING, REVOKED, ROOT, SECOND, SECONDS_GOOD

CLOCK = SystemClock()
AUTHORITIES: dict[str, CertificateAuthority] = {"root": ROOT, "issuing": ISSUING, "second": SECOND}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scene:
    """A register with three issuers and a responder's keys for each; *delegates* are their certificates."""

    installed: Installed
    issuers: dict[str, Issuer]
    delegates: dict[str, x509.Certificate]
    revoked_at: datetime
    processes: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the responder answers."""
        return self.installed.url

    @property
    def directory(self) -> Path:
        """The installation's folder."""
        return self.installed.installation.directory

    def issue(self, *, issuer: str = "issuing", lifetime: timedelta = 90 * _DAY, ago: timedelta = _DAY) -> int:
        """Register a new certificate of an issuer, valid from *ago* on; its serial."""
        issued = AUTHORITIES[issuer].issue("Zorg BV", CLOCK.now() - ago, lifetime)
        with self.installed.installation.database() as database:
            registers.add(database, self.issuers[issuer], CLOCK, issued)
        return issued.serial_number

    def issue_expired(self, ago: timedelta) -> tuple[int, datetime]:
        """Register a certificate that ended so long ago; its serial and its end."""
        end = CLOCK.now() - ago
        issued = ISSUING.issue("Oud BV", end - 30 * _DAY, 30 * _DAY)
        with self.installed.installation.database() as database:
            registers.add(database, self.issuers["issuing"], CLOCK, issued)
        return issued.serial_number, issued.not_valid_after_utc

    def revoke(
        self,
        serial: int,
        reason: RevocationReason = RevocationReason.UNSPECIFIED,
        *,
        issuer: str = "issuing",
        revocation_date: datetime | None = None,
    ) -> datetime:
        """Revoke as an operator does; what relying parties are to be told as its moment."""
        with self.installed.installation.database() as database:
            moment = _revoke(database, self.issuers[issuer], serial, reason, revocation_date)
        return revocation_date or moment

    def workers(self) -> list[psutil.Process]:
        """The responder's processes, the parent among them."""
        parent = psutil.Process(self.processes[-1])
        return [parent, *parent.children(recursive=True)]


def make(
    folder: Path, *, settings: str = "", lifetime: timedelta = 14 * _DAY, database_url: str | None = None
) -> Scene:
    """Write configuration and keys, and register the CAs and what the vectors ask about.

    Args:
        folder: an empty one.
        settings: lines for [ocsp].
        lifetime: of the delegated OCSP certificates.
        database_url: a database with all tables and nothing in them; SQLite in the folder without one.
    """
    port, operations_port = free_ports(2)
    url = f"http://127.0.0.1:{port}/ocsp"
    address = database_url or f"sqlite:///{folder}/revocation.db"
    delegates = {name: _delegate(folder, name, authority, lifetime) for name, authority in AUTHORITIES.items()}
    keys = "\n".join(
        f'[keys.{name}]\nocsp_key = "keys/{name}.key"\nocsp_certificate = "keys/{name}.pem"\nunencrypted = true'
        for name in AUTHORITIES
    )
    listen = f'port = {port}\noperations_port = {operations_port}\npublic_url = "{url}"'
    (folder / "config.toml").write_text(f'[database]\nurl = "{address}"\n{keys}\n[ocsp]\n{listen}\n{settings}\n')
    with new_sqlite(folder / "revocation.db") if database_url is None else Database(database_url) as database:
        issuers = _registered(database)
        revoked_at = _revoke(database, issuers["issuing"], REVOKED, RevocationReason.KEY_COMPROMISE, None)
    installed = Installed(
        installation=Installation.open(folder),
        issuer=issuers["issuing"],
        url=url,
        operations_url=f"http://127.0.0.1:{operations_port}",
    )
    return Scene(installed=installed, issuers=issuers, delegates=delegates, revoked_at=revoked_at)


@contextmanager
def served(scene: Scene, *, workers: int = 2) -> Iterator[Scene]:
    """The same with `pki-revocation serve ocsp` running on it."""
    with running(scene.installed, workers=workers) as process:
        scene.processes.append(process.pid)
        yield scene


def _delegate(folder: Path, name: str, authority: CertificateAuthority, lifetime: timedelta) -> x509.Certificate:
    key, certificate = authority.delegate(CLOCK.now(), lifetime)
    (folder / "keys").mkdir(mode=0o700, exist_ok=True)
    save_key(key, folder / "keys" / f"{name}.key")
    (folder / "keys" / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return certificate


def _registered(database: Database) -> dict[str, Issuer]:
    with database.write() as connection:
        issuers = {
            name: add_issuer(
                connection, name=name, certificate=each.certificate, is_default=name == "issuing", clock=CLOCK
            )
            for name, each in AUTHORITIES.items()
        }
    now = CLOCK.now()
    ours = [ISSUING.issue("Zorg BV", now, serial=serial) for serial in (*GOOD_SERIALS, REVOKED)]
    registers.add(database, issuers["issuing"], CLOCK, *ours)
    registers.add(database, issuers["second"], CLOCK, SECOND.issue("Zorg BV", now, serial=SECONDS_GOOD))
    registers.add(database, issuers["root"], CLOCK, ISSUING.certificate, SECOND.certificate)
    return issuers


def _revoke(
    database: Database, issuer: Issuer, serial: int, reason: RevocationReason, revocation_date: datetime | None
) -> datetime:
    verifier = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)
    service = RevocationService(database=database, clock=CLOCK, audit=AuditTrail(CLOCK), verifier=verifier)
    return registers.revoke(service, issuer, serial, reason, revocation_date)
