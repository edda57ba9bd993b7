"""A database came back from an old backup: what the public CRL lists is taken back into the journal."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from crl_publisher.crl.reading import parse_crl
from crl_publisher.entry_store.store import EntryStore
from ocsp_responder.status import Revoked, SqlStatusSource
from pki_revocation import journal
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates, crl_entries
from pki_revocation.model import UNKNOWN_END, Channel
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.certificates import certificate_with_serial
from pki_revocation.service import RevocationRequest, RevocationService
from tests.crl_publisher.backups import backup_of, restored
from tests.crl_publisher.installations import Installed, install
from tests.pki import CertificateAuthority

SUPERSEDED, COMPROMISE = RevocationReason.SUPERSEDED, RevocationReason.KEY_COMPROMISE
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """An installation whose journal is older than its public CRL, and the serials that it is about.

    *kept* was revoked before the backup, *raised* too, and its reason was raised after it; *lost* was revoked after it,
    and *unknown* was issued and revoked after it.
    """

    installed: Installed
    kept: int
    raised: int
    lost: int
    unknown: int
    unknown_file: Path

    @property
    def all(self) -> set[int]:
        """Whatever must be revoked."""
        return {self.kept, self.raised, self.lost, self.unknown}


def run(installed: Installed, *words: str | Path, given: str | None = None) -> Result:
    """Run a command in this process."""
    directory = str(installed.installation.directory)
    return CliRunner().invoke(program, [*map(str, words), "--directory", directory], input=given)


def revoke(installed: Installed, serial: int, reason: RevocationReason, verifier: CodeVerifier) -> None:
    """As operators do it, audited."""
    clock = SystemClock()
    service = RevocationService(database=installed.database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    since = clock.now() - HOUR if reason is COMPROMISE else None
    service.revoke_for_operator(
        None, serial, RevocationRequest(reason=reason, channel=Channel.OPERATOR, compromised_at=since)
    )


def import_new(installed: Installed, authority: CertificateAuthority, file: Path) -> int:
    """A certificate that comes in as a file."""
    certificate = authority.issue("Zorg BV", SystemClock().now())
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    assert run(installed, "certificate", "import", file).exit_code == 0
    return certificate.serial_number


@pytest.fixture
def loss(tmp_path: Path, database: Database, authority: CertificateAuthority, verifier: CodeVerifier) -> Iterator[Loss]:
    """A backup, then revocations and a CRL, then the backup again."""
    installed = install(tmp_path, database, authority)
    kept, raised, lost = (import_new(installed, authority, tmp_path / f"{place}.pem") for place in range(3))
    revoke(installed, kept, SUPERSEDED, verifier)
    revoke(installed, raised, SUPERSEDED, verifier)
    assert run(installed, "crl", "publish").exit_code == 0
    with backup_of(database, tmp_path) as address:
        unknown = import_new(installed, authority, tmp_path / "unknown.pem")
        revoke(installed, raised, COMPROMISE, verifier)
        revoke(installed, lost, RevocationReason.CESSATION_OF_OPERATION, verifier)
        revoke(installed, unknown, COMPROMISE, verifier)
        assert run(installed, "crl", "publish").exit_code == 0
        with restored(installed, address) as again:
            yield Loss(
                installed=again, kept=kept, raised=raised, lost=lost, unknown=unknown,
                unknown_file=tmp_path / "unknown.pem",
            )  # fmt: skip


def listed(installed: Installed) -> dict[int, tuple[object, ...]]:
    """What the public CRL says of each serial."""
    crl = parse_crl(installed.public_file.read_bytes())
    return {
        int.from_bytes(entry.serial): (entry.revocation_date, entry.reason, entry.invalidity_date)
        for entry in crl.entries()
    }


def test_gate_refuses_until_the_journal_is_restored(loss: Loss, authority: CertificateAuthority) -> None:
    """Then the next CRL says what the last one said, with a higher number, and OpenSSL and OCSP say revoked."""
    installed = loss.installed
    before, public = listed(installed), parse_crl(installed.public_file.read_bytes())
    assert set(before) == loss.all

    refused = run(installed, "crl", "publish")
    assert refused.exit_code == 1
    assert "crl.entry.lost" in refused.output
    assert "run 'pki-revocation doctor --restore'" in refused.output
    assert parse_crl(installed.public_file.read_bytes()).number == public.number
    sick = run(installed, "doctor")
    assert sick.exit_code == 1
    assert "3 revocations on it are not in the journal" in sick.output
    assert "doctor --restore" in sick.output

    done = run(installed, "doctor", "--restore", "--yes")
    assert done.exit_code == 0, done.output
    assert run(installed, "crl", "publish").exit_code == 0

    crl = parse_crl(installed.public_file.read_bytes())
    assert crl.number is not None
    assert public.number is not None
    assert crl.number > public.number
    assert listed(installed) == before
    _openssl_says_revoked(installed, authority, loss.unknown_file)
    source = SqlStatusSource(installed.database, SystemClock())
    reading = source.read(installed.issuer.id, [loss.lost, loss.raised, loss.unknown])
    assert [isinstance(status, Revoked) and status.reason for status in reading.statuses] == [
        RevocationReason.CESSATION_OF_OPERATION,
        COMPROMISE,
        COMPROMISE,
    ]
    assert "WRONG  public CRLs" not in run(installed, "doctor").output
    assert "nothing was to be done" in run(installed, "doctor", "--restore").output


def test_what_was_written_is_audited_and_its_evidence_kept(loss: Loss) -> None:
    """Number and digest of the CRL, the rows' digest, who did it; and the CRL itself, for its owner alone."""
    installed = loss.installed
    public = installed.public_file.read_bytes()

    assert run(installed, "doctor", "--restore", "--yes").exit_code == 0

    with installed.database.read() as connection:
        verify_chain(connection)
        assert verify_journal(connection) == 5
        text = connection.execute(select(audit.c.detail).where(audit.c.event == "journal.restored")).scalar_one()
        rows = list(journal.entries_after(connection, installed.issuer.id, 2))
    detail = json.loads(text)
    (evidence,) = detail["evidence"]
    crl = parse_crl(public)
    assert (evidence["number"], evidence["sha256"], evidence["entries"]) == (crl.number, crl.sha256.hex(), 4)
    assert (detail["first_sequence"], detail["last_sequence"], detail["registered"]) == (3, 5, 1)
    kept = installed.installation.path("evidence") / evidence["kept"]
    assert kept.read_bytes() == public
    assert kept.stat().st_mode & 0o77 == 0
    assert {row.channel for row in rows} == {Channel.RESTORE}
    assert sorted(row.kind.value for row in rows) == ["raise", "revocation", "revocation"]


