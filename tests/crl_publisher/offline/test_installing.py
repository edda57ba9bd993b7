"""CRLs that come back signed, or come from another program: the same gate, and what it lets through."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import CrlRejected, NotInstalled, UnreadableCrl
from crl_publisher.offline.installing import CrlInstaller
from crl_publisher.offline.requesting import RequestedCrl, SigningRequests
from keys.identity import Purpose, identify
from pki_revocation.audit import verify_chain
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit
from pki_revocation.encoding.der import INTEGER, extension, object_identifier, tlv
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.crafted import parts_of
from tests.crl_publisher.offline.ceremony import Ceremony
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Foreign = Callable[..., bytes]


@pytest.fixture
def foreign(ceremony: Ceremony, clock: FakeClock) -> Foreign:
    """What `openssl ca -gencrl` makes now, by the test's clock."""
    return lambda *revoked, **options: ceremony.openssl_ca(*revoked, now=clock.now(), **options)


def test_signed_request_becomes_public_and_is_recorded(
    requesting: SigningRequests,
    installing: CrlInstaller,
    ceremony: Ceremony,
    issuer: Issuer,
    population: Population,
    installed_file: Path,
    clock: FakeClock,
    database: Database,
) -> None:
    """Days later; file, record and audit trail say the same, and the CA's certificate lies beside it."""
    population.issue_revoked(2, reason=RevocationReason.KEY_COMPROMISE)
    data = ceremony.sign(requesting.request(issuer, RequestedCrl()))
    clock.advance(2 * DAY)

    done = installing.install(data)

    assert installed_file.read_bytes() == data
    assert (done.published.number, done.published.entries, done.published.covers_sequence) == (
        parse_crl(data).number,
        2,
        2,
    )
    assert done.uncovered == 0
    assert (installed_file.parents[1] / "aia" / "issuing.cer").read_bytes() == issuer.certificate_der
    with database.read() as connection:
        verify_chain(connection)
        events = connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.sequence)).all()
    assert [row.event for row in events] == ["crl.requesting", "crl.requested", "crl.installing", "crl.published"]
    assert json.loads(events[2].detail)["requested"] is True


def test_openssl_alone_can_sign(
    requesting: SigningRequests, installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, population: Population
) -> None:
    """The octets from the file, `openssl dgst -sign`, and the signature back: as docs/ca-operations.md says."""
    population.issue_revoked(1)
    request = requesting.request(issuer, RequestedCrl())
    (ceremony.folder / "root.request").write_text(request.to_text())
    command = "sed '/-----BEGIN/,/-----END/!d; /-----/d' root.request | openssl base64 -d -out root.tbs"
    ceremony.shell(command)
    ceremony.openssl("dgst", "-sha256", "-sign", "ca.key", "-out", "root.sig", "root.tbs")

    done = installing.install(request.signed((ceremony.folder / "root.sig").read_bytes()))

    assert done.published.entries == 1
    (ceremony.folder / "public.crl").write_bytes(request.signed((ceremony.folder / "root.sig").read_bytes()))
    said = ceremony.openssl("crl", "-inform", "DER", "-in", "public.crl", "-CAfile", "ca.pem", "-noout", "-text")
    assert "verify OK" in said


def test_revocation_between_request_and_its_date_makes_it_worthless(
    requesting: SigningRequests,
    installing: CrlInstaller,
    ceremony: Ceremony,
    issuer: Issuer,
    population: Population,
    clock: FakeClock,
    installed_file: Path,
) -> None:
    """Nothing that is dated after a revocation may omit it."""
    data = ceremony.sign(requesting.request(issuer, RequestedCrl(this_update=clock.now() + 3 * DAY)))
    clock.advance(DAY)
    population.issue_revoked(1)
    clock.advance(2 * DAY)

    with pytest.raises(NotInstalled, match="new request"):
        installing.install(data)
    assert not installed_file.exists()


def test_revocation_after_its_date_is_told(
    requesting: SigningRequests,
    installing: CrlInstaller,
    ceremony: Ceremony,
    issuer: Issuer,
    population: Population,
    clock: FakeClock,
) -> None:
    """It is right for what it covers; what came later needs the next one."""
    data = ceremony.sign(requesting.request(issuer, RequestedCrl()))
    clock.advance(DAY)
    population.issue_revoked(2)

    assert installing.install(data).uncovered == 2


def test_crl_of_a_planned_ceremony_waits_for_its_date(
    requesting: SigningRequests, installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, clock: FakeClock
) -> None:
    """It is public when it is true."""
    data = ceremony.sign(requesting.request(issuer, RequestedCrl(this_update=clock.now() + DAY)))

    with pytest.raises(CrlRejected, match=r"crl\.this-update\.future"):
        installing.install(data)
    clock.advance(DAY)
    installing.install(data)


