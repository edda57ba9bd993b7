"""Two publishers at once, as processes, on one PostgreSQL: what a lease is for, and what holds when it fails."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from crl_publisher.published import published
from pki_revocation.audit import verify_chain
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from tests.campaign import campaign, examples
from tests.crl_publisher.population import Population
from tests.pki import CertificateAuthority

TOP = Path(__file__).parents[3]
# Of each process; `make fuzz` has twelve hundred together.
COUNT = min(examples(60), 600)


@pytest.fixture
def issuer(postgresql_url: str, tmp_path: Path, authority: CertificateAuthority) -> Iterator[tuple[Database, Issuer]]:
    """A CA whose key both have, and its register."""
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ca.key").write_bytes(key)
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with Database(postgresql_url) as database, database.write() as connection:
        made = add_issuer(
            connection, name="issuing", certificate=authority.certificate, is_default=True, clock=SystemClock()
        )
    with Database(postgresql_url) as database:
        yield database, made


@contextmanager
def publishing(url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """One of them."""
    line = [sys.executable, "-m", "tests.crl_publisher.publishing_process", url, str(folder), str(COUNT)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=TOP, env={**os.environ})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@campaign
@pytest.mark.long
def test_no_number_twice_and_none_falls(issuer: tuple[Database, Issuer], postgresql_url: str, tmp_path: Path) -> None:
    """Without any lease, while revocations go on: each number is one CRL, and the public one only rises."""
    database, ours = issuer
    population = Population(database, ours, SystemClock())
    public = tmp_path / "published" / "crl" / "issuing.crl"
    seen: list[int] = []

    with publishing(postgresql_url, tmp_path) as first, publishing(postgresql_url, tmp_path) as second:
        while first.poll() is None or second.poll() is None:
            population.issue_revoked(1)
            if public.exists():
                crl = x509.load_der_x509_crl(public.read_bytes())
                seen.append(crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
        told = [[int(line) for line in process.communicate()[0].split()] for process in (first, second)]

    assert [len(numbers) for numbers in told] == [COUNT, COUNT]
    assert not set(told[0]) & set(told[1])
    assert seen == sorted(seen)
    with database.read() as connection:
        record = published(connection, ours, limit=10 * COUNT)
        reserved = connection.scalars(select(crls.c.number)).all()
        assert verify_chain(connection) >= 4 * COUNT
    assert {crl.number for crl in record} >= {*told[0], *told[1]}
    assert len(reserved) == len(set(reserved))
    assert [crl.covers_sequence for crl in record] == sorted((crl.covers_sequence for crl in record), reverse=True)
