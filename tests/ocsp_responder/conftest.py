"""Fixtures: a delegated signer, a certificate that is registered, and a responder in this process."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient

from keys.identity import Purpose, SigningIdentity, identify
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.http.app import create_app
from ocsp_responder.http.transport import HttpEndpoint
from ocsp_responder.status import SqlStatusSource
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.ocsp_responder import registers
from tests.ocsp_responder.responders import MAX_AGE, AllGood, responder
from tests.pki import CertificateAuthority


@pytest.fixture
def delegate(authority: CertificateAuthority, clock: FakeClock) -> SigningIdentity:
    """The issuer's delegated OCSP identity, valid for a fortnight."""
    key, certificate = authority.delegate(clock.now())
    return identify(key, certificate, Purpose.OCSP, issuer=authority.certificate, now=clock.now())


@pytest.fixture
def certificate(
    database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock
) -> x509.Certificate:
    """A registered certificate."""
    issued = authority.issue("Zorg BV", clock.now())
    registers.add(database, issuer, clock, issued)
    return issued


@pytest.fixture
def answerer(database: Database, issuer: Issuer, delegate: SigningIdentity, clock: FakeClock) -> Answerer:
    """A responder for the one issuer, without HTTP."""
    return responder({issuer: delegate}, SqlStatusSource(database, clock))


@pytest.fixture
def client(answerer: Answerer, clock: FakeClock) -> FlaskClient:
    """The responder's application at `/ocsp`."""
    return create_app(answerer.answer, clock=clock, endpoint=HttpEndpoint(path="/ocsp", max_age=MAX_AGE)).test_client()


@pytest.fixture
def ca(authority: CertificateAuthority) -> Issuer:
    """The authority, as the register gives it."""
    return Issuer(id=1, name="issuing", certificate_der=authority.certificate.public_bytes(Encoding.DER))


@pytest.fixture
def knowing(ca: Issuer, delegate: SigningIdentity, clock: FakeClock) -> Answerer:
    """A responder without a database that knows every serial: for many questions in a moment."""
    return responder({ca: delegate}, AllGood(clock))


@pytest.fixture
def bare(knowing: Answerer, clock: FakeClock) -> FlaskClient:
    """The application on top of that: for what is HTTP alone."""
    return create_app(knowing.answer, clock=clock, endpoint=HttpEndpoint(path="/ocsp", max_age=MAX_AGE)).test_client()
