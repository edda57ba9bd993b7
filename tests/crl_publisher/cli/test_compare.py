"""`crl compare`: an old CA's last CRL beside the register, as an operator asks before the switch."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import update

from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock, iso
from pki_revocation.database.schema import certificates
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.barred import write_bars
from tests.crl_publisher.installations import Installed, install
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority

DAY = timedelta(days=1)
Entries = Mapping[int, tuple[datetime, x509.ReasonFlags | None]]


@pytest.fixture
def installed(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation on SQLite."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        yield install(tmp_path, database, authority)


def old_crl(folder: Path, authority: CertificateAuthority, entries: Entries, *extensions: x509.ExtensionType) -> Path:
    """A CRL as another program made it, of an hour ago."""
    now = SystemClock().now() - timedelta(hours=1)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now)
        .next_update(now + DAY)
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    for serial, (revoked, reason) in entries.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    file = folder / "old.crl"
    file.write_bytes(builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER))
    return file


def compared(installed: Installed, file: Path, *words: str) -> Result:
    """What the command says."""
    directory = str(installed.installation.directory)
    return CliRunner().invoke(program, ["crl", "compare", str(file), *words, "--directory", directory])


def test_every_difference_is_told_with_date_and_reason(
    installed: Installed, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """What is on the old CRL alone, and what it is here; what is revoked here alone; other dates and reasons."""
    now = SystemClock().now()
    at = now - 10 * DAY
    installed.population.issue(serials=[0x11, 0x22, 0x33, 0x44, 0x66])
    installed.population.issue(serials=[0x77], lifetime=-2 * DAY)
    for serial in (0x11, 0x22, 0x33, 0x77):
        installed.population.revoke(serial, reason=RevocationReason.SUPERSEDED, revocation_date=at)
    with installed.database.write() as connection:
        write_bars(connection, installed.issuer.id, [(0x66, "hold", "index.txt, line 1: It is on hold.")], now)
    file = old_crl(
        tmp_path,
        authority,
        {
            0x11: (at, x509.ReasonFlags.superseded),
            0x22: (at - DAY, x509.ReasonFlags.key_compromise),
            0x44: (at, None),
            0x55: (at, x509.ReasonFlags.superseded),
            0x66: (at, x509.ReasonFlags.certificate_hold),
        },
    )

    text = compared(installed, file)
    answer: dict[str, Any] = json.loads(compared(installed, file, "--json").stdout)

    assert text.exit_code == 1
    assert "1 the same here" in text.stdout
    for line in (
        f"44  {iso(at)}  no reason  (registered as good)",
        f"55  {iso(at)}  superseded  (the certificate is not registered)",
        f"66  {iso(at)}  the reason certificateHold  (registered as good, and barred)",
        f"33  {iso(at)}  superseded",
        f"22  {iso(at - DAY)}  keyCompromise  and here  {iso(at)}  superseded",
        "1 revoked here expired before the old CRL was issued",
    ):
        assert line in text.stdout
    assert answer["differs"]
    assert [each["serial"] for each in answer["only_on_old_crl"]] == ["44", "55", "66"]
    assert answer["only_in_register"] == [
        {"serial": "33", "old_crl": None, "register": {"revoked_at": iso(at), "reason": "superseded"}}
    ]
    assert [each["serial"] for each in answer["other_date_or_reason"]] == ["22"]


def test_unspecified_is_no_reason(installed: Installed, authority: CertificateAuthority, tmp_path: Path) -> None:
    """Other programs write 'unspecified', which says what an absent reason does (RFC 5280 section 5.3.1)."""
    at = SystemClock().now() - DAY
    installed.population.issue(serials=[0x11])
    installed.population.revoke(0x11, reason=RevocationReason.UNSPECIFIED, revocation_date=at)

    done = compared(installed, old_crl(tmp_path, authority, {0x11: (at, x509.ReasonFlags.unspecified)}))

    assert (done.exit_code, "1 the same here" in done.stdout) == (0, True), done.output


def test_nothing_to_look_into(installed: Installed, authority: CertificateAuthority, tmp_path: Path) -> None:
    """Both say the same: exit status 0. The CRL that is made here says the same as the register."""
    at = SystemClock().now() - DAY
    installed.population.issue(serials=[0x11, 1 << 200, -24])
    for serial in (0x11, 1 << 200, -24):
        installed.population.revoke(serial, revocation_date=at)
    file = old_crl(tmp_path, authority, {0x11: (at, None)})
    assert compared(installed, file).exit_code == 1
    CliRunner().invoke(program, ["crl", "publish", "--directory", str(installed.installation.directory)])

    same = compared(installed, installed.public_file)

    assert same.exit_code == 0, same.output
    assert "3 the same here" in same.stdout


def test_what_is_left_out_on_purpose_is_no_difference(
    installed: Installed, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """BR 7.2.2: a subscriber's cACompromise went in without a reason; a CA's is a difference, and another date too."""
    at = SystemClock().now() - DAY
    installed.population.issue(serials=[0x11, 0x22, 0x33])
    for serial in (0x11, 0x22, 0x33):
        installed.population.revoke(serial, reason=RevocationReason.UNSPECIFIED, revocation_date=at)
    with installed.database.write() as connection:
        connection.execute(update(certificates).where(certificates.c.serial == 0x22).values(is_ca=True))
    compromised = x509.ReasonFlags.ca_compromise
    entries: Entries = {0x11: (at, compromised), 0x22: (at, compromised), 0x33: (at - DAY, compromised)}
    file = old_crl(tmp_path, authority, entries)

    answer: dict[str, Any] = json.loads(compared(installed, file, "--json").stdout)

    assert [each["serial"] for each in answer["reason_left_out"]] == ["11"]
    assert [each["serial"] for each in answer["other_date_or_reason"]] == ["22", "33"]
    only = compared(installed, old_crl(tmp_path, authority, {0x11: (at, x509.ReasonFlags.aa_compromise)}))
    assert "without a reason here" in only.stdout
    assert only.exit_code == 1
    with installed.database.write() as connection:
        connection.execute(update(certificates).values(not_after=at - DAY))
    file = old_crl(tmp_path, authority, {0x11: (at, x509.ReasonFlags.aa_compromise)})
    assert compared(installed, file).exit_code == 0


def test_accepted_differences_are_told_and_not_counted(
    installed: Installed, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """By the option or a file of decisions; what was accepted and does not differ is named."""
    at = SystemClock().now() - DAY
    installed.population.issue(serials=[0x11])
    installed.population.revoke(0x11, revocation_date=at)
    file = old_crl(tmp_path, authority, {0x44: (at, x509.ReasonFlags.certificate_hold), 0x55: (at, None)})
    assert compared(installed, file, "--accept", "44", "--accept", "0x55").exit_code == 1
    decided = tmp_path / "decisions"
    decided.write_text("# looked into on Monday\n55  # a test, ticket 12\n\n00:44\n99\n")

    told = compared(installed, file, "--accept", "11", "--accepted", str(decided))

    assert told.exit_code == 0, told.output
    assert "3 accepted:" in told.stdout
    assert f"44  {iso(at)}  the reason certificateHold  (the certificate is not registered)" in told.stdout
    assert "Accepted, and no difference: 99" in told.stdout
    decided.write_text("55\nticket 12\n")
    refused = compared(installed, file, "--accepted", str(decided))
    assert (refused.exit_code, "decisions, line 2: 'ticket 12' is no serial" in refused.output) == (1, True)
    assert "no serial" in compared(installed, file, "--accept", "xyz").output
    decided.write_bytes(b"\xff")
    assert "cannot be read" in compared(installed, file, "--accepted", str(decided)).output


def test_crl_of_an_unknown_part_says_nothing_of_the_rest(
    installed: Installed, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """It is held against the register in one direction, and said so."""
    at = SystemClock().now() - DAY
    installed.population.issue(serials=[0x11, 0x22])
    for serial in (0x11, 0x22):
        installed.population.revoke(serial, revocation_date=at)
    point = x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier("http://old.example/1.crl")],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    file = old_crl(tmp_path, authority, {0x11: (at, None)}, point)

    told = compared(installed, file)

    assert told.exit_code == 0, told.output
    assert "covers a part of the certificates" in told.stdout


def test_what_is_no_evidence_is_refused(installed: Installed, authority: CertificateAuthority, tmp_path: Path) -> None:
    """A stranger's CRL, a delta, and no CRL at all: one sentence each."""
    foreign = old_crl(tmp_path, CertificateAuthority("Vreemd"), {})
    assert "signed by no issuer that is registered here" in compared(installed, foreign).output
    delta = old_crl(tmp_path, authority, {}, x509.DeltaCRLIndicator(6))
    assert "is a delta CRL" in compared(installed, delta).output
    (tmp_path / "old.crl").write_bytes(b"no CRL")
    assert "no CRL" in compared(installed, tmp_path / "old.crl").output
