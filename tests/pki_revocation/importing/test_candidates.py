"""What cannot be: validities that end before they begin, revocations in the future; and what must be all the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pki_revocation.importing.candidates import (
    Candidate,
    PastRevocation,
    Refusal,
    RefusalKind,
    Source,
    objection,
    remark_on_serial,
)
from pki_revocation.reasons import RevocationReason

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
GOOD = Candidate(
    source=Source(Path("index.txt"), "line"),
    place=3,
    issuer_id=1,
    serial=1,
    subject="CN=zorg.example",
    organisation="",
    not_before=NOW - 10 * DAY,
    not_after=NOW + 10 * DAY,
)


def revoked(at: datetime, invalidity: datetime | None = None) -> PastRevocation:
    """A revocation for key compromise."""
    return PastRevocation(at, RevocationReason.KEY_COMPROMISE, invalidity)


@pytest.mark.parametrize(
    "candidate",
    [
        GOOD,
        GOOD._replace(serial=(1 << 159) - 1),
        GOOD._replace(not_before=GOOD.not_after),
        GOOD._replace(not_before=None),
        GOOD._replace(not_after=NOW - SECOND, not_before=None, marked_expired=True),
        GOOD._replace(revocation=revoked(NOW, NOW)),
        GOOD._replace(revocation=revoked(NOW - 10 * DAY)),
        GOOD._replace(not_after=NOW - 5 * DAY, revocation=revoked(NOW)),
        GOOD._replace(not_before=None, revocation=revoked(EARLIEST, EARLIEST)),
        # What concerns no revocation holds none up.
        GOOD._replace(revocation=revoked(NOW - 11 * DAY)),
        GOOD._replace(not_before=GOOD.not_after + SECOND, revocation=revoked(NOW)),
        # What was issued must be revocable (BR 4.9.1.1).
        GOOD._replace(not_before=GOOD.not_after + SECOND, der=b"0"),
        *(GOOD._replace(serial=serial) for serial in (0, -1, 1 << 159, (1 << 511) - 1, -(1 << 511))),
    ],
)
def test_what_can_be(candidate: Candidate) -> None:
    """The edges are inside; a certificate may also have been revoked after it expired."""
    assert objection(candidate, NOW) is None


@pytest.mark.parametrize(
    ("candidate", "kind", "words"),
    [
        (GOOD._replace(serial=1 << 511), RefusalKind.SERIAL, "over 64 octets"),
        (GOOD._replace(serial=-(1 << 511) - 1), RefusalKind.SERIAL, "over 64 octets"),
        (GOOD._replace(not_before=GOOD.not_after + SECOND), RefusalKind.DATE, "ends before it begins"),
        (GOOD._replace(marked_expired=True), RefusalKind.DATE, "valid until 2026-12-03T14:03:22Z"),
        (GOOD._replace(revocation=revoked(NOW + SECOND)), RefusalKind.DATE, "2026-11-23T14:03:23Z lies in the future"),
        (GOOD._replace(revocation=revoked(NOW, NOW + SECOND)), RefusalKind.DATE, "2026-11-23T14:03:23Z, in the future"),
        (
            GOOD._replace(not_before=None, revocation=revoked(EARLIEST - SECOND)),
            RefusalKind.DATE,
            "1949-12-31T23:59:59Z lies before 1950",
        ),
        (
            GOOD._replace(revocation=revoked(NOW, EARLIEST - SECOND)),
            RefusalKind.DATE,
            "compromise is dated 1949-12-31T23:59:59Z, before 1950",
        ),
    ],
)
def test_what_cannot_be(candidate: Candidate, kind: RefusalKind, words: str) -> None:
    """One sentence that says what is wrong, with file and line."""
    refusal = objection(candidate, NOW)

    assert refusal is not None
    assert refusal.kind is kind
    assert words in refusal.reason
    assert str(refusal).startswith("index.txt, line 3: ")


@pytest.mark.parametrize(
    ("serial", "words"),
    [(0, "is zero"), (-24, "-18 is negative"), (1 << 159, "takes over 20 octets"), (1, ""), ((1 << 159) - 1, "")],
)
def test_serials_outside_the_standard_are_said(serial: int, words: str) -> None:
    """With both clauses: what was wrong with issuing it, and why it is taken all the same."""
    remark = remark_on_serial(GOOD._replace(serial=serial))

    if words:
        assert remark is not None
        assert words in remark.says
        assert "RFC 5280 section 4.1.2.2" in remark.says
        assert "BR 4.9.1.1" in remark.says
    else:
        assert remark is None


def test_refusal_as_json_and_with_odd_file_names() -> None:
    """Programs get file, place and kind; a file name that is no UTF-8 can be printed all the same."""
    refusal = Refusal(Source(Path("a\udcff.pem"), "certificate"), 2, RefusalKind.BROKEN, "It is broken.")

    assert refusal.as_json() == {
        "file": "a\\udcff.pem",
        "certificate": 2,
        "kind": "broken",
        "reason": "It is broken.",
    }
    assert str(refusal).encode() == b"a\\udcff.pem, certificate 2: It is broken."
