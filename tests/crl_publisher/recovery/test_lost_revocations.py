"""A database came back from an old backup that knows all certificates: five revocations are lost, and all come back.

The usual case, unlike the one with a certificate that was issued after the backup: nothing is registered on the way.
"""

import json
import secrets
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crl_publisher.crl.crl_extensions import CrlParameters
from keys.identity import Purpose, identify
from ocsp_responder.answering.guarded_statuses import GuardedStatusSource
from ocsp_responder.answering.missing_revocations import MissingRevocations
from ocsp_responder.fast_path.restoration_watch import RestorationWatch
from ocsp_responder.status import Good, Revoked, SqlStatusSource, Status, Unknown
from pki_revocation import journal
from pki_revocation.clock import SystemClock, iso
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError
from pki_revocation.proof.public_files import public_files
from tests.crl_publisher.crafted import parts_of
from tests.crl_publisher.installations import Installed, install
from tests.crl_publisher.recovery.losses import (
    COMPROMISE,
    LOST,
    Loss,
    back_date,
    client_of,
    listed,
    revoked_by,
    run,
)
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority
from tests.subscribers import enrol

# What is said once more on PostgreSQL, in the long step.
SQLITE_FIRST = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)


def test_all_come_back_in_their_order_with_one_time(loss: Loss) -> None:
    """Endpoint, page, status, OCSP and CRL say when it was revoked, and none says when it was restored."""
    installed = loss.installed
    before = listed(installed)
    assert len(before) == LOST

    done = run(installed, "doctor", "--restore", "--yes")

    assert done.exit_code == 0, done.output
    assert f"{LOST} rows" in done.output
    assert run(installed, "crl", "publish").exit_code == 0
    assert listed(installed) == before
    with installed.database.read() as connection:
        rows = list(journal.entries_after(connection, installed.issuer.id, 0))
    assert [row.serial for row in rows] == [row.serial for row in loss.rows]
    assert [row.sequence for row in rows] == [row.sequence for row in loss.rows]
    source = SqlStatusSource(installed.database, SystemClock())
    for place, row in enumerate(rows):
        moment = iso(before[row.serial])
        assert loss.revoke(place)["revoked_at"] == moment
        (status,) = source.read(installed.issuer.id, [row.serial]).statuses
        assert isinstance(status, Revoked)
        assert iso(status.revocation_date) == moment
        told = json.loads(run(installed, "status", f"{row.serial:x}", "--json").stdout)
        assert told["revocation_date"] == moment
        page = loss.client().get(str(loss.answers[place]["receipt_url"]).partition("8460")[2])
        assert f'id="revoked-at" datetime="{moment}"' in page.text
    assert "nothing was to be done" in run(installed, "doctor", "--restore").output


