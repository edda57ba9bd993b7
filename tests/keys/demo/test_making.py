"""What the demo is not made on."""

from pathlib import Path

import pytest

from keys.demo.folder import DemoRefused
from keys.demo.making import DemoAddresses, DemoPlan, make_demo
from keys.demo.ports import Ports
from pki_revocation.clock import SystemClock
from pki_revocation.runtime.new_installation import config_with_database, set_up


def test_database_that_was_set_up_is_refused(tmp_path: Path) -> None:
    """Before anything is written into it, or beside it."""
    url = f"sqlite:///{tmp_path}/used/revocation.db"
    set_up(tmp_path / "used", config_with_database(url))
    plan = DemoPlan(
        directory=tmp_path / "demo",
        certificates=1,
        key_type="p256",
        database_url=url,
        addresses=DemoAddresses(ports=Ports(20_000)),
    )

    with pytest.raises(DemoRefused, match="holds a register already"):
        make_demo(plan, SystemClock(), lambda *_: lambda _: None)
    assert not (tmp_path / "demo").exists()
