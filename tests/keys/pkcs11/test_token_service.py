"""The publisher's and the responder's parts with their keys on a token that goes and comes back."""

import contextlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crl_publisher.outlets import DirectoryOutlet
from keys.config import KeySettings
from keys.delegation.certificate import issue_delegate
from keys.demo.hierarchy import self_signed
from keys.errors import KeyUnavailable
from keys.files.private_files import write_new
from keys.identity import Purpose, identify
from keys.keyring import Keyring
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.client.query import Question, ask, verify
from ocsp_responder.errors import AnswerRefused
from ocsp_responder.signing.answer_signers import answer_signers
from ocsp_responder.status import Good
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import issuance_of
from tests.databases import new_sqlite
from tests.fakes import FakeClock
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.ocsp_responder import registers
from tests.ocsp_responder.answers import TRY_LATER
from tests.ocsp_responder.installations import install, running
from tests.ocsp_responder.responders import SETTINGS, Always
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

_T = TypeVar("_T")
# Enough for both workers to have been asked.
_IN_A_ROW = 20
SYSTEM = SystemClock()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """SQLite alone: it is the key that goes."""
    return new_sqlite(tmp_path / "revocation.db")


class Installed:
    """A CA with both keys on one token, and the keyring that finds them."""

    def __init__(self, on_token: OnToken, folder: Path, database: Database, clock: FakeClock) -> None:
        """Make the keys, and let the CA certify both."""
        ca_key, ocsp_key = on_token.generate("rsa2048", "ca").load(), on_token.generate("p256", "ocsp").load()
        now = clock.now()
        ca = self_signed(ca_key, now)
        authority = identify(ca_key, ca, Purpose.CRL, issuer=ca, now=now)
        delegate = issue_delegate(authority, ocsp_key.public_key(), now=now, lifetime=timedelta(days=14))
        (folder / "ocsp.pem").write_bytes(delegate.public_bytes(Encoding.PEM))
        self.hsm = on_token.hsm
        self.keyring = Keyring(
            settings={
                "issuing": KeySettings(
                    crl_key=softhsm.uri(on_token.label, "ca"),
                    ocsp_key=softhsm.uri(on_token.label, "ocsp"),
                    ocsp_certificate=Path("ocsp.pem"),
                )
            },
            directory=folder,
            clock=clock,
        )
        with database.write() as connection:
            self.issuer: Issuer = add_issuer(connection, name="issuing", certificate=ca, is_default=True, clock=clock)


@pytest.fixture
def installed(on_token: OnToken, tmp_path: Path, database: Database, clock: FakeClock) -> Installed:
    """The same."""
    return Installed(on_token, tmp_path, database, clock)


def _until_back(act: Callable[[], _T]) -> _T:
    given: list[_T] = []

    def succeeds() -> bool:
        with contextlib.suppress(KeyUnavailable):
            given.append(act())
        return bool(given)

    wait_until(succeeds)
    return given[0]


def test_publisher_keeps_the_last_good_crl(
    installed: Installed, tmp_path: Path, database: Database, clock: FakeClock
) -> None:
    """While the token is away nothing changes; when it is back the next CRL lists what was revoked meanwhile."""
    issuance = issuance_of(database, clock, installed.keyring, DirectoryOutlet(tmp_path))
    population = Population(database, installed.issuer, clock)
    (serial,) = population.issue()
    issuance.publish(installed.issuer)
    path = tmp_path / "crl" / "issuing.crl"
    before = path.read_bytes()
    population.revoke(serial)
    installed.hsm.take_away()
    with pytest.raises(KeyUnavailable):
        issuance.publish(installed.issuer)
    assert path.read_bytes() == before
    installed.hsm.bring_back()

    _until_back(lambda: issuance.publish(installed.issuer))

    crl = x509.load_der_x509_crl(path.read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None
    assert crl.is_signature_valid(installed.keyring.crl_identity(installed.issuer).key.public_key())


def test_answers_come_again_from_the_same_signer(installed: Installed, database: Database, clock: FakeClock) -> None:
    """The responder holds its signer for as long as it runs: tryLater meanwhile, and signed when the token is back."""
    signers = answer_signers(installed.keyring, database)
    source = Always(clock=clock, status=Good(clock.now() + timedelta(days=90)))
    answerer = Answerer(signers=signers, source=source, settings=SETTINGS)
    question = Question(issuer=installed.issuer, serial=5, nonce=None)
    (signer,) = signers.values()

    assert verify(answerer.answer(question.der).der, question, clock.now()).status == "good"
    installed.hsm.take_away()
    assert answerer.answer(question.der).der == TRY_LATER
    installed.hsm.bring_back()
    _until_back(signer.try_key)
    assert verify(answerer.answer(question.der).der, question, clock.now()).status == "good"


def test_responder_processes_open_the_token_themselves(
    on_token: OnToken, tmp_path: Path, authority: CertificateAuthority
) -> None:
    """The parent looks at the key and spawns two workers: each signs, is told of an outage, and signs again."""
    location = on_token.generate("p256", "ocsp")
    ca = identify(authority.key, authority.certificate, Purpose.CRL, issuer=authority.certificate, now=SYSTEM.now())
    public = location.load().public_key()
    certificate = issue_delegate(ca, public, now=SYSTEM.now(), lifetime=timedelta(days=14))
    with new_sqlite(tmp_path / "revocation.db") as database:
        made = install(tmp_path, database, authority)
        issued = authority.issue("Zorg BV", SYSTEM.now())
        registers.add(database, made.issuer, SYSTEM, issued)
    (tmp_path / "keys" / "ocsp-certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    write_new(tmp_path / "pin", on_token.pin.encode(), "PIN file")
    config = made.installation.config
    uri = softhsm.uri(on_token.label, "ocsp")
    config.write_text(
        config.read_text().replace("keys/ocsp.pem", uri).replace("unencrypted = true", 'ocsp_secret = "file:pin"')
    )

    def status() -> str:
        question = Question(issuer=made.issuer, serial=issued.serial_number, nonce=secrets.token_bytes(32))
        return verify(ask(made.url, question), question, SYSTEM.now()).status

    def is_good() -> bool:
        try:
            return status() == "good"
        except AnswerRefused as refused:
            if "try later" not in str(refused):
                raise
            return False

    def until_good() -> None:
        wait_until(lambda: all(is_good() for _ in range(_IN_A_ROW)))

    with running(made, workers=2):
        until_good()
        on_token.hsm.take_away()
        for _ in range(_IN_A_ROW):
            with pytest.raises(AnswerRefused, match="try later"):
                status()
        on_token.hsm.bring_back()
        until_good()
