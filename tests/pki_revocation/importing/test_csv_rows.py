"""Reading CSV: columns by name, both separators, certificates in cells, and every way to go wrong."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.importing.candidates import (
    Candidate,
    PastRevocation,
    Refusal,
    RefusalKind,
    Remark,
    SerialOf,
    objection,
)
from pki_revocation.importing.csv_rows import read_csv
from pki_revocation.importing.known_issuers import KnownIssuers
from pki_revocation.model import UNKNOWN_END, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.recipients import Recipient
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import pem

HEADER = "serial,subject,not_after,not_before,organisation,status,revoked_at,reason"
GOOD = '0a1b,"CN=zorg.example,O=Zorg BV,C=NL",2027-11-23T14:03:22Z,2026-11-23T15:03:22+01:00,,V,,'
NOBODY = KnownIssuers(())


def read(path: Path, *lines: str) -> list[Candidate | Refusal | Remark]:
    """What the reader makes of these lines."""
    file = path / "certificates.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return list(read_csv(file, 7, NOBODY))


def test_good_row(tmp_path: Path) -> None:
    """Times come out in UTC, and the organisation from the subject where its column is empty."""
    (one,) = read(tmp_path, HEADER, GOOD)

    assert isinstance(one, Candidate)
    assert (one.serial, one.issuer_id, one.place) == (0x0A1B, 7, 2)
    assert (one.subject, one.organisation) == ("CN=zorg.example,O=Zorg BV,C=NL", "Zorg BV")
    assert one.not_before == datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
    assert one.not_after == datetime(2027, 11, 23, 14, 3, 22, tzinfo=UTC)
    assert one.revocation is None


def test_only_the_required_columns(tmp_path: Path) -> None:
    """Three columns are enough; semicolons, spaces and capitals in the header, and a byte-order mark are taken."""
    (one,) = read(tmp_path, "\ufeffSerial; Subject ;NOT_AFTER", "01;Zorg;2027-11-23T14:03:22Z")

    assert isinstance(one, Candidate)
    assert (one.serial, one.subject, one.not_before) == (1, "Zorg", None)


def test_revoked_row(tmp_path: Path) -> None:
    """Status R with its date, and the reason by its name."""
    (one,) = read(tmp_path, HEADER, "01,x,2027-11-23T14:03:22Z,,Zorg,R,2026-10-01T00:00:00Z,superseded")

    assert isinstance(one, Candidate)
    at = datetime(2026, 10, 1, tzinfo=UTC)
    assert one.revocation == PastRevocation(at, RevocationReason.SUPERSEDED)
    assert one.organisation == "Zorg"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("serial,subject", "missing is not_after"),
        ("serial,subject,not_after,colour", "unknown is 'colour'"),
        ("serial,subject,not_after,serial", "stands there twice"),
        ("serienummer,naam", "unknown is 'serienummer', 'naam'; missing is serial, subject, not_after"),
    ],
)
def test_wrong_columns_are_told_the_right_ones(tmp_path: Path, header: str, words: str) -> None:
    """The file is refused as a whole, with the columns that would do."""
    (refusal,) = read(tmp_path, header, "01,x,2027-11-23T14:03:22Z,")

    assert isinstance(refusal, Refusal)
    assert words in refusal.reason
    assert "serial (hexadecimal), subject and not_after (ISO 8601 with a zone)" in refusal.reason


@pytest.mark.parametrize(
    ("row", "kind", "words"),
    [
        ("0g,x,2027-11-23T14:03:22Z,,,,,", RefusalKind.SERIAL, "'0g' is not hexadecimal"),
        (",x,2027-11-23T14:03:22Z,,,,,", RefusalKind.BROKEN, "has no serial"),
        ("01,x,,,,,,", RefusalKind.BROKEN, "has no not_after"),
        ("01,x", RefusalKind.BROKEN, "has no not_after"),
        ("01,x,2027-11-23T14:03:22,,,,,", RefusalKind.DATE, "not_after '2027-11-23T14:03:22'"),
        ("01,x,2027-02-30T14:03:22Z,,,,,", RefusalKind.DATE, "no moment"),
        ("01,x,0001-01-01T00:00:00+14:00,,,,,", RefusalKind.DATE, "no moment"),
        ("01,x,2027-11-23T14:03:22Z,yesterday,,,,", RefusalKind.DATE, "not_before 'yesterday'"),
        ("01,x,2027-11-23T14:03:22Z,,,E,,", RefusalKind.BROKEN, "'E' is neither V (valid) nor R (revoked)"),
        ("01,x,2027-11-23T14:03:22Z,,,R,,", RefusalKind.DATE, "has no revoked_at"),
        ("01,x,2027-11-23T14:03:22Z,,,V,2026-10-01T00:00:00Z,", RefusalKind.BROKEN, "marked V"),
        ("01,x,2027-11-23T14:03:22Z,,,,,superseded", RefusalKind.BROKEN, "marked V"),
        ("01,x,2027-11-23T14:03:22Z,,,R,2026-10-01T00:00:00Z,certificateHold", RefusalKind.HOLD, "on hold"),
        ("01,x,2027-11-23T14:03:22Z,,,,,,more", RefusalKind.BROKEN, "more columns than the header"),
        ("01,x\0y,2027-11-23T14:03:22Z,,,,,", RefusalKind.BROKEN, "NUL"),
        ('01,"x"y,2027-11-23T14:03:22Z,,,,,', RefusalKind.BROKEN, "no CSV"),
    ],
)
def test_broken_row_is_refused_and_the_next_is_read(tmp_path: Path, row: str, kind: RefusalKind, words: str) -> None:
    """One sentence with the line's number; the row behind it goes in all the same."""
    refusal, following = read(tmp_path, HEADER, row, GOOD)

    assert isinstance(refusal, Refusal)
    assert refusal.kind is kind
    assert words in refusal.reason
    assert ", line 2: " in str(refusal)
    assert isinstance(following, Candidate)


