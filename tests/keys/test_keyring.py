"""The keyring: which identity an installation configures for which issuer."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from keys.algorithms import SignatureName
from keys.config import KeySettings
from keys.demo.hierarchy import self_signed
from keys.errors import UnusableKey
from keys.files.file_key import KEY_TYPES, save_key
from keys.files.private_files import write_new
from keys.identity import Purpose
from keys.keyring import Keyring
from pki_revocation.config.sections import load_section
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

pytestmark = pytest.mark.usefixtures("light_key_files")


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


def test_settings_say_where_and_how(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase from the file that `crl_secret` names, whatever the environment says, and PSS by `crl_signature`."""
    key = KEY_TYPES["rsa2048"]()
    save_key(key, tmp_path / "ca.key", "open sesame")
    write_new(tmp_path / "passphrase", b"open sesame\n", "passphrase file")
    monkeypatch.setenv("PKI_REVOCATION_PASSPHRASE_CA", "another one")
    certificate = self_signed(key, clock.now(), SignatureName.PSS_SHA384)
    issuer = Issuer(id=1, name="issuing", certificate_der=certificate.public_bytes(Encoding.DER))
    settings = load_section(
        KeySettings,
        {"issuing": {"crl_key": "ca.key", "crl_secret": "file:passphrase", "crl_signature": "pss-sha384"}},
        "issuing",
    )

    assert _keyring(tmp_path, clock, settings).crl_identity(issuer).algorithm.name == "RSASSA-PSS with SHA-384"


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("crl_signature", "sha1", "none of pkcs1, pkcs1-sha384, pkcs1-sha512, pss, pss-sha384, pss-sha512"),
        ("sessions", 0, "may be 1 to 256"),
        ("session_wait", "2m", "may be 1s to 1m"),
    ],
)
def test_settings_out_of_bounds_are_refused(setting: str, value: object, says: str) -> None:
    """Each with what it may be."""
    with pytest.raises(ConfigurationError, match=says):
        load_section(KeySettings, {"issuing": {setting: value}}, "issuing")


def test_passphrase_or_pin_in_the_configuration_is_refused(tmp_path: Path, clock: FakeClock, known: Issuer) -> None:
    """Neither is repeated."""
    for settings in (
        KeySettings(crl_key="ca.key", crl_secret="open sesame"),
        KeySettings(crl_key="pkcs11:object=ca;pin-value=open%20sesame?module-path=/m.so"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            _keyring(tmp_path, clock, settings).crl_identity(known)
        assert "sesame" not in str(refused.value)