def test_older_of_two_signed_requests_is_refused_behind_the_newer(
    requesting: SigningRequests, installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, clock: FakeClock
) -> None:
    """Numbers only rise."""
    older = ceremony.sign(requesting.request(issuer, RequestedCrl()))
    clock.advance(MINUTE)
    newer = ceremony.sign(requesting.request(issuer, RequestedCrl()))
    installing.install(newer)

    with pytest.raises(CrlRejected, match="not-above-public"):
        installing.install(older)
    with pytest.raises(NotInstalled, match="public already"):
        installing.install(newer)


def test_lost_file_is_put_back(
    requesting: SigningRequests, installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, installed_file: Path
) -> None:
    """The very CRL that was recorded last may come again when the folder lost it."""
    data = ceremony.sign(requesting.request(issuer, RequestedCrl()))
    first = installing.install(data)
    installed_file.unlink()

    assert installing.install(data) == first
    assert installed_file.read_bytes() == data


def test_changed_octets_are_refused(
    requesting: SigningRequests, installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, population: Population
) -> None:
    """Nobody here signed them."""
    population.issue_revoked(1)
    data = bytearray(ceremony.sign(requesting.request(issuer, RequestedCrl())))
    data[data.index(b"\x17\x0d2611") + 13] ^= 1

    with pytest.raises(NotInstalled, match="no issuer"):
        installing.install(bytes(data))
    with pytest.raises(UnreadableCrl):
        installing.install(b"hello")


def test_issuer_that_is_named_must_have_signed(
    installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, clock: FakeClock
) -> None:
    """With its name in the sentence."""
    other = CertificateAuthority("Another CA")
    forged = Ceremony(other, ceremony.folder / "other").openssl_ca(9, now=clock.now())

    with pytest.raises(NotInstalled, match="not issuing"):
        installing.install(forged, "issuing")


def test_crl_of_openssl_comes_in(
    installing: CrlInstaller,
    foreign: Foreign,
    issuer: Issuer,
    population: Population,
    installed_file: Path,
    clock: FakeClock,
) -> None:
    """No request, numbers of its own, entries in its own order, and each with reason or without."""
    compromised, superseded, plain = population.issue(3)
    population.revoke(compromised, reason=RevocationReason.KEY_COMPROMISE)
    population.revoke(superseded, reason=RevocationReason.SUPERSEDED)
    population.revoke(plain)
    now = clock.now()

    data = foreign(5, (plain, now, ""), (superseded, now, "superseded"), (compromised, now, "keyCompromise"))
    done = installing.install(data)

    assert installed_file.read_bytes() == data
    assert (done.published.number, done.published.covers_sequence, done.published.entries) == (5, 3, 3)
    later = foreign(6, (plain, now, ""), (superseded, now, "superseded"), (compromised, now, "keyCompromise"))
    assert installing.install(later).published.number == 6


def test_crl_of_openssl_must_have_every_revocation(
    installing: CrlInstaller,
    foreign: Foreign,
    issuer: Issuer,
    population: Population,
    clock: FakeClock,
    installed_file: Path,
) -> None:
    """It is refused with the serial that it lacks."""
    there, lacking = population.issue_revoked(2)

    with pytest.raises(CrlRejected, match=f"crl.entry.missing.*{lacking:x}"):
        installing.install(foreign(5, (there, clock.now(), "")))
    assert not installed_file.exists()


def test_crl_of_openssl_may_have_no_other_revocation(
    installing: CrlInstaller, foreign: Foreign, issuer: Issuer, clock: FakeClock, population: Population
) -> None:
    """It says which, and how to take it into the journal; once it is in, the same CRL comes in too."""
    data = foreign(5, (0x0BADCAFE, clock.now(), ""))

    with pytest.raises(CrlRejected, match=r"crl\.entry\.unknown.*0badcafe.*doctor --restore"):
        installing.install(data)
    population.issue(serials=[0x0BADCAFE])
    population.revoke(0x0BADCAFE)
    assert installing.install(data).published.covers_sequence == 1


def test_date_may_differ_by_a_day(
    installing: CrlInstaller, foreign: Foreign, issuer: Issuer, population: Population, clock: FakeClock
) -> None:
    """Both record one act; further apart they do not."""
    (serial,) = population.issue_revoked(1)
    now = clock.now()

    with pytest.raises(CrlRejected, match=r"crl\.entry\.date"):
        installing.install(foreign(5, (serial, now - DAY - SECOND, "")))
    installing.install(foreign(6, (serial, now - DAY, "")))


@pytest.mark.parametrize("reason", ["superseded", "certificateHold", "unspecified"])
def test_reason_must_be_the_journals(
    reason: str, installing: CrlInstaller, foreign: Foreign, issuer: Issuer, population: Population, clock: FakeClock
) -> None:
    """And one that is final; no reason is the extension's absence (BR 7.2.2)."""
    (serial,) = population.issue_revoked(1)

    with pytest.raises(CrlRejected, match=r"crl\.entry\.(reason|irregular)"):
        installing.install(foreign(5, (serial, clock.now(), reason)))