def test_octets_that_are_no_text_are_read_as_latin_1(tmp_path: Path) -> None:
    """A row in another encoding goes in, and is said so."""
    file = tmp_path / "certificates.csv"
    file.write_bytes(f"{HEADER}\n".encode() + b"01,Co\xf6p,2027-11-23T14:03:22Z,,,,,\n" + GOOD.encode())

    remark, one, following = read_csv(file, 7, NOBODY)

    assert isinstance(remark, Remark)
    assert "not UTF-8" in remark.says
    assert isinstance(one, Candidate)
    assert one.subject == "Coöp"
    assert isinstance(following, Candidate)


def test_rows_without_an_issuer_are_refused(tmp_path: Path) -> None:
    """Nothing is guessed: somebody must say whose rows they are."""
    file = tmp_path / "certificates.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n", "utf-8")

    (refusal,) = read_csv(file, None, NOBODY)

    assert isinstance(refusal, Refusal)
    assert refusal.kind is RefusalKind.ISSUER


def test_certificate_column(tmp_path: Path, authority: CertificateAuthority, clock: FakeClock) -> None:
    """A PEM in a cell is verified like any other; the row's status goes with it, and a wrong serial does not."""
    certificate = authority.issue("Zorg BV", clock.now())
    issuers = KnownIssuers((Issuer(id=5, name="issuing", certificate_der=_der(authority)),))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["certificate", "serial", "status", "revoked_at", "reason"])
    text = pem(certificate).decode()
    writer.writerow([text, "", "", "", ""])
    writer.writerow([text, "", "R", "2026-11-23T14:00:00Z", "keyCompromise"])
    writer.writerow([text, "01", "", "", ""])
    writer.writerow([pem(CertificateAuthority("Vreemd").issue("X", clock.now())).decode(), "", "", "", ""])
    file = tmp_path / "certificates.csv"
    file.write_text(out.getvalue(), "utf-8")

    live, revoked, other_serial, foreign = read_csv(file, None, issuers)

    assert isinstance(live, Candidate)
    assert (live.serial, live.issuer_id) == (certificate.serial_number, 5)
    assert isinstance(revoked, Candidate)
    assert revoked.revocation == PastRevocation(datetime(2026, 11, 23, 14, tzinfo=UTC), RevocationReason.KEY_COMPROMISE)
    assert isinstance(other_serial, Refusal)
    assert other_serial.kind is RefusalKind.SERIAL
    assert isinstance(foreign, Refusal)
    assert foreign.kind is RefusalKind.ISSUER


def _der(authority: CertificateAuthority) -> bytes:
    return authority.certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("language", "address", "recipient"),
    [
        ("EN", "Postbus 1|1234 AB  Utrecht", Recipient(language="en", address=("Postbus 1", "1234 AB Utrecht"))),
        ("", " Postbus 1 | |Utrecht", Recipient(address=("Postbus 1", "Utrecht"))),
        ("nl", "", Recipient(language="nl")),
        ("", "", None),
        ("", '"Postbus 1\n1234 AB Utrecht"', Recipient(address=("Postbus 1", "1234 AB Utrecht"))),
    ],
)
def test_language_and_address(tmp_path: Path, language: str, address: str, recipient: Recipient | None) -> None:
    """Lines of the address stand with | between them, or on lines of their own within quotes."""
    row = f"01,Zorg,2027-11-23T14:03:22Z,{language},{address}"
    (one,) = read(tmp_path, "serial,subject,not_after,language,address", row)

    assert isinstance(one, Candidate)
    assert one.recipient == recipient


@pytest.mark.parametrize(
    ("language", "address", "words"),
    [
        ("de", "", "Its language is none of nl, en."),
        ("nl", "a|b|c|d|e|f|g", "Its address has 7 lines, and 6 at most can be printed."),
        ("nl", "b" * 61, "Line 1 of its address has over 60 characters."),
    ],
)
def test_recipient_that_no_letter_can_have(tmp_path: Path, language: str, address: str, words: str) -> None:
    """What cannot be printed is left out, and said so: the certificate itself comes in."""
    header, good = "serial,subject,not_after,language,address", "02,Zorg,2027-11-23T14:03:22Z,nl,Postbus 1"
    remark, wrong, right = read(tmp_path, header, f"01,Zorg,2027-11-23T14:03:22Z,{language},{address}", good)

    assert isinstance(remark, Remark)
    assert (remark.place, remark.says) == (2, f"{words} It went in without that.")
    assert isinstance(wrong, Candidate)
    assert wrong.recipient == (Recipient(language="nl") if address else None)
    assert isinstance(right, Candidate)