def test_certificate_that_only_the_crl_knows_never_leaves_it_early(loss: Loss, authority: CertificateAuthority) -> None:
    """It is registered without subject or end, and complete once it is imported again."""
    installed = loss.installed
    run(installed, "doctor", "--restore", "--yes")
    EntryStore(installed.database).apply(installed.issuer)
    with installed.database.read() as connection:
        row = certificate_with_serial(connection, installed.issuer.id, loss.unknown)
    assert row is not None
    assert (row.subject, row.not_after, row.number) == ("", UNKNOWN_END, None)
    assert "a CRL alone tells of this certificate" in run(installed, "status", f"{loss.unknown:x}").output

    report = json.loads(run(installed, "certificate", "import", loss.unknown_file, "--json").stdout)

    assert (report["completed"], report["added"], report["refused"]) == (1, 0, 0)
    with installed.database.read() as connection:
        again = certificate_with_serial(connection, installed.issuer.id, loss.unknown)
        ends = connection.scalars(select(crl_entries.c.not_after).where(crl_entries.c.serial == loss.unknown)).all()
    assert again is not None
    assert "Zorg BV" in again.subject
    assert again.number is None
    assert list(ends) == [again.not_after]
    assert again.not_after < UNKNOWN_END
    repeated = json.loads(run(installed, "certificate", "import", loss.unknown_file, "--json").stdout)
    assert (repeated["agreed"], repeated["refused"]) == (1, 0)


def test_it_shows_what_it_would_do_and_asks(loss: Loss) -> None:
    """Serials, dates and reasons; who says no has changed nothing."""
    installed = loss.installed

    refused = run(installed, "doctor", "--restore", given="n\n")

    assert refused.exit_code == 1
    for serial, words in (
        (loss.lost, "cessationOfOperation"),
        (loss.raised, "raised"),
        (loss.unknown, "not registered"),
    ):
        (line,) = [line for line in refused.output.splitlines() if f"{serial:x}" in line]
        assert words in line
    assert not installed.installation.path("evidence").exists()
    with installed.database.read() as connection:
        assert journal.read_head(connection, installed.issuer.id).sequence == 2


def test_json_is_for_programs(loss: Loss) -> None:
    """The same, with what was done."""
    (answer,) = json.loads(run(loss.installed, "doctor", "--restore", "--yes", "--json").stdout)

    assert answer["issuer"] == "issuing"
    assert {row["serial"] for row in answer["rows"]} == {
        f"{each:032x}" for each in (loss.lost, loss.raised, loss.unknown)
    }
    assert {row["kind"] for row in answer["rows"]} == {"raise", "revocation"}
    assert "3 rows" in answer["done"]


def test_file_is_evidence_too(loss: Loss, tmp_path: Path) -> None:
    """Where the published folder was lost with the database: a copy that somebody has, in DER or PEM."""
    installed = loss.installed
    copy = tmp_path / "copy.crl"
    installed.public_file.rename(copy)
    pem = tmp_path / "copy.pem"
    subprocess.run(["openssl", "crl", "-inform", "DER", "-in", copy, "-out", pem], check=True)
    assert "nothing was to be done" in run(installed, "doctor", "--restore").output

    assert "3 rows" in run(installed, "doctor", "--restore", "--yes", pem).output
    assert "nothing was to be done" in run(installed, "doctor", "--restore", copy).output


