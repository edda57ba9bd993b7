"""Certificates arrive at a running demo: by the folder and by the network, OCSP knows them, and letters are made."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from keys.demo.hierarchy import Addresses, Authority, issue_server
from tests.integration.running_demo import RunningDemo, openssl, program
from tests.waiting import wait_until


def _is_good(demo: RunningDemo, certificate: Path) -> bool:
    contract = demo.contract
    said = openssl(
        "ocsp", "-issuer", demo.path(contract["issuer"]), "-cert", str(certificate),
        "-CAfile", demo.path(contract["chain"]), "-url", contract["ocsp_url"], check=False,
    )  # fmt: skip
    return f"{certificate}: good" in said


def test_ocsp_is_good_within_a_minute_and_the_letter_is_made(demo: RunningDemo, tmp_path: Path) -> None:
    """BR 4.9.9 allows 15 minutes. Asked before, OCSP did not know them: that answer is not kept."""
    contract = demo.contract
    key: Any = load_pem_private_key((demo.directory / "keys/issuing.key").read_bytes(), None)
    ca = x509.load_pem_x509_certificate(Path(demo.path(contract["issuer"])).read_bytes())
    authority = Authority(key=key, certificate=ca)
    addresses = Addresses(ocsp=contract["ocsp_url"], crl=contract["crl_url"], ca_certificate="http://127.0.0.1/a")
    now = datetime.now(UTC).replace(microsecond=0)
    files = []
    for place in (50, 51):
        _, issued = issue_server(authority, place, now, addresses)
        files.append(tmp_path / f"{place}.pem")
        files[-1].write_bytes(issued.public_bytes(Encoding.PEM))
        assert not _is_good(demo, files[-1])
    letters = set((demo.directory / "letters").glob("*.pdf"))

    token = program("token", "issue", "ca-1", "--directory", demo.directory).stdout.strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-pem-file"}
    url = f"{contract['console_url'].rstrip('/')}/api/v1/certificates"
    status, _, body = demo.fetch("POST", url, files[0].read_bytes(), headers)
    assert status == 201, body
    (demo.directory / "arrivals" / "new.pem").write_bytes(files[1].read_bytes())

    for file in files:
        wait_until(partial(_is_good, demo, file), 60, f"OCSP to know {file.name}")
    number = json.loads(body)["number"]
    wait_until(lambda: len(set((demo.directory / "letters").glob("*.pdf")) - letters) == 2, 60, "the letters of both")
    assert (demo.directory / "letters" / f"letter-{number}.pdf").exists()
    assert (demo.directory / "arrivals" / "done" / "new.pem").exists()
    logs = [each.read_text("utf-8", "replace") for each in demo.directory.rglob("*.log")]
    assert logs
    assert not any(token in log or token.rpartition("_")[2] in log for log in logs)