def test_restore_leaves_no_time_in_which_a_repeat_is_dated_anew(
    tmp_path: Path, authority: CertificateAuthority, verifier: CodeVerifier
) -> None:
    """What the folder's CRL lists stands in the journal again before any service can start."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        installed = install(tmp_path, database, authority)
        clock = SystemClock()
        one = enrol(database, installed.issuer, authority.issue("Zorg BV", clock.now()), clock, verifier)
        assert run(installed, "backup", str(tmp_path / "register.backup")).exit_code == 0
        back_date(database, installed, [one.certificate.serial], verifier)
        assert run(installed, "crl", "publish").exit_code == 0
    before = listed(installed)

    done = run(installed, "restore", str(tmp_path / "register.backup"), "--yes")

    assert (done.exit_code, "1 rows were taken back" in done.output) == (0, True), done.output
    assert "'pki-revocation doctor --restore FILE…'" in done.output
    with installed.installation.checked_database() as again:
        assert revoked_by(client_of(again, verifier), one)["revoked_at"] == iso(before[one.certificate.serial])


def test_what_was_never_published_is_no_trouble(
    tmp_path: Path, database: Database, authority: CertificateAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    """A first start has no CRL, and most never have a delta: the log warns of neither."""
    fetch = public_files(install(tmp_path, database, authority).installation)

    assert [list(fetch(path)) for path in ("crl/issuing.crl", "crl/issuing-delta.crl")] == [[], []]
    assert not caplog.records


@SQLITE_FIRST
def test_an_address_shows_no_other_certificate(loss: Loss) -> None:
    """Whatever was handed out: before the restoration it is gone, in words; after it, the same certificate is shown."""
    addresses = [str(answer["receipt_url"]).partition("8460")[2] for answer in loss.answers]
    client = loss.client()
    for address in addresses:
        gone = client.get(f"{address}?lang=en")
        assert (gone.status_code, "is not in our register" in gone.text) == (410, True)

    assert run(loss.installed, "doctor", "--restore", "--yes").exit_code == 0

    for address, subscriber in zip(addresses, loss.subscribers, strict=True):
        shown = client.get(address)
        assert shown.status_code == 200
        assert f"{subscriber.certificate.serial:x}" in shown.text.replace(":", "").replace(" ", "").lower()
        others = [each for each in loss.subscribers if each is not subscriber]
        assert not any(f"{each.certificate.serial:x}" in shown.text for each in others)


def test_responder_says_revoked_or_nothing_until_it_is_done(loss: Loss) -> None:
    """What the public CRL lists is revoked; nothing else of this issuer is known; a restoration ends it."""
    guard = Guard(loss.installed)
    serials = [each.certificate.serial for each in loss.subscribers]

    assert guard.missing.trouble is not None
    assert "doctor --restore" in guard.missing.trouble
    dates = listed(loss.installed)
    for serial in serials:
        (status,) = guard.statuses(serial)
        assert isinstance(status, Revoked)
        assert status.revocation_date == dates[serial]
        assert status.reason is COMPROMISE
        assert status.not_after < datetime.max.replace(tzinfo=status.not_after.tzinfo) - timedelta(days=9999)
    assert len(guard.statuses(*serials)) == LOST
    for unknown in ([loss.good.certificate.serial], [serials[0], loss.good.certificate.serial], [0x99]):
        with pytest.raises(StoreError, match="doctor --restore"):
            guard.statuses(*unknown)

    guard.missing.look_again()
    assert guard.missing.any
    assert run(loss.installed, "doctor", "--restore", "--yes").exit_code == 0
    watch = RestorationWatch(guard.missing, every=0.01)
    watch.run()
    assert guard.missing.trouble is None
    assert isinstance(guard.statuses(loss.good.certificate.serial)[0], Good)
    assert isinstance(guard.statuses(0x99)[0], Unknown)
    assert isinstance(guard.statuses(serials[0])[0], Revoked)


@SQLITE_FIRST
def test_responder_that_starts_afterwards_knows_nothing_of_it(loss: Loss) -> None:
    """The public CRL is still one that the record does not know, and lists nothing that the journal lacks."""
    assert run(loss.installed, "doctor", "--restore", "--yes").exit_code == 0
    assert not Guard(loss.installed).missing.any


@SQLITE_FIRST
def test_watch_ends_with_its_process(loss: Loss) -> None:
    """While it waits for a restoration that does not come."""
    guard = Guard(loss.installed)
    watch = RestorationWatch(guard.missing, every=60)
    watch.start(None, None)  # type: ignore[arg-type] # neither is used
    watch.stop()
    assert guard.missing.any


@SQLITE_FIRST
def test_what_the_ca_did_not_sign_stops_nothing(loss: Loss, authority: CertificateAuthority) -> None:
    """Any account that may write there could otherwise take OCSP down: cut off, changed, empty, and no CRL at all.

    Nor does one that it did sign with an extension twice, which the library refuses by an error of its own.
    """
    file = loss.installed.public_file
    data = file.read_bytes()
    now = SystemClock().now()
    ca = identify(authority.key, authority.certificate, Purpose.CRL, issuer=authority.certificate, now=now)
    plain = parts_of(ca, CrlParameters(number=1, this_update=now, next_update=now + timedelta(days=1)), [])
    twice = plain.changed(extensions=(*plain.extensions, plain.extensions[-1])).signed_by(ca)
    # The library refuses a version that there is not by an error that is no ValueError.
    assert data.count(b"\x02\x01\x01\x30") == 1
    unversioned = data.replace(b"\x02\x01\x01\x30", b"\x02\x01\x05\x30")
    for unfit in (data[: len(data) // 2], data[:-1] + bytes((data[-1] ^ 1,)), b"", b"hello", twice, unversioned):
        file.write_bytes(unfit)
        assert not Guard(loss.installed).missing.any


@SQLITE_FIRST
def test_public_address_is_asked_where_the_folder_is_not_here(loss: Loss) -> None:
    """A responder on another machine; an address that does not answer keeps none from starting."""
    installed = loss.installed
    away = installed.installation.path("away")
    installed.installation.path("published").rename(away)
    handler = partial(SimpleHTTPRequestHandler, directory=str(away))
    with ThreadingHTTPServer(("127.0.0.2", 0), handler) as server:
        config = installed.installation.config
        config.write_text(config.read_text().replace("[distribution]", f"""[distribution]
        public_url = "http://127.0.0.2:{server.server_port}"
