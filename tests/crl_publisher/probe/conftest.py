"""A public address that a test decides about, and CRLs of every kind for it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert

from crl_publisher.probe.probing import Probe
from crl_publisher.probe.settings import ProbeSettings
from crl_publisher.scope import CA, FULL, USERS, Part, Scope
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.waiting import patience

HOUR = timedelta(hours=1)
TYPE = {"Content-Type": "application/pkix-crl"}


@dataclass(slots=True)
class Public:
    """What stands where: status, headers and body by path; whatever else is asked for is 404."""

    url: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def show(self, path: str, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        """Let something be public."""
        self.answers[f"/{path}"] = (status, TYPE | (headers or {}), body)


@pytest.fixture
def public() -> Iterator[Public]:
    """A server on loopback."""
    shown = Public()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer what the test decided."""
            shown.asked.append(self.path)
            status, headers, body = shown.answers.get(self.path, (404, {}, b""))
            if status == 0:
                shown.released.wait(20)
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shown.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield shown
    shown.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone: what is wrong with a CRL does not depend on the database."""
    return sqlite_database


@pytest.fixture
def probe(database: Database, clock: FakeClock, public: Public, issuer: Issuer) -> Probe:
    """The probe of that address, for which every kind of CRL may be there."""

    def scopes_of(_: object, issuer: Issuer) -> tuple[Scope, ...]:
        shard = Scope(Part.SHARD, shard=7, url=f"{public.url}/crl/{issuer.name}/7.crl")
        complete = (FULL, CA, USERS, shard)
        return (*complete, *(scope.delta for scope in complete))

    return Probe(
        database=database,
        clock=clock,
        public_url=f"{public.url}/",
        scopes_of=scopes_of,
        settings=ProbeSettings(timeout=timedelta(seconds=patience(1)), largest_mib=1),
    )


Crafted = Callable[..., bytes]


@pytest.fixture
def crafted(authority: CertificateAuthority, clock: FakeClock) -> Crafted:
    """Makes CRLs by other means than ours."""

    def craft(
        number: int | None = 5,
        *,
        by: CertificateAuthority = authority,
        this_update: datetime | None = None,
        next_update: datetime | None = None,
        entries: int = 1,
        point: str | None = None,
        base: int | None = None,
        only_ca: bool = False,
    ) -> bytes:
        now = clock.now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(this_update or now - HOUR)
            .next_update(next_update or now + 47 * HOUR)
        )
        for serial in range(1, entries + 1):
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - HOUR).build()
            builder = builder.add_revoked_certificate(revoked)
        if number is not None:
            builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        if base is not None:
            builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
        if point is not None or only_ca:
            builder = builder.add_extension(
                x509.IssuingDistributionPoint(
                    full_name=None if point is None else [x509.UniformResourceIdentifier(point)],
                    relative_name=None,
                    only_contains_user_certs=False,
                    only_contains_ca_certs=only_ca,
                    only_some_reasons=None,
                    indirect_crl=False,
                    only_contains_attribute_certs=False,
                ),
                critical=True,
            )
        return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)

    return craft


@pytest.fixture
def recorded(database: Database, issuer: Issuer, clock: FakeClock) -> Callable[..., None]:
    """Writes into the record that a CRL was published an hour ago."""

    def record(
        data: bytes, number: int = 5, scope: str = "full", *, entries: int = 1, published_at: datetime | None = None
    ) -> None:
        with database.write() as connection:
            connection.execute(
                insert(crls).values(
                    issuer_id=issuer.id,
                    scope=scope,
                    number=number,
                    reserved_at=clock.now() - HOUR,
                    this_update=clock.now() - HOUR,
                    next_update=clock.now() + 47 * HOUR,
                    covers_sequence=0,
                    entries=entries,
                    size=len(data),
                    sha256=sha256(data).digest(),
                    published_at=published_at or clock.now() - HOUR,
                )
            )

    return record
