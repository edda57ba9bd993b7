"""Two readers must make the same of everything around the list, or the CRL does not become public."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from crl_publisher.crl.frame import Frame, read_frame
from crl_publisher.gate import inspection as inspection_module
from crl_publisher.gate.findings import Findings
from crl_publisher.gate.second_reader import check_second_reading
from crl_publisher.plan import Plan
from keys.identity import SigningIdentity
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import generalized_time
from tests.crl_publisher.crafted import Parts
from tests.crl_publisher.plans import found

OTHERWISE: dict[str, Any] = {
    "is_version_2": lambda frame: not frame.is_version_2,
    "inner_algorithm": lambda frame: frame.inner_algorithm + b"\5\0",
    "outer_algorithm": lambda frame: frame.outer_algorithm + b"\5\0",
    "issuer": lambda frame: frame.issuer[:-1],
    "this_update": lambda frame: frame.this_update + timedelta(seconds=1),
    "next_update": lambda _: None,
    "is_generalized": lambda _: (True, False),
    "number": lambda frame: frame.number + 1,
    "signature": lambda frame: frame.signature + b"\0",
}


@pytest.fixture
def frame(parts: Parts, identity: SigningIdentity) -> Frame:
    """That of a right CRL."""
    return read_frame(BytesIO(parts.signed_by(identity)))


def test_readers_agree_on_what_is_right(frame: Frame, parts: Parts, identity: SigningIdentity) -> None:
    """With UTCTime and GeneralizedTime, a number and none, and no nextUpdate."""
    changed = [
        parts.changed(next_update=b""),
        parts.changed(next_update=generalized_time(frame.this_update.replace(year=2055))),
        parts.changed(extensions=parts.extensions[:1]),
        parts.changed(version=b"", extensions=()),
    ]
    for each in (frame, *(read_frame(BytesIO(those.signed_by(identity))) for those in changed)):
        findings = Findings()
        check_second_reading(each, findings)
        assert findings.counts == {}


@pytest.mark.parametrize("field", OTHERWISE)
def test_each_field_is_held_against_the_second_reading(field: str, frame: Frame) -> None:
    """One field read otherwise, and one finding that names it."""
    findings = Findings()

    check_second_reading(replace(frame, **{field: OTHERWISE[field](frame)}), findings)

    assert findings.counts == {"crl.frame.ambiguous": 1}


def test_gate_asks_the_second_reader(
    parts: Parts, identity: SigningIdentity, plan: Plan, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it finds stops the publication."""

    def disagreeing(frame: Frame, findings: Findings) -> None:
        check_second_reading(replace(frame, signature=b"another"), findings)

    monkeypatch.setattr(inspection_module, "check_second_reading", disagreeing)

    assert found(parts.signed_by(identity), plan, database) == {"crl.frame.ambiguous"}
