"""Reading an OpenSSL index.txt: every kind of row, every reason, and every way in which a line can be broken."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pki_revocation.importing.candidates import Candidate, PastRevocation, Refusal, RefusalKind, Remark, SerialOf
from pki_revocation.importing.index_txt import read_index
from pki_revocation.model import UNKNOWN_END
from pki_revocation.reasons import RevocationReason
from tests.pki_revocation.importing.rows import index_row, write_index

REVOKED = "260102030405Z"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def read(path: Path, *rows: str) -> list[Candidate | Refusal | Remark]:
    """What the reader makes of these lines."""
    return list(read_index(write_index(path / "index.txt", rows), issuer_id=7))


def candidate(found: list[Candidate | Refusal | Remark]) -> Candidate:
    """The one candidate that was found."""
    (one,) = found
    assert isinstance(one, Candidate), one
    return one


def test_valid_row(tmp_path: Path) -> None:
    """Serial, subject, organisation and end of validity, and the issuer that was named."""
    one = candidate(read(tmp_path, index_row(0x0102030405)))

    assert one.serial == 0x0102030405
    assert one.issuer_id == 7
    assert one.subject == "CN=zorg.example,O=Zorg BV,C=NL"
    assert one.organisation == "Zorg BV"
    assert one.not_after == datetime(2027, 11, 23, 14, 3, 22, tzinfo=UTC)
    assert one.revocation is None
    assert one.for_subscriber


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("271123140322Z", datetime(2027, 11, 23, 14, 3, 22, tzinfo=UTC)),
        ("491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        ("20500101000000Z", datetime(2050, 1, 1, tzinfo=UTC)),
        ("99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_both_kinds_of_time(tmp_path: Path, written: str, moment: datetime) -> None:
    """UTCTime turns the century at 50, GeneralizedTime says all of it (RFC 5280 section 4.1.2.5)."""
    assert candidate(read(tmp_path, index_row(1, expiry=written))).not_after == moment


@pytest.mark.parametrize(
    ("column", "reason", "invalidity"),
    [
        (REVOKED, RevocationReason.UNSPECIFIED, None),
        (f"{REVOKED},unspecified", RevocationReason.UNSPECIFIED, None),
        (f"{REVOKED},keyCompromise", RevocationReason.KEY_COMPROMISE, None),
        (f"{REVOKED},CACompromise", RevocationReason.CA_COMPROMISE, None),
        (f"{REVOKED},affiliationChanged", RevocationReason.AFFILIATION_CHANGED, None),
        (f"{REVOKED},superseded", RevocationReason.SUPERSEDED, None),
        (f"{REVOKED},cessationOfOperation", RevocationReason.CESSATION_OF_OPERATION, None),
        (f"{REVOKED},privilegeWithdrawn", RevocationReason.PRIVILEGE_WITHDRAWN, None),
        (
            f"{REVOKED},keyTime,20251224120000Z",
            RevocationReason.KEY_COMPROMISE,
            datetime(2025, 12, 24, 12, tzinfo=UTC),
        ),
        (f"{REVOKED},CAkeyTime,20251224120000Z", RevocationReason.CA_COMPROMISE, None),
    ],
)
def test_revoked_rows(tmp_path: Path, column: str, reason: RevocationReason, invalidity: datetime | None) -> None:
    """Each reason that `openssl ca` writes, with its date; keyTime is keyCompromise with an invalidity date."""
    assert candidate(read(tmp_path, index_row(1, column))).revocation == PastRevocation(AT, reason, invalidity)


def test_expired_row_is_marked(tmp_path: Path) -> None:
    """E says that OpenSSL saw the validity end."""
    one = candidate(read(tmp_path, index_row(1, status="E", expiry="250101000000Z")))

    assert one.marked_expired
    assert one.revocation is None


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (index_row(1, f"{REVOKED},certificateHold"), RefusalKind.HOLD, "on hold"),
        (index_row(1, f"{REVOKED},holdInstruction,holdInstructionReject"), RefusalKind.HOLD, "on hold"),
        (index_row(1, f"{REVOKED},removeFromCRL"), RefusalKind.REASON, "removeFromCRL"),
        (index_row(1, f"{REVOKED},boredom"), RefusalKind.REASON, "'boredom'"),
        (index_row(1, "260230000000Z"), RefusalKind.DATE, "'260230000000Z' is no date"),
        (index_row(1, f"{REVOKED},keyTime,yesterday"), RefusalKind.DATE, "'yesterday'"),
        (index_row(1, f"{REVOKED},CAkeyTime,yesterday"), RefusalKind.DATE, "'yesterday'"),
        (index_row(1, f"{REVOKED},keyTime"), RefusalKind.DATE, "''"),
        (index_row(1, status="R"), RefusalKind.DATE, "''"),
        (index_row(1, REVOKED, status="V"), RefusalKind.BROKEN, "marked V, and has a revocation date"),
        (index_row(1, REVOKED, status="E"), RefusalKind.BROKEN, "marked E, and has a revocation date"),
        (index_row(1, expiry="2711231403Z"), RefusalKind.DATE, "'2711231403Z'"),
        (index_row(1, expiry="271123140322"), RefusalKind.DATE, "'271123140322'"),
        (index_row(1, expiry="２７1123140322Z"), RefusalKind.DATE, "is not a date"),
        (index_row(1, status="X"), RefusalKind.BROKEN, "'X' is none of V, R and E"),
        (index_row("0x01"), RefusalKind.BROKEN, "'0x01' is not hexadecimal"),
        (index_row("1_0"), RefusalKind.BROKEN, "'1_0' is not hexadecimal"),
        (index_row(""), RefusalKind.BROKEN, "'' is not hexadecimal"),
        ("V\t271123140322Z\t01\n", RefusalKind.BROKEN, "3 tab-separated columns"),
        ("what is this\n", RefusalKind.BROKEN, "1 tab-separated columns"),
    ],
)
def test_broken_line_is_refused_and_the_next_is_read(tmp_path: Path, line: str, kind: RefusalKind, words: str) -> None:
    """One sentence with the line's number; the row behind it goes in all the same."""
    refusal, following = read(tmp_path, line, index_row(2))

    assert isinstance(refusal, Refusal)
    assert refusal.kind is kind
    assert words in refusal.reason
    assert str(refusal).startswith(f"{tmp_path}/index.txt, line 1: ")
    assert isinstance(following, Candidate)
    assert following.serial == 2