"""))  # fmt: skip
        remote = replace(installed, installation=Installation.open(installed.installation.directory))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert len(Guard(remote).lacking) == LOST
        finally:
            server.shutdown()
            thread.join()
    # What was seen there is remembered, when the address does not answer any more.
    assert len(Guard(remote).lacking) == LOST
    with installed.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM lost_revocations")
    assert not Guard(remote).missing.any


@SQLITE_FIRST
def test_crl_that_is_recorded_or_on_its_way_is_no_evidence(loss: Loss) -> None:
    """A number is reserved before it is signed: between a publication and its record nothing may stop."""
    installed = loss.installed
    assert run(installed, "doctor", "--restore", "--yes").exit_code == 0
    assert run(installed, "crl", "publish").exit_code == 0
    with installed.database.write() as connection:
        connection.exec_driver_sql("UPDATE crls SET published_at = NULL, sha256 = NULL")

    assert not Guard(installed).missing.any


def test_role_that_may_not_read_the_record_knows_as_much(loss: Loss) -> None:
    """An account with what a responder needed before: the list itself is compared with the journal."""
    installed = loss.installed
    if installed.database.is_sqlite:
        pytest.skip("SQLite has no roles")
    name = f"ocsp_{secrets.token_hex(4)}"
    with installed.database.write() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
        connection.exec_driver_sql(f"GRANT SELECT ON journal, journal_heads, certificates, issuers TO {name}")
    url = installed.database.url.set(username=name)
    try:
        with Database(url) as database:
            assert len(Guard(replace(installed, database=database)).lacking) == LOST
            assert run(installed, "doctor", "--restore", "--yes").exit_code == 0
            assert not Guard(replace(installed, database=database)).missing.any
    finally:
        with installed.database.write() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")


class Guard:
    """A responder's statuses on an installation as it is now."""

    def __init__(self, installed: Installed) -> None:
        """As it starts."""
        clock = SystemClock()
        self.missing = MissingRevocations(
            database=installed.database,
            clock=clock,
            issuers=[installed.issuer],
            fetch=public_files(installed.installation),
        )
        self.missing.examine()
        self._source = GuardedStatusSource(SqlStatusSource(installed.database, clock), self.missing, clock, {})
        self._issuer = installed.issuer

    @property
    def lacking(self) -> set[int]:
        """The serials that the journal lacks."""
        own = self.missing.of(self._issuer.id)
        return set() if own is None else set(own.revoked)

    def statuses(self, *serials: int) -> tuple[Status, ...]:
        """What is answered."""
        return self._source.read(self._issuer.id, serials).statuses


@SQLITE_FIRST
def test_what_is_revoked_anew_is_lacking_no_more(loss: Loss) -> None:
    """A subscriber who revokes anew takes one off the list, and the others stay on it."""
    guard = Guard(loss.installed)
    loss.revoke(0)
    guard.missing.look_again()
    own = guard.missing.of(loss.installed.issuer.id)
    assert own is not None
    assert set(own.revoked) == {each.certificate.serial for each in loss.subscribers[1:]}
