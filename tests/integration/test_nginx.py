"""The main job through the delivered nginx: page, OCSP and CRL of a running installation, and what doctor says."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from pki_revocation.config.installation import Installation
from pki_revocation.rate_limiting.proxy_sightings import forget_sighting
from tests.deployment.shipped_nginx import Behind, shipped_nginx
from tests.integration.running_demo import RunningDemo, openssl, program
from tests.waiting import wait_until


def port_of(url: str) -> int:
    """The port of one of the demo's addresses."""
    return urlsplit(url).port or 0


def test_a_certificate_is_revoked_through_nginx(demo: RunningDemo, tmp_path: Path) -> None:
    """Number and code go in by https; relying parties ask by plain http, and both ways of asking say so."""
    contract, mine = demo.contract, demo.certificate(47)
    behind = Behind(
        web=port_of(contract["revocation_url"]),
        ocsp=port_of(contract["ocsp_url"]),
        console=port_of(contract["console_url"]),
        published=demo.directory / "published",
    )
    with shipped_nginx(tmp_path, behind) as nginx:
        assert "Intrekkings" in nginx.https("GET", "/intrekken")[2].decode()
        ask = (
            "ocsp", "-issuer", demo.path(contract["issuer"]), "-cert", demo.path(mine["certificate"]),
            "-CAfile", demo.path(contract["chain"]), "-url", f"http://127.0.0.1:{nginx.ocsp}/ocsp",
        )  # fmt: skip
        assert ": good" in openssl(*ask)

        document = json.dumps({"number": mine["number"], "code": mine["code"]})
        status, _, body = nginx.https("POST", "/api/v1/revocations", document, {"Content-Type": "application/json"})

        assert (status, json.loads(body)["status"]) == (200, "revoked")
        assert ": revoked" in openssl(*ask)
        number = f"{int(mine['serial'], 16):X}"

        def listed() -> bool:
            found = nginx.http(nginx.crl, "GET", "/crl/issuing.crl")
            (tmp_path / "now.crl").write_bytes(found[2])
            return number in openssl("crl", "-inform", "DER", "-in", str(tmp_path / "now.crl"), "-noout", "-text")

        wait_until(listed)
    # The demo names no proxy, and nginx says who it is: its clients are one source, until that is set right.
    said = program("doctor", "--directory", demo.directory).stdout
    assert "WRONG  proxies: requests come through 127.0.0.1, which [limits] trusted_proxies does not name" in said
    with Installation.open(demo.directory).database() as database, database.write() as connection:
        forget_sighting(connection, "127.0.0.1")
    assert "ok     proxies: none is named, and none was seen" in program("doctor", "--directory", demo.directory).stdout
