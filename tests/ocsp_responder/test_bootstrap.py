"""Putting the responder together from an installation."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from keys.errors import UnusableKey
from ocsp_responder.bootstrap import issuer_parents, responder
from ocsp_responder.config import OcspSettings
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError, StoreError
from pki_revocation.register.issuers import add_issuer
from tests.ocsp_responder import answers, messages, registers
from tests.ocsp_responder.hierarchies import Subordinate
from tests.ocsp_responder.installations import install
from tests.pki import CertificateAuthority


def test_answers_at_the_configured_path(database: Database, authority: CertificateAuthority, tmp_path: Path) -> None:
    """Key, certificate, database and path are the configuration's."""
    installed = install(tmp_path, database, authority, settings='validity = "8h"\nmax_age = "60s"')
    clock = SystemClock()
    certificate = authority.issue("Zorg BV", clock.now())
    registers.add(database, installed.issuer, clock, certificate)
    client = responder(installed.installation, database).test_client()

    response = client.post(
        "/ocsp",
        data=messages.built(certificate, authority.certificate),
        content_type="application/ocsp-request",
    )

    assert answers.statuses(response.data) == [answers.GOOD]
    (single,) = answers.read(response.data).responses
    assert single.next_update_utc is not None
    assert single.next_update_utc - single.this_update_utc == timedelta(hours=8)
    assert response.headers["Cache-Control"].startswith("max-age=60,")


def test_issuers_without_a_key_are_foreign(database: Database, authority: CertificateAuthority, tmp_path: Path) -> None:
    """Registered, but with no OCSP key: this responder has no voice for it."""
    installed = install(tmp_path, database, authority)
    clock, root = SystemClock(), CertificateAuthority("Root")
    with database.write() as connection:
        issuer = add_issuer(connection, name="root", certificate=root.certificate, is_default=False, clock=clock)
    registers.add(database, issuer, clock, root.issue("Sub CA", clock.now(), serial=5))
    client = responder(installed.installation, database).test_client()

    response = client.post("/ocsp", data=messages.asked(issuer, 5), content_type="application/ocsp-request")

    assert response.data == answers.UNAUTHORIZED


def test_no_key_at_all_is_said(database: Database, authority: CertificateAuthority, tmp_path: Path) -> None:
    """One sentence with the setting to make."""
    installed = install(tmp_path, database, authority)
    config = installed.installation.config
    config.write_text(config.read_text().replace('ocsp_key = "keys/ocsp.pem"', ""))

    with pytest.raises(ConfigurationError, match="ocsp_key"):
        responder(Installation.open(tmp_path), database)


def test_key_that_cannot_be_used_is_said(database: Database, authority: CertificateAuthority, tmp_path: Path) -> None:
    """Here: a certificate that has expired."""
    installed = install(tmp_path, database, authority, lifetime=timedelta(seconds=-1))

    with pytest.raises(UnusableKey, match="not now"):
        responder(installed.installation, database)


def test_empty_database_is_said(database: Database, authority: CertificateAuthority, tmp_path: Path) -> None:
    """A database that `init` never saw."""
    installed = install(tmp_path, database, authority)

    with Database(f"sqlite:///{tmp_path}/other.db") as other, pytest.raises(StoreError, match="init"):
        responder(installed.installation, other)


def test_requestors_are_read_from_the_installations_folder(
    database: Database, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """RFC 6960 section 2.3: where the setting names a file, unsigned questions are told to be signed."""
    installed = install(tmp_path, database, authority, settings='requestors = "keys/requestors.pem"')
    with pytest.raises(ConfigurationError, match=r"\[ocsp\] requestors: .*keys/requestors.pem cannot be read"):
        responder(installed.installation, database)
    (tmp_path / "keys" / "requestors.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    client = responder(installed.installation, database).test_client()

    response = client.post("/ocsp", data=messages.asked(installed.issuer, 5), content_type="application/ocsp-request")

    assert response.data == answers.SIG_REQUIRED


@pytest.mark.parametrize(("setting", "watched"), [("", False), ("revoked_issuer = true", True)])
def test_issuers_are_watched_where_a_setting_says_so(
    database: Database, authority: CertificateAuthority, tmp_path: Path, setting: str, *, watched: bool
) -> None:
    """RFC 6960 section 2.7: only then is an issuer's own certificate looked up."""
    installed = install(tmp_path, database, authority, settings=setting)
    below = Subordinate("Sub CA", authority)
    with database.write() as connection:
        child = add_issuer(connection, name="sub", certificate=below.certificate, is_default=False, clock=SystemClock())

    found = issuer_parents(installed.installation.section(OcspSettings), database)

    assert found == ({child.id: (installed.issuer.id, below.certificate.serial_number)} if watched else {})
