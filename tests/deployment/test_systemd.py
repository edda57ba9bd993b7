"""The units in deploy/systemd: systemd reads them without a complaint, and finds them shut."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path("deploy/systemd")
PROGRAM = Path("opt/pki-revocation/.venv/bin/pki-revocation")
ANALYZE = shutil.which("systemd-analyze")
SOCKETS = sorted(path.name for path in UNITS.glob("*.socket"))
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
# Of ten, where ten is wide open; what is left is mostly the network.
SHUT = 2.0

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd here")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A root folder with the units in their place, and the program that they start."""
    shutil.copytree(UNITS, tmp_path / "etc/systemd/system")
    (tmp_path / PROGRAM).parent.mkdir(parents=True)
    (tmp_path / PROGRAM).write_text("#!/bin/sh\n")
    (tmp_path / PROGRAM).chmod(0o755)
    for target in ("basic", "multi-user", "network", "sysinit", "shutdown", "sockets"):
        (tmp_path / f"etc/systemd/system/{target}.target").write_text(f"[Unit]\nDescription={target}\n")
    return tmp_path


def analyze(*words: str) -> str:
    """Run systemd-analyze; give what it printed on both outputs."""
    done = subprocess.run([str(ANALYZE), *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", [*SERVICES, *SOCKETS, "pki-revocation.target"])
def test_unit_is_understood(system: Path, unit: str) -> None:
    """Every key is known and every program there."""
    assert analyze("verify", "--man=no", f"--root={system}", unit) == ""


def test_mistake_would_be_found(system: Path) -> None:
    """What verify is silent about otherwise."""
    file = system / "etc/systemd/system/pki-revocation-web.service"
    file.write_text(file.read_text() + "ProtectHoem=yes\n")

    assert "ProtectHoem" in analyze("verify", "--man=no", f"--root={system}", file.name)


@pytest.mark.parametrize("unit", SERVICES)
def test_unit_is_shut(unit: str) -> None:
    """By systemd's own measure."""
    said = analyze("security", "--offline=true", "--no-pager", str(UNITS / unit))

    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert exposure is not None, said
    assert float(exposure[1]) < SHUT


def test_sockets_are_of_services_and_on_their_ports() -> None:
    """The address is the one that the service has by itself, so that either way of starting it is the same."""
    ports = {"web": 8460, "console": 8461, "ocsp": 8462, "distribution": 8463}

    assert sorted(f"pki-revocation-{name}.socket" for name in ports) == SOCKETS
    for name, port in ports.items():
        unit = (UNITS / f"pki-revocation-{name}.socket").read_text()
        assert f"\nListenStream=127.0.0.1:{port}\n" in unit
        assert f"pki-revocation-{name}.service" in SERVICES


def test_each_service_has_an_account_of_its_own() -> None:
    """One for each trust zone, and all of them are made."""
    users = [re.search(r"^User=(\S+)$", (UNITS / unit).read_text(), re.MULTILINE) for unit in SERVICES]
    names = {found[1] for found in users if found}
    made = set(re.findall(r"^u (\S+)", (UNITS / "pki-revocation.sysusers.conf").read_text(), re.MULTILINE))

    assert len(names) == len(SERVICES) == 7
    assert names == made


def test_no_service_is_given_up() -> None:
    """As under `serve all`: systemd tries again without end, whatever ends a service and however often."""
    common = (UNITS / "pki-revocation-.service.d/sandbox.conf").read_text()
    units = [(UNITS / name).read_text() for name in SERVICES]

    assert "\nStartLimitIntervalSec=0\n" in common
    assert "\nRestart=always\n" in common
    assert not any(re.search(r"^(StartLimit|Restart=)", unit, re.MULTILINE) for unit in units)
