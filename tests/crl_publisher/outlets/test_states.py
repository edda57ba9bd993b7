"""What outlets hold and what the probe found, on both databases: numbers of any size, and nothing that is gone."""

from datetime import timedelta

from crl_publisher.gate.findings import Finding, Level
from crl_publisher.outlets.states import (
    OutletState,
    all_outlet_states,
    forget_other_outlets,
    outlet_state,
    write_outlet_state,
)
from crl_publisher.probe.states import ProbeState, forget_other_paths, probe_states_by_path, write_probe_states
from pki_revocation.database.engine import Database
from tests.fakes import FakeClock

NUMBER = 2**159 - 1


def test_outlet_states_are_kept_and_replaced(database: Database, clock: FakeClock) -> None:
    """One for each outlet and path."""
    first = OutletState(outlet="a", path="crl/x.crl")
    full = OutletState(
        outlet="a",
        path="crl/x.crl",
        number=NUMBER,
        sha256=bytes(32),
        held_since=clock.now(),
        checked_at=clock.now(),
        failures=3,
        failure="It is down.",
        failed_at=clock.now(),
        next_attempt_at=clock.now() + timedelta(seconds=8),
    )
    with database.write() as connection:
        assert outlet_state(connection, "a", "crl/x.crl") == first
        write_outlet_state(connection, first)
        write_outlet_state(connection, full)
        write_outlet_state(connection, OutletState(outlet="b", path="crl/x.crl"))

        assert outlet_state(connection, "a", "crl/x.crl") == full
        assert [state.outlet for state in all_outlet_states(connection)] == ["a", "b"]
        forget_other_outlets(connection, ["b"])
        assert [state.outlet for state in all_outlet_states(connection)] == ["b"]
    assert full.as_json()["next_attempt_at"] == "2026-11-23T14:03:30Z"
    assert full.as_json()["sha256"] == "00" * 32


def test_probe_states_are_kept_and_replaced(database: Database, clock: FakeClock) -> None:
    """With their findings."""
    finding = Finding(id="probe.status", level=Level.ERROR, message="It was answered 404.")
    well = ProbeState(
        path="crl/x.crl", url="http://x/crl/x.crl", probed_at=clock.now(), number=None, findings=(), wrong_since=None
    )
    wrong = ProbeState(
        path="crl/x.crl",
        url="http://x/crl/x.crl",
        probed_at=clock.now(),
        number=NUMBER,
        findings=(finding,),
        wrong_since=clock.now(),
    )
    with database.write() as connection:
        write_probe_states(connection, [well])
        write_probe_states(connection, [wrong])

        assert probe_states_by_path(connection) == {"crl/x.crl": wrong}
        forget_other_paths(connection, [])
        assert probe_states_by_path(connection) == {}