def test_octets_that_are_no_text_are_read_as_latin_1(tmp_path: Path) -> None:
    """Whose certificate it is does not decide whether it is revoked: the line counts, and is said so."""
    (tmp_path / "index.txt").write_bytes(index_row(1).encode().replace(b"Zorg", b"Z\xf6rg") + index_row(2).encode())

    remark, one, following = read_index(tmp_path / "index.txt", issuer_id=1)

    assert isinstance(remark, Remark)
    assert "not UTF-8" in remark.says
    assert isinstance(one, Candidate)
    assert one.organisation == "Zörg BV"
    assert isinstance(following, Candidate)


@pytest.mark.parametrize("subject", ["zorg.example", "", "CN=zorg.example,O=Zorg BV", "/nothing", "=1+1"])
def test_subject_of_another_form_is_shown_as_it_stands(tmp_path: Path, subject: str) -> None:
    """No row is refused for it, least of all a revoked one (RFC 5280 section 5)."""
    for column in ("", REVOKED):
        one = candidate(read(tmp_path, index_row(1, column, subject=subject)))
        assert one.subject.replace("\\", "") == subject


@pytest.mark.parametrize("expiry", ["", "2711231403Z", "never", "270230000000Z"])
def test_revoked_row_counts_without_its_end(tmp_path: Path, expiry: str) -> None:
    """Its end is then unknown, so that the CRL lists it for good; a live row needs its end."""
    remark, one = read(tmp_path, index_row(1, REVOKED, expiry=expiry))

    assert isinstance(remark, Remark)
    assert isinstance(one, Candidate)
    assert (one.not_after, one.revocation) == (UNKNOWN_END, PastRevocation(AT, RevocationReason.UNSPECIFIED))
    (refusal,) = read(tmp_path, index_row(1, expiry=expiry))
    assert isinstance(refusal, Refusal)
    assert refusal.about == SerialOf(7, 1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end(tmp_path: Path, encoding: str, end: str) -> None:
    """As Windows editors and PowerShell write them."""
    file = tmp_path / "index.txt"
    file.write_bytes((index_row(1, f"{REVOKED},superseded") + index_row(2)).replace("\n", end).encode(encoding))

    found = [each for each in read_index(file, issuer_id=1) if isinstance(each, Candidate)]

    assert [(each.serial, each.place, each.revocation is not None) for each in found] == [(1, 1, True), (2, 2, False)]


def test_rows_that_are_plainly_right_are_passed_over(tmp_path: Path) -> None:
    """The look before the import reads only what may be refused, and refuses what the import refuses."""
    plain = [
        index_row(1),
        index_row(0xFFEE, f"{REVOKED},keyCompromise"),
        index_row(2, "261123140322Z"),
        "# comment\n",
    ]
    doubtful = [
        index_row(3, "261123140323Z"),
        index_row(4, f"{REVOKED},certificateHold"),
        index_row(5, f"{REVOKED},boredom"),
        index_row(6, "260230000000Z"),
        index_row(7, status="E"),
        index_row(8, expiry="270230000000Z"),
        index_row(9, "991123140322Z"),
        "V\t271123140322Z\t\t0A\n",
    ]
    file = write_index(tmp_path / "index.txt", [*plain, *doubtful])
    now = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)

    found = [each for each in read_index(file, 1, doubtful_at=now) if not isinstance(each, Remark)]

    assert [each.place for each in found] == [5, 6, 7, 8, 9, 10, 11, 12]
    abouts = [each.about for each in found if isinstance(each, Refusal)]
    assert abouts == [SerialOf(1, serial) for serial in (4, 5, 6, 8, 10)]


def test_comments_empty_lines_and_line_ends(tmp_path: Path) -> None:
    """TXT_DB skips what begins with #; a file that came by way of Windows is read too."""
    one = candidate(read(tmp_path, "# a comment\n", "\n", index_row(1).replace("\n", "\r\n")))

    assert one.place == 3
    assert one.subject.endswith("C=NL")


def test_escaped_tab_in_a_file_name(tmp_path: Path) -> None:
    r"""TXT_DB writes a tab inside a column as \ and tab."""
    row = index_row(1).replace("unknown", "a\\\tb")

    assert candidate(read(tmp_path, row)).subject.startswith("CN=")


def test_negative_serial_is_read_as_such(tmp_path: Path) -> None:
    """As OpenSSL writes it, and as it stands in the register."""
    assert candidate(read(tmp_path, index_row("-01"))).serial == -1


def test_ca_certificates_are_no_subscribers(tmp_path: Path) -> None:
    """The serials of sub-CAs are told by whoever knows them."""
    path = write_index(tmp_path / "index.txt", [index_row(1), index_row(2)])

    found = [each for each in read_index(path, issuer_id=1, not_subscribers={2}) if isinstance(each, Candidate)]

    assert [each.for_subscriber for each in found] == [True, False]
