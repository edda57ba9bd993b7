"""Signing identities: what does not belong together, or may not sign, cannot become one."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from keys.algorithms import SignatureName, algorithm_for
from keys.delegation.certificate import issue_delegate
from keys.demo.hierarchy import self_signed
from keys.errors import UnusableKey
from keys.files.file_key import KEY_TYPES, load_key, save_key
from keys.identity import Purpose, SigningIdentity, identify, public_key_bits
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

pytestmark = pytest.mark.usefixtures("light_key_files")

_TOO_SMALL = 1024
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@pytest.fixture
def authority_identity(authority: CertificateAuthority, clock: FakeClock) -> SigningIdentity:
    """The CA's own identity."""
    certificate = authority.certificate
    return identify(authority.key, certificate, Purpose.CRL, issuer=certificate, now=clock.now())


@pytest.mark.parametrize("key_type", [*KEY_TYPES])
def test_every_key_type_signs_in_parts_what_verifies_whole(key_type: str) -> None:
    """Hashed as it comes or signed whole: the signature is over the parts as if they were one."""
    key = KEY_TYPES[key_type]()
    algorithm = algorithm_for(key.public_key())
    signature = algorithm.sign(key, [b"one", b"", b"two"])

    algorithm.verify(key.public_key(), signature, [b"onetwo"])
    with pytest.raises(InvalidSignature):
        algorithm.verify(key.public_key(), signature, [b"onetwo", b"!"])


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP521R1()), rsa.generate_private_key(65537, _TOO_SMALL)])
def test_keys_outside_the_table_are_refused(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    """RSA below 2048 bits (BR 6.1.5), and curves that nobody asked for."""
    with pytest.raises(UnusableKey):
        algorithm_for(key.public_key())


def test_key_and_certificate_must_match(authority: CertificateAuthority, clock: FakeClock) -> None:
    """Another key beside the CA's certificate is no identity."""
    certificate = authority.certificate
    with pytest.raises(UnusableKey, match="does not belong"):
        identify(ec.generate_private_key(ec.SECP256R1()), certificate, Purpose.CRL, issuer=certificate, now=clock.now())


@pytest.mark.parametrize("days", [-400, 4000])
def test_certificate_must_be_valid_now(authority: CertificateAuthority, clock: FakeClock, days: int) -> None:
    """Neither before its notBefore nor after its notAfter."""
    certificate = authority.certificate
    now = clock.now() + timedelta(days=days)
    with pytest.raises(UnusableKey, match="not now"):
        identify(authority.key, certificate, Purpose.CRL, issuer=certificate, now=now)


def test_delegate_signs_ocsp_and_no_crl(authority: CertificateAuthority, clock: FakeClock) -> None:
    """CRLs are the CA's own to sign (RFC 5280 section 6.3.3 (f)); there are no indirect ones."""
    key, certificate = authority.delegate(clock.now())
    identity = identify(key, certificate, Purpose.OCSP, issuer=authority.certificate, now=clock.now())

    assert identity.purpose is Purpose.OCSP
    with pytest.raises(UnusableKey, match="signed by the CA"):
        identify(key, certificate, Purpose.CRL, issuer=authority.certificate, now=clock.now())


def test_delegate_of_another_ca_is_refused(authority: CertificateAuthority, clock: FakeClock) -> None:
    """The certificate must be issued by the very CA that the answers are about (RFC 6960 section 4.2.2.2)."""
    key, certificate = CertificateAuthority("Demo Zorgverzekeraars CA").delegate(clock.now())
    with pytest.raises(UnusableKey, match="was not issued by"):
        identify(key, certificate, Purpose.OCSP, issuer=authority.certificate, now=clock.now())


def test_server_certificate_is_no_ocsp_signer(authority: CertificateAuthority, clock: FakeClock) -> None:
    """Without OCSPSigning and nocheck nothing is delegated (BR 7.1.2.8)."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority.issue("Zorg BV", clock.now(), key=key)
    with pytest.raises(UnusableKey):
        identify(key, certificate, Purpose.OCSP, issuer=authority.certificate, now=clock.now())


def test_issued_delegate_has_the_profile(authority_identity: SigningIdentity, clock: FakeClock) -> None:
    """OCSPSigning alone, nocheck, digitalSignature alone and critical, no CDP, no AIA, no SAN (BR 7.1.2.8)."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = clock.now()
    certificate = issue_delegate(authority_identity, key.public_key(), now=now, lifetime=timedelta(days=14))
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage)

    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert extensions.get_extension_for_class(x509.OCSPNoCheck).value.public_bytes() == b"\x05\x00"
    assert usage.critical
    assert usage.value.digital_signature
    assert not any((usage.value.key_cert_sign, usage.value.crl_sign))
    present = {extension.oid for extension in extensions}
    assert not present & {
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
    assert certificate.not_valid_after_utc == now + timedelta(days=14)
    certificate.verify_directly_issued_by(authority_identity.certificate)


def test_delegate_does_not_outlive_its_ca(authority_identity: SigningIdentity, clock: FakeClock) -> None:
    """Its notAfter is the CA's where that comes first."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = issue_delegate(authority_identity, key.public_key(), now=clock.now(), lifetime=timedelta(days=36_500))

    assert certificate.not_valid_after_utc == authority_identity.certificate.not_valid_after_utc


def test_key_hash_is_what_responder_ids_carry(
    authority: CertificateAuthority, authority_identity: SigningIdentity
) -> None:
    """SHA-1 over the key's bits, as another implementation computes the subject key identifier (RFC 6960 4.2.2.3)."""
    public = authority.key.public_key()

    assert authority_identity.key_hash == x509.SubjectKeyIdentifier.from_public_key(public).digest
    assert public_key_bits(authority.certificate) == public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@pytest.mark.parametrize("name", list(SignatureName))
def test_rsa_identity_keeps_to_one_scheme(clock: FakeClock, name: SignatureName) -> None:
    """What it is set to comes first, the same scheme with other hashes follows, and the other scheme is not there."""
    key = KEY_TYPES["rsa2048"]()
    certificate, now = self_signed(key, clock.now(), name), clock.now()
    made = identify(key, certificate, Purpose.CRL, issuer=certificate, now=now, signature=name)

    assert made.algorithms[0] is made.algorithm is algorithm_for(key.public_key(), name)
    assert len(made.algorithms) == 3
    assert {each.scheme for each in made.algorithms} == {made.algorithm.scheme}
    made.algorithm.verify(key.public_key(), made.sign_stream(iter([b"one", b"two"])), [b"onetwo"])
    made.algorithm.verify(key.public_key(), made.sign(b"one", b"two"), [b"onetwo"])


def test_ca_that_may_not_issue_makes_no_delegate(clock: FakeClock) -> None:
    """RFC 5280 section 4.2.1.3: keyCertSign is what lets a key sign certificates; cRLSign is not enough."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(**dict.fromkeys(_USAGES, False) | {"crl_sign": True})
    now, name = clock.now(), x509.Name.from_rfc4514_string("CN=CRLs alone")
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = identify(key, certificate, Purpose.CRL, issuer=certificate, now=now)
    with pytest.raises(UnusableKey, match="lacks keyCertSign"):
        issue_delegate(authority, key.public_key(), now=now, lifetime=timedelta(days=14))


def test_private_key_is_never_shown(authority_identity: SigningIdentity) -> None:
    """An identity in a log shows its certificate, not its key."""
    assert "PrivateKey" not in repr(authority_identity)


@pytest.mark.parametrize("key_type", [*KEY_TYPES])
def test_encrypted_key_files_come_back(tmp_path: Path, key_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the passphrase from the environment, and only with the right one."""
    key, path = KEY_TYPES[key_type](), tmp_path / "issuing.key"
    save_key(key, path, "open sesame")
    with pytest.raises(UnusableKey, match="PKI_REVOCATION_PASSPHRASE_ISSUING"):
        load_key(path, unencrypted=True)
    monkeypatch.setenv("PKI_REVOCATION_PASSPHRASE_ISSUING", "wrong")
    with pytest.raises(UnusableKey, match="passphrase right") as refused:
        load_key(path, unencrypted=False)
    assert "wrong" not in str(refused.value)
    monkeypatch.setenv("PKI_REVOCATION_PASSPHRASE_ISSUING", "open sesame")

    loaded = load_key(path, unencrypted=False)

    assert loaded.public_key() == key.public_key()
    assert path.stat().st_mode & 0o777 == 0o600


def test_plain_key_file_needs_a_setting_and_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An unencrypted key is refused unless the configuration says that it is meant, and the log warns once of a file.

    A service that cannot begin yet looks each second; a file that was exchanged is warned of again.
    """
    path = tmp_path / "issuing.key"
    save_key(KEY_TYPES["p256"](), path)
    with pytest.raises(UnusableKey, match="not encrypted"):
        load_key(path, unencrypted=False)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            load_key(path, unencrypted=True)
        assert caplog.text.count("without a passphrase") == 1
        path.unlink()
        save_key(KEY_TYPES["p384"](), path)
        load_key(path, unencrypted=True)

    assert caplog.text.count("without a passphrase") == 2


def test_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Group and others have no business with it."""
    path = tmp_path / "issuing.key"
    save_key(KEY_TYPES["p256"](), path)
    path.chmod(0o640)
    with pytest.raises(Exception, match="chmod 600"):
        load_key(path, unencrypted=True)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    """A file that is there stays."""
    path = tmp_path / "issuing.key"
    save_key(KEY_TYPES["p256"](), path)
    with pytest.raises(UnusableKey, match="never overwritten"):
        save_key(KEY_TYPES["p256"](), path)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_broken_key_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    """And so is a missing one."""
    path = tmp_path / "issuing.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UnusableKey, match="cannot be opened"):
        load_key(path, unencrypted=True)
    with pytest.raises(UnusableKey, match="cannot be read"):
        load_key(tmp_path / "none.key", unencrypted=True)
