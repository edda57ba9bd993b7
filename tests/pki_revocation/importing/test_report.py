"""The report: counts, refusals word by word while there is room, and the rest by kind."""

import json
from pathlib import Path

from pki_revocation.importing.candidates import Refusal, RefusalKind, Source
from pki_revocation.importing.report import KEPT_REFUSALS, Tally


def test_refusals_are_bounded() -> None:
    """A million refusals do not fill the memory, and none is lost from the counts."""
    tally = Tally(added=3, revoked=1, numbered=2)
    source = Source(Path("index.txt"), "line")
    for place in range(1, KEPT_REFUSALS + 501):
        kind = RefusalKind.DATE if place == 1 else RefusalKind.DUPLICATE
        tally.refuse(Refusal(source, place, kind, "No."))

    report = tally.report()

    assert tally.rows == 3 + KEPT_REFUSALS + 500
    assert report.refused_in_all == KEPT_REFUSALS + 500
    assert len(report.refusals) == KEPT_REFUSALS
    lines = report.text().splitlines()
    assert lines[0] == "3 certificates went in: 2 with a number, 1 revoked, 0 expired."
    assert lines[1] == "1,500 refused (date 1, duplicate 1,499):"
    assert lines[2] == "  index.txt, line 1: No."
    assert lines[-1] == "  and 500 more, counted above by their kind."


def test_report_as_json() -> None:
    """What programs read."""
    tally = Tally(added=1, expired=1)
    tally.refuse(Refusal(Source(Path("a.pem"), "certificate"), None, RefusalKind.BROKEN, "It is broken."))

    assert json.loads(json.dumps(tally.report().as_json())) == {
        "added": 1,
        "numbered": 0,
        "revoked": 0,
        "expired": 1,
        "reasons_left_out": 0,
        "completed": 0,
        "refused": 1,
        "refused_by_kind": {"broken": 1},
        "refusals": [{"file": "a.pem", "kind": "broken", "reason": "It is broken."}],
    }


def test_nothing_refused_says_nothing_of_it() -> None:
    """A clean import is one line."""
    assert len(Tally(added=1, numbered=1).report().text().splitlines()) == 1


def test_reasons_left_out_are_said() -> None:
    """Whoever imports learns that something of the source is not on the CRL."""
    report = Tally(added=1_500, revoked=1_500, reasons_left_out=1_200).report()

    assert "1,200 of the revoked went in without a reason: cACompromise" in report.text()
    assert report.as_json()["reasons_left_out"] == 1_200
