"""The API of a running installation: how far a revocation is, and whatever its description allows or forbids."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running_demo import RunningDemo, environment, free_port_base
from tests.waiting import wait_until


def asked(demo: RunningDemo, address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON that is answered."""
    status, _, body = demo.fetch("GET", address, headers=headers or {})
    assert status == 200, body
    said: dict[str, Any] = json.loads(body)
    return said


def test_status_tells_when_relying_parties_see_it(demo: RunningDemo) -> None:
    """With the token of the answer: OCSP responders say it, and a CRL that is there lists it."""
    _, answer = demo.revoke(50, reason="superseded")
    headers = {"Authorization": f"Bearer {answer['status_token']}"}

    # The page's own look, of which there are as many as one likes.
    wait_until(lambda: asked(demo, f"{answer['receipt_url']}/visible")["settled"])

    seen = asked(demo, answer["status_url"], headers)
    assert 0 < seen["ocsp"]["answering"] == seen["ocsp"]["responders"]
    assert seen["ocsp"]["since"] >= answer["revoked_at"]
    (full,) = (each for each in seen["crls"] if each["scope"] == "full")
    assert full["since"] >= answer["revoked_at"]
    status, _, receipt = demo.fetch("GET", seen["receipt_pdf"])
    assert (status, receipt[:5]) == (200, b"%PDF-")


@pytest.fixture
def own_demo(tmp_path: Path) -> Iterator[RunningDemo]:
    """One whose limits on wrong codes may be used up."""
    running = RunningDemo(
        directory=tmp_path / "demo", arguments=["--certificates", "1", "--port-base", str(free_port_base())]
    ).start()
    yield running
    status, said = running.stop()
    assert status == 0, said


@pytest.mark.long
def test_description_is_driven_over_http(own_demo: RunningDemo, tmp_path: Path) -> None:
    """Schemathesis' own program finds no 5xx, and no answer that the description does not have."""
    _, answer = own_demo.revoke(0, reason="superseded")
    base = own_demo.contract["api_url"].removesuffix("/api/v1/revocations")
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run", f"{base}/api/openapi.yaml"),
            *("--header", f"Authorization: Bearer {answer['status_token']}"),
            # Check digits are not in a schema's power.
            *("--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", "40", "--workers", "2", "--no-color"),
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    log = (own_demo.directory / "services.log").read_text()
    assert " ERROR " not in log
    assert "Traceback" not in log