@pytest.mark.parametrize(
    ("language", "email", "contact"),
    [
        ("EN", " beheer@zorg.example ", Contact(email="beheer@zorg.example", language="en")),
        ("", "beheer@zorg.example", Contact(email="beheer@zorg.example", language="nl")),
        ("nl", "", None),
    ],
)
def test_contact(tmp_path: Path, language: str, email: str, contact: Contact | None) -> None:
    """Where mail goes, in the row's language."""
    (one,) = read(tmp_path, "serial,subject,not_after,language,email", f"01,Z,2027-11-23T14:03:22Z,{language},{email}")

    assert isinstance(one, Candidate)
    assert one.contact == contact


def test_contact_that_no_mail_reaches(tmp_path: Path) -> None:
    """One sentence without the address; the certificate comes in, and so do the other rows."""
    remark, wrong, right = read(
        tmp_path, "serial,subject,not_after,email", "01,Z,2027-11-23T14:03:22Z,nobody", "02,Z,2027-11-23T14:03:22Z,a@b"
    )

    assert isinstance(remark, Remark)
    assert remark.says.startswith("The contact's e-mail address cannot be used")
    assert "nobody" not in remark.says
    assert isinstance(wrong, Candidate)
    assert wrong.contact is None
    assert isinstance(right, Candidate)


REVOKED_ROWS = (
    "01,,,,,R,2026-10-01T00:00:00Z,superseded",
    "01,x,never,,,R,2026-10-01T00:00:00Z,superseded",
    "01,x,2027-02-30T14:03:22Z,yesterday,,R,2026-10-01T00:00:00Z,superseded",
    "01,/not/a/name,2027-11-23T14:03:22Z,,,R,2026-10-01T00:00:00Z,superseded",
    "01,x,2027-11-23T14:03:22Z,2028-01-01T00:00:00Z,,R,2026-10-01T00:00:00Z,superseded",
)


@pytest.mark.parametrize("row", REVOKED_ROWS)
def test_revocation_counts_whatever_else_its_row_has(tmp_path: Path, row: str) -> None:
    """RFC 5280 section 5: the CRL lists what was revoked; only serial, date and reason concern it."""
    found = read(tmp_path, HEADER, row)

    (one,) = [each for each in found if isinstance(each, Candidate)]
    assert one.serial == 1
    assert one.revocation == PastRevocation(datetime(2026, 10, 1, tzinfo=UTC), RevocationReason.SUPERSEDED)
    assert objection(one, datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_three_columns_are_enough_for_a_revocation(tmp_path: Path) -> None:
    """What the report asks for where a row was on hold: serial, status and date."""
    found = read(tmp_path, "serial,status,revoked_at", "4bf3,R,2026-10-01T00:00:00Z", "4bf4,V,")

    revoked, live = found
    assert isinstance(revoked, Candidate)
    assert (revoked.serial, revoked.subject, revoked.not_after) == (0x4BF3, "", UNKNOWN_END)
    assert isinstance(live, Refusal)
    assert "It has no subject, not_after." in live.reason


@pytest.mark.parametrize(
    ("row", "about"),
    [
        ("01,x,2027-11-23T14:03:22Z,,,R,2026-10-01T00:00:00Z,certificateHold", SerialOf(7, 1)),
        ("0a1b,x,never,,,V,,", SerialOf(7, 0x0A1B)),
        ('0a1b,"x"y,2027-11-23T14:03:22Z,,,R,,', SerialOf(7, 0x0A1B)),
        ("0g,x,2027-11-23T14:03:22Z,,,,,", None),
        ("", None),
    ],
)
def test_refused_row_names_its_certificate(tmp_path: Path, row: str, about: SerialOf | None) -> None:
    """As far as its serial can be read: it is barred."""
    refusals = [each for each in read(tmp_path, HEADER, row, GOOD) if isinstance(each, Refusal)]

    assert [each.about for each in refusals] == ([about] if row else [])


@pytest.mark.parametrize("status", ["R", "r", "REVOKED", "revoked", "Revoked"])
def test_status_is_a_word_in_any_case(tmp_path: Path, status: str) -> None:
    """As people and other programs write it."""
    (found,) = read(tmp_path, "serial,status,revoked_at", f"4bf3,{status},2026-10-01T00:00:00Z")
    assert isinstance(found, Candidate)
    assert found.revocation is not None
    (live,) = read(tmp_path, "serial,subject,not_after,status", "4bf4,CN=a,2030-01-01T00:00:00Z,Valid")
    assert isinstance(live, Candidate)
    assert live.revocation is None
