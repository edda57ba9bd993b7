"""The keyring: which identity an installation configures for which issuer."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from keys.config import KeySettings
from keys.errors import UnusableKey
from keys.file_key import save_key
from keys.identity import Purpose
from keys.keyring import Keyring
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority


@pytest.fixture
def known(authority: CertificateAuthority) -> Issuer:
    """The authority as a registered issuer."""
    return Issuer(id=1, name="issuing", certificate_der=authority.certificate.public_bytes(Encoding.DER))


def _keyring(tmp_path: Path, clock: FakeClock, settings: KeySettings) -> Keyring:
    return Keyring(settings={"issuing": settings}, directory=tmp_path, clock=clock)


def test_identities_by_purpose(
    tmp_path: Path, clock: FakeClock, authority: CertificateAuthority, known: Issuer
) -> None:
    """The CA's own for CRLs, the delegated pair for OCSP."""
    key, certificate = authority.delegate(clock.now())
    save_key(authority.key, tmp_path / "ca.key")
    save_key(key, tmp_path / "ocsp.key")
    (tmp_path / "ocsp.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    keyring = _keyring(
        tmp_path,
        clock,
        KeySettings(crl_key="ca.key", ocsp_key="ocsp.key", ocsp_certificate=Path("ocsp.pem"), unencrypted=True),
    )

    assert keyring.crl_identity(known).certificate == authority.certificate
    assert keyring.ocsp_identity(known).certificate == certificate
    assert keyring.signs_crls_for(known)
    assert keyring.answers_ocsp_for(known)


def test_ca_answers_itself_where_no_certificate_is_named(
    tmp_path: Path, clock: FakeClock, authority: CertificateAuthority, known: Issuer
) -> None:
    """An OCSP key without a certificate beside it is the CA's own."""
    save_key(authority.key, tmp_path / "ca.key")
    keyring = _keyring(tmp_path, clock, KeySettings(ocsp_key="ca.key", unencrypted=True))

    assert keyring.ocsp_identity(known).certificate == authority.certificate
    assert keyring.ocsp_identity(known).purpose is Purpose.OCSP
    assert not keyring.signs_crls_for(known)


def test_missing_configuration_is_named(tmp_path: Path, clock: FakeClock, known: Issuer) -> None:
    """Which section, and which setting in it."""
    with pytest.raises(UnusableKey, match=r"no \[keys\.issuing\]"):
        Keyring(settings={}, directory=tmp_path, clock=clock).crl_identity(known)
    with pytest.raises(UnusableKey, match="names no crl_key"):
        _keyring(tmp_path, clock, KeySettings()).crl_identity(known)
    with pytest.raises(UnusableKey, match="names no ocsp_key"):
        _keyring(tmp_path, clock, KeySettings()).ocsp_identity(known)
