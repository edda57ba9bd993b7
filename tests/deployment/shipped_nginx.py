"""`deploy/nginx/pki-revocation.conf` in a real nginx, as it is delivered but for the lines that are to be set."""

import contextlib
import http.client
import secrets
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.crl_publisher.installations import free_ports
from tests.crl_publisher.real_nginx import real_nginx

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "pki-revocation.conf"
PAGE, CONSOLE, CRL, OCSP = "intrekken.example", "console.example", "crl.example", "ocsp.example"
_HOUR = timedelta(hours=1)
# Where nobody listens: what stands behind a server that a test does not use.
_NOBODY = 1
Answer = tuple[int, http.client.HTTPMessage, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What the servers lead to: ports of services, and folders; *more_web* are other nodes' pages."""

    web: int = _NOBODY
    more_web: tuple[int, ...] = ()
    ocsp: int = _NOBODY
    console: int = _NOBODY
    published: Path = Path("/nonexistent")
    fallback: Path = Path("/nonexistent")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedNginx:
    """Where it listens, and its folder with certificates."""

    folder: Path
    plain: int
    page: int
    crl: int
    ocsp: int
    console: int
    client: Path = field(default=Path())

    def https(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        *,
        source: str = "127.0.0.1",
        port: int | None = None,
        sni: str = PAGE,
        host: str | None = None,
        client: Path | None = None,
    ) -> Answer:
        """One request over TLS to the page's port, or another one, from a loopback address of the caller's choice."""
        connection = http.client.HTTPConnection(host or sni)
        raw = socket.create_connection(("127.0.0.1", port or self.page), timeout=60, source_address=(source, 0))
        connection.sock = tls(client).wrap_socket(raw, server_hostname=sni)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def http(
        self, port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request without TLS, with the path as it is written."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()


def tls(client: Path | None = None) -> ssl.SSLContext:
    """A client that believes any certificate: who nginx is does not matter here; *client* is its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if client is not None:
        context.load_cert_chain(client)
    return context


@contextlib.contextmanager
def shipped_nginx(folder: Path, behind: Behind, *, everywhere: str = "") -> Iterator[ShippedNginx]:
    """Run it in a new folder below *folder*, with *everywhere* beside it in the http block, as long as the block."""
    root = folder / "nginx"
    root.mkdir()
    plain, page, crl, ocsp, console = free_ports(5)
    for name in (PAGE, CONSOLE, "operator"):
        _write_certificate(root / name, name)
    text = CONFIGURATION.read_text()
    for line, mine in (
        (
            "server 127.0.0.1:8460;",
            " ".join(f"server 127.0.0.1:{port};" for port in (behind.web, *behind.more_web)),
        ),
        ("server 127.0.0.1:8462;", f"server 127.0.0.1:{behind.ocsp};"),
        ("server 127.0.0.1:8461;", f"server 127.0.0.1:{behind.console};"),
        (_listening("for the page"), f"listen 127.0.0.1:{plain};"),
        (_listening("for CRLs"), f"listen 127.0.0.1:{crl};"),
        (_listening("for OCSP"), f"listen 127.0.0.1:{ocsp};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{page} ssl;"),
        ("listen 8443 ssl;", f"listen 127.0.0.1:{console} ssl;"),
        ("root /var/lib/pki-revocation/published;", f"root {behind.published};"),
        ("alias /var/lib/pki-revocation/fallback/;", f"alias {behind.fallback}/;"),
        ("/etc/ssl/intrekken.example.pem", f"{root}/{PAGE}.pem"),
        ("/etc/ssl/intrekken.example.key", f"{root}/{PAGE}.pem"),
        ("/etc/ssl/console.example.pem", f"{root}/{CONSOLE}.pem"),
        ("/etc/ssl/console.example.key", f"{root}/{CONSOLE}.pem"),
        ("/etc/ssl/operators-ca.pem", f"{root}/operator.pem"),
    ):  # fmt: skip
        assert text.count(line) == 1, line
        text = text.replace(line, mine)
    (root / "pki-revocation.conf").write_text(text)
    with real_nginx(root, f"{everywhere} include {root}/pki-revocation.conf;", f"http://127.0.0.1:{crl}/"):
        yield ShippedNginx(
            folder=root, plain=plain, page=page, crl=crl, ocsp=ocsp, console=console, client=root / "operator.pem"
        )


def _listening(what: str) -> str:
    """The line of a server on port 80: there is one for each of three."""
    return f"{'    listen 80;':60}# set: address and port, {what}"


def _write_certificate(path: Path, name: str) -> None:
    """Key and self-signed certificate in one file, valid now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(secrets.randbits(120) | 1 << 119)
        .not_valid_before(now - _HOUR)
        .not_valid_after(now + _HOUR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.with_name(f"{name}.pem").write_bytes(encoded + certificate.public_bytes(Encoding.PEM))