def test_what_the_ca_did_not_sign_proves_nothing(loss: Loss, tmp_path: Path) -> None:
    """A changed file, somebody else's, and rubbish."""
    installed = loss.installed
    data = bytearray(installed.public_file.read_bytes())
    data[-1] ^= 1
    files = {"changed.crl": bytes(data), "rubbish.crl": b"hello", "empty.crl": b""}
    for name, content in files.items():
        file = tmp_path / name
        file.write_bytes(content)
        done = run(installed, "doctor", "--restore", "--yes", file)
        assert done.exit_code == 1
        assert name in done.output
        assert "Traceback" not in done.output
    installed.public_file.write_bytes(bytes(data))
    public = run(installed, "doctor", "--restore", "--yes")
    assert public.exit_code == 1
    assert "not a CRL that issuing signed" in public.output
    with installed.database.read() as connection:
        assert journal.read_head(connection, installed.issuer.id).sequence == 2


def test_what_was_revoked_again_meanwhile_stands(loss: Loss, verifier: CodeVerifier) -> None:
    """A journal's row is never changed: the other date and reason are told, and the next CRL has the journal's."""
    installed = loss.installed
    dated = listed(installed)[loss.lost][0]
    while SystemClock().now() == dated:
        pass
    revoke(installed, loss.lost, SUPERSEDED, verifier)

    done = run(installed, "doctor", "--restore", "--yes")

    assert done.exit_code == 1
    assert f"{loss.lost:x}" in done.output
    assert "stays as it is" in done.output
    assert "1 stay as they are" in done.output
    assert "2 rows" in done.output
    assert run(installed, "crl", "publish").exit_code == 0
    assert listed(installed)[loss.lost][1] is SUPERSEDED


def test_files_without_restore_are_a_mistake(loss: Loss) -> None:
    """They would be passed over."""
    done = run(loss.installed, "doctor", loss.installed.public_file)

    assert done.exit_code == 2
    assert "--restore" in done.output


def test_parts_tell_of_a_certificate_what_belongs_in_the_register(
    tmp_path: Path, database: Database, authority: CertificateAuthority, verifier: CodeVerifier
) -> None:
    """Its shard and whether it is a CA, so that it is on the same CRLs again."""
    installed = install(tmp_path, database, authority)
    config = installed.installation.config
    config.write_text(config.read_text() + "\n[crl]\nca = true\nusers = true\n")
    assert run(installed, "crl", "shards", "--add").exit_code == 0
    for scope in ("full", "ca", "users", "shard-1"):
        assert run(installed, "crl", "publish", "--scope", scope).exit_code == 0
    with backup_of(database, tmp_path) as address:
        subscriber, authority_below = installed.population.issue(2)
        with database.write() as connection:
            own = certificates.update().where(certificates.c.serial == subscriber)
            connection.execute(own.values(shard=1))
            below = certificates.update().where(certificates.c.serial == authority_below)
            connection.execute(below.values(is_ca=True))
        for serial in (subscriber, authority_below):
            revoke(installed, serial, SUPERSEDED, verifier)
        for scope in ("full", "ca", "users", "shard-1"):
            assert run(installed, "crl", "publish", "--scope", scope).exit_code == 0
        with restored(installed, address) as again:
            assert "2 rows" in run(again, "doctor", "--restore", "--yes").output
            with again.database.read() as connection:
                query = select(certificates.c.serial, certificates.c.is_ca, certificates.c.shard)
                rows = {row.serial: (row.is_ca, row.shard) for row in connection.execute(query)}
            for scope in ("full", "ca", "users", "shard-1"):
                done = run(again, "crl", "publish", "--scope", scope)
                assert done.exit_code == 0, done.output
    assert rows == {subscriber: (False, 1), authority_below: (True, 0)}


def test_shard_that_the_backup_does_not_know_is_told(
    tmp_path: Path, database: Database, authority: CertificateAuthority
) -> None:
    """It is added again first: its address is the one that it had."""
    installed = install(tmp_path, database, authority)
    with backup_of(database, tmp_path) as address:
        assert run(installed, "crl", "shards", "--add").exit_code == 0
        assert run(installed, "crl", "publish", "--scope", "shard-1").exit_code == 0
        with restored(installed, address) as again:
            told = run(again, "doctor", "--restore")
            assert told.exit_code == 1
            assert "crl shards --add" in told.output
            assert run(again, "crl", "shards", "--add").exit_code == 0
            assert run(again, "doctor", "--restore").exit_code == 0


def _openssl_says_revoked(installed: Installed, authority: CertificateAuthority, certificate: Path) -> None:
    folder = installed.installation.directory
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-in", installed.public_file, "-out", folder / "public.pem"], check=True
    )
    done = subprocess.run(
        ["openssl", "verify", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "public.pem", certificate],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "certificate revoked" in done.stdout + done.stderr
