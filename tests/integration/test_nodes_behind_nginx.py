"""Two nodes on one PostgreSQL behind the delivered nginx: what one began the other ends, and no node serves an old CRL.

Each node has its folder, its page, its distribution and its publisher; a publisher copies into the other node's folder.
"""

import json
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography import x509

from pki_revocation.host.http_client import exchange
from tests.deployment.shipped_nginx import PAGE, Behind, ShippedNginx, shipped_nginx
from tests.integration.running_demo import RunningDemo, free_port_base, program
from tests.integration.test_several_nodes import _LIMITS, _SOON_SECONDS, Node
from tests.waiting import wait_until

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Site:
    """Both nodes, and what stands before them; *certificates* as demo.json has them."""

    a: Node
    b: Node
    nginx: ShippedNginx
    certificates: list[dict[str, str]]

    def served(self, node: Node) -> set[int]:
        """The serials on the CRL that a node's own distribution gives."""
        answer = exchange("GET", f"{node.url('distribution')}/crl/issuing.crl", limits=_LIMITS)
        return {each.serial_number for each in x509.load_der_x509_crl(answer.body)}

    def public(self) -> set[int]:
        """The serials on the CRL that relying parties get, through nginx."""
        status, _, body = self.nginx.http(self.nginx.crl, "GET", "/crl/issuing.crl")
        assert status == 200
        return {each.serial_number for each in x509.load_der_x509_crl(body)}

    def revoke(self, place: int) -> dict[str, str]:
        """Through the endpoint, by whichever node nginx asks."""
        entry = self.certificates[place]
        document = json.dumps({"number": entry["number"], "code": entry["code"]})
        status, _, body = self.nginx.https(
            "POST", "/api/v1/revocations", document, {"Content-Type": "application/json"}
        )
        assert status == 200, body
        found: dict[str, str] = json.loads(body)
        return found

    def serial(self, place: int) -> int:
        """Of one of the certificates."""
        return int(self.certificates[place]["serial"], 16)


@pytest.fixture
def site(tmp_path: Path, postgresql_empty_url: str) -> Iterator[Site]:
    """The demo's folder is node A's, with the settings of production; B has copies of secrets and keys."""
    first, second = free_port_base(), free_port_base()
    arguments = ["--certificates", "6", "--port-base", str(first), "--database", postgresql_empty_url]
    demo = RunningDemo(directory=tmp_path / "a", arguments=arguments).start()
    certificates = demo.contract["certificates"]
    status, said = demo.stop()
    assert status == 0, said
    a, b = Node(tmp_path / "a", first), Node(tmp_path / "b", second)
    b.directory.mkdir()
    config = (a.directory / "config.toml").read_text()
    page = f'public_url = "http://127.0.0.1:{first}'
    assert config.count(page) == 1
    config = re.sub(rf"{re.escape(page)}[^\"]*\"", f'public_url = "https://{PAGE}"', config)
    assert "[limits]" not in config
    config += '\n[limits]\ntrusted_proxies = ["127.0.0.1"]\n'
    (a.directory / "config.toml").write_text(config + f'[outlets.other]\npath = "{b.directory}/published"\n')
    for offset in range(20):
        config = re.sub(rf"port = {first + offset}\b", f"port = {second + offset}", config)
    (b.directory / "config.toml").write_text(config + f'[outlets.other]\npath = "{a.directory}/published"\n')
    for name in ("secrets", "keys", "published"):
        shutil.copytree(a.directory / name, b.directory / name)
    assert program("init", "--directory", b.directory).returncode == 0
    behind = Behind(web=first, more_web=(second,), published=a.directory / "published")
    for node in (a, b):
        # The first of the two publishers gets the lease, and that is A's.
        node.serve(("serve", "web"), ("serve", "distribution"), ("publisher",))
        wait_until(
            lambda node=node: all(  # type: ignore[misc] # bound now
                node.readiness(service)[0] == 200 for service in ("web", "distribution", "publisher")
            ),
            _SOON_SECONDS,
            "a node",
        )
    try:
        with shipped_nginx(tmp_path, behind) as nginx:
            yield Site(a, b, nginx, certificates)
    finally:
        a.stop()
        b.stop()


class Browser:
    """A subscriber's, which sees one page and not two nodes."""

    def __init__(self, nginx: ShippedNginx) -> None:
        """With no cookie yet."""
        self._nginx = nginx
        self._cookies: SimpleCookie = SimpleCookie()

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """GET, or POST of a form."""
        headers = {"Accept-Language": "en"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{each.key}={each.value}" for each in self._cookies.values())
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{PAGE}"}
        body = None if form is None else urlencode(form)
        status, answered, content = self._nginx.https("GET" if form is None else "POST", path, body, headers)
        for cookie in answered.get_all("Set-Cookie", []):
            self._cookies.load(cookie)
        return status, content.decode()


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_one_page_of_two_nodes(site: Site) -> None:
    """Nginx asks them in turn: a form of one is posted to the other, whichever began, and so are receipts read."""
    for place in range(2):
        browser, entry = Browser(site.nginx), site.certificates[place]
        status, page = browser.ask("/revoke?lang=en")
        assert status == 200
        status, found = browser.ask(
            "/revoke?lang=en", _hidden(page) | {"number": entry["number"], "code": entry["code"]}
        )
        assert status == 200, found
        assert entry["serial"][:8] in found.replace(":", "").replace(" ", "").lower()
        # One request between, so that the other node begins next time.
        browser.ask("/revoke?lang=en")
    answer = site.revoke(2)
    receipt = urlsplit(answer["receipt_url"])
    assert receipt.hostname == PAGE
    for _ in range(4):
        status, shown = Browser(site.nginx).ask(receipt.path)
        assert (status, answer["reference"] in shown) == (200, True)
    wait_until(lambda: site.serial(2) in site.public(), _SOON_SECONDS, "the CRL")

    # A node's page ends, and subscribers notice nothing.
    site.a.processes[0].send_signal(signal.SIGKILL)
    site.a.processes[0].wait(60)
    for _ in range(3):
        assert Browser(site.nginx).ask("/revoke?lang=en")[0] == 200
    assert site.revoke(3)["status"] == "revoked"


def test_no_ready_node_serves_an_old_crl_when_publishers_die(site: Site) -> None:
    """The publisher that works is killed: the other one's CRLs reach both nodes, and whoever has none says so."""
    site.revoke(0)
    for node in (site.a, site.b):
        wait_until(lambda node=node: site.serial(0) in site.served(node), _SOON_SECONDS, "both nodes having it")  # type: ignore[misc] # bound now

    site.a.processes[2].send_signal(signal.SIGKILL)
    site.a.processes[2].wait(60)
    site.revoke(1)
    wait_until(lambda: site.serial(1) in site.public(), _SOON_SECONDS, "the other publisher taking over")
    for node in (site.a, site.b):
        wait_until(lambda node=node: site.serial(1) in site.served(node), _SOON_SECONDS, "both nodes having it")  # type: ignore[misc] # bound now
        assert node.readiness("distribution") == (200, "ready")