def test_issuer_and_serial_beside_the_key_identifier_are_let_through(
    installing: CrlInstaller, foreign: Foreign, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    """Where they are the CA certificate's; a warning says so."""
    installing.install(foreign(5, aki=",issuer:always"))

    assert "crl.aki.foreign" in caplog.text


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ("1.3.6.1.4.1.311.21.1=DER:02:01:00", None),
        ("1.2.3.4=DER:05:00", "crl.extension.unexpected"),
        ("1.3.6.1.4.1.311.21.1=critical,DER:02:01:00", "crl.extension.unexpected"),
        ("freshestCRL=URI:http://crl.example.nl/delta.crl", "crl.extension.unexpected"),
    ],
)
def test_other_extensions_are_let_through_by_name(
    more: str, finding: str | None, installing: CrlInstaller, foreign: Foreign, issuer: Issuer
) -> None:
    """What does no harm, and is not critical."""
    data = foreign(5, more=more)

    if finding is None:
        installing.install(data)
    else:
        with pytest.raises(CrlRejected, match=finding):
            installing.install(data)


def test_scope_is_what_the_crl_says(installing: CrlInstaller, foreign: Foreign, issuer: Issuer) -> None:
    """A part that is not published here cannot be held against anything."""
    with pytest.raises(NotInstalled, match="issuingDistributionPoint"):
        installing.install(foreign(5, more="issuingDistributionPoint=critical,@idp\n[idp]\nonlyCA=TRUE"))


def test_crl_of_a_program_is_bounded_too(
    installing: CrlInstaller, foreign: Foreign, issuer: Issuer, installed_file: Path
) -> None:
    """A year at most for a CA's (BR 7.2), a number above the public one, and nextUpdate ahead."""
    with pytest.raises(CrlRejected, match=r"crl\.next-update\.too-far"):
        installing.install(foreign(5, days=366))
    installing.install(foreign(6))
    with pytest.raises(CrlRejected, match=r"crl\.number\.not-above-public"):
        installing.install(foreign(4))
    with pytest.raises(NotInstalled, match="used once"):
        installing.install(foreign(6, days=91))


def test_crl_without_number_is_refused(
    installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, clock: FakeClock
) -> None:
    """Version 1, as OpenSSL makes it without crl_extensions."""
    ceremony.openssl_ca(5, now=clock.now())
    config = ceremony.folder / "ca.cnf"
    lines = config.read_text().splitlines()
    config.write_text("\n".join(line for line in lines if not line.startswith(("crlnumber", "crl_extensions"))))
    ceremony.openssl(
        "ca", "-gencrl", "-config", config, "-keyfile", "ca.key", "-cert", "ca.pem", "-crldays", "9", "-out", "v1.pem"
    )  # fmt: skip
    ceremony.openssl("crl", "-in", "v1.pem", "-outform", "DER", "-out", "v1.crl")

    with pytest.raises(NotInstalled, match="crlnumber"):
        installing.install((ceremony.folder / "v1.crl").read_bytes())


def test_no_entry_of_the_public_crl_is_lost(
    requesting: SigningRequests,
    installing: CrlInstaller,
    foreign: Foreign,
    issuer: Issuer,
    population: Population,
    ceremony: Ceremony,
    clock: FakeClock,
) -> None:
    """The journal says it is missing, and the public CRL that it would be lost."""
    (serial,) = population.issue_revoked(1)
    installing.install(ceremony.sign(requesting.request(issuer, RequestedCrl())))
    number = int(clock.now().timestamp()) + 10**9

    with pytest.raises(CrlRejected, match=r"crl\.entry\.lost"):
        installing.install(foreign(number))
    installing.install(foreign(number + 1, (serial, clock.now(), "")))


@pytest.mark.parametrize("number", [-1, 1 << 159])
def test_number_that_no_crl_may_have_is_refused(
    number: int, installing: CrlInstaller, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """BR 7.2.2; before it could be recorded."""
    octets = number.to_bytes(21, signed=True) if number > 0 else b"\xff"
    said = CrlParameters(number=1, this_update=clock.now(), next_update=clock.now() + DAY)
    identity = identify(
        authority.key, authority.certificate, Purpose.CRL, issuer=authority.certificate, now=clock.now()
    )
    parts = parts_of(identity, said, [])
    wrong = extension(object_identifier("2.5.29.20"), tlv(INTEGER, octets))
    data = parts.changed(extensions=(parts.extensions[0], wrong)).signed_by(identity)

    with pytest.raises((NotInstalled, UnreadableCrl), match=r"CRLNumber|extensions"):
        installing.install(data)
