"""The report: counts, refusals word by word while there is room, and the rest by kind; holds first of all."""

import json
from dataclasses import replace
from pathlib import Path

from pki_revocation.importing.batch import Written
from pki_revocation.importing.candidates import Refusal, RefusalKind, Remark, Source
from pki_revocation.importing.report import KEPT_REFUSALS, Tally

INDEX = Source(Path("index.txt"), "line")


def tally_of(**counts: int) -> Tally:
    """A report that has counted this much."""
    tally = Tally()
    tally.add(replace(Written(), **counts))  # type: ignore[arg-type] # counts alone are given
    return tally


def test_refusals_are_bounded() -> None:
    """A million refusals do not fill the memory, and none is lost from the counts."""
    tally = tally_of(added=3, revoked=1, numbered=2)
    for place in range(1, KEPT_REFUSALS + 501):
        kind = RefusalKind.DATE if place == 1 else RefusalKind.SERIAL
        tally.refuse(Refusal(INDEX, place, kind, "No."))

    report = tally.report()

    assert tally.rows == 3 + KEPT_REFUSALS + 500
    assert report.refused_in_all == KEPT_REFUSALS + 500
    assert len(report.refusals) == KEPT_REFUSALS
    lines = report.text().splitlines()
    assert lines[0] == "3 certificates went in: 2 with a number, 1 revoked, 0 expired."
    assert lines[1] == "1,500 refused (date 1, serial 1,499):"
    assert lines[2] == "  index.txt, line 1: No."
    assert lines[-1] == "  and 500 more, counted above by their kind."


def test_holds_are_said_first_and_are_never_among_those_that_are_only_counted() -> None:
    """However many other refusals came before: relying parties saw them as revoked."""
    tally = tally_of(added=1, numbered=1)
    for place in range(1, KEPT_REFUSALS + 1):
        tally.refuse(Refusal(INDEX, place, RefusalKind.DATE, "No."))
    tally.refuse(Refusal(INDEX, 7_000, RefusalKind.HOLD, "It is on hold."))

    report = tally.report()

    first, second, third = report.text().splitlines()[:3]
    assert first.startswith("ON HOLD: 1 certificate is on hold, and barred")
    assert second == "  index.txt, line 7000: It is on hold."
    assert third.startswith("1 certificate went in")
    answer = report.as_json()
    assert list(answer)[:2] == ["on_hold", "holds"]
    assert answer["on_hold"] == 1


def test_report_as_json() -> None:
    """What programs read."""
    tally = tally_of(added=1, expired=1, agreed=2)
    tally.refuse(Refusal(Source(Path("a.pem"), "certificate"), None, RefusalKind.BROKEN, "It is broken."))
    tally.remark(Remark(INDEX, 4, "Something was left out."))

    assert json.loads(json.dumps(tally.report().as_json())) == {
        "on_hold": 0,
        "holds": [],
        "added": 1,
        "numbered": 0,
        "revoked": 0,
        "expired": 1,
        "reasons_left_out": 0,
        "completed": 0,
        "revoked_since": 0,
        "agreed": 2,
        "bars_lifted": 0,
        "with_compromised_keys": 0,
        "remarked": 1,
        "remarks": [{"file": "index.txt", "line": 4, "says": "Something was left out."}],
        "refused": 1,
        "refused_by_kind": {"broken": 1},
        "refusals": [{"file": "a.pem", "kind": "broken", "reason": "It is broken."}],
    }


def test_nothing_refused_says_nothing_of_it() -> None:
    """A clean import is one line."""
    assert len(tally_of(added=1, numbered=1).report().text().splitlines()) == 1


def test_reasons_left_out_are_said() -> None:
    """The operator learns that something of the source is not on the CRL."""
    report = tally_of(added=1_500, revoked=1_500, reasons_left_out=1_200).report()

    assert "1,200 of the revoked went in without a reason: cACompromise" in report.text()
    assert report.as_json()["reasons_left_out"] == 1_200


def test_what_is_registered_is_counted_and_no_refusal() -> None:
    """What completes, what revokes, what agrees, and which bars were lifted."""
    report = tally_of(completed=2, revoked_since=1, agreed=1_000, lifted=1).report()

    assert report.text().splitlines() == [
        "0 certificates went in: 0 with a number, 0 revoked, 0 expired.",
        "2 were registered already, without the certificate itself, and are complete now.",
        "1 was registered already as not revoked, and is revoked now.",
        "1,000 said once more what is registered already, or what this import says itself.",
        "1 was barred before, and went in as revoked for good.",
    ]
    assert report.taken == 1_003
