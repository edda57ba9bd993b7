"""A certification request proves its key when its subject says that it is a proof, and never when it asks for one."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pki_revocation.encoding.der import BIT_STRING, bit_string, object_identifier, sequence, tlv
from pki_revocation.encoding.possession.csr_proof import ATTESTATION, DISCLOSED, csr_proof
from pki_revocation.encoding.possession.making import make_csr_proof
from pki_revocation.encoding.possession.proven_key import MalformedProof, PrivateKeySent, ProofKind, ProofRefused
from tests.key_proofs import MAKERS, key_of, spki

KEY = ec.generate_private_key(ec.SECP256R1())


def request(*names: tuple[x509.ObjectIdentifier, str]) -> bytes:
    """A request with a subject of such names, in DER."""
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def openssl_request(folder: Path, subject: str, *options: str) -> bytes:
    """A request as the subscriber's own openssl makes it."""
    (folder / "key.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    command = ["openssl", "req", "-new", "-key", "key.pem", "-subj", subject, "-out", "proof.pem", *options]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return (folder / "proof.pem").read_bytes()


@pytest.mark.parametrize("kind", MAKERS)
def test_our_own_proof_counts(kind: str) -> None:
    """For each kind of key, post-quantum ones too; openssl and we read the same key."""
    pem = make_csr_proof(key_of(kind))

    proven = csr_proof(pem)

    assert (proven.public_key, proven.kind) == (spki(key_of(kind)), ProofKind.CSR)
    assert pem.startswith(b"-----BEGIN CERTIFICATE REQUEST-----")


@pytest.mark.parametrize("options", [[], ["-outform", "DER"], ["-sha512"]])
def test_openssl_makes_one(tmp_path: Path, options: list[str]) -> None:
    """With the one command that the page gives, in PEM or DER, with Windows line ends and words around it."""
    octets = openssl_request(tmp_path, f"/CN={ATTESTATION}", *options)

    assert csr_proof(octets).public_key == spki(KEY)
    if octets.startswith(b"-----BEGIN"):
        pasted = b"Dear register,\r\n" + octets.replace(b"\n", b"\r\n") + b"\r\n--\r\nme"
        assert csr_proof(pasted).public_key == spki(KEY)


def test_weak_digest_proves_nothing(tmp_path: Path) -> None:
    """What collides with a proof could be had signed for another purpose."""
    with pytest.raises(ProofRefused, match="MD5 or SHA-1"):
        csr_proof(openssl_request(tmp_path, f"/CN={ATTESTATION}", "-sha1"))


def with_common_name(text: str) -> bytes:
    """A signed request with a common name that may be longer than RFC 5280 lets it, as finders of keys make them."""
    name = sequence(tlv(0x31, sequence(object_identifier("2.5.4.3"), tlv(0x0C, text.encode()))))
    info = sequence(b"\x02\x01\x00", name, spki(KEY), tlv(0xA0))
    signature = KEY.sign(info, ec.ECDSA(hashes.SHA256()))
    return sequence(info, sequence(object_identifier("1.2.840.10045.4.3.2")), bit_string(signature))


@pytest.mark.parametrize("name", [DISCLOSED, ATTESTATION])
def test_both_names_of_the_field_count(name: str) -> None:
    """The first is longer than a common name may be, and is used all the same."""
    assert csr_proof(with_common_name(name)).public_key == spki(KEY)


@pytest.mark.parametrize(
    "octets",
    [
        request((NameOID.COMMON_NAME, "www.zorg.example")),
        request(),
        request((NameOID.ORGANIZATION_NAME, ATTESTATION)),
        request((NameOID.COMMON_NAME, ATTESTATION), (NameOID.ORGANIZATION_NAME, "Zorg")),
        request((NameOID.COMMON_NAME, ATTESTATION.lower())),
        with_common_name(f"{DISCLOSED} "),
    ],
)
def test_request_for_a_certificate_is_no_proof(octets: bytes) -> None:
    """Every subscriber sends one to a CA: whoever sees it there must not be able to revoke with it."""
    with pytest.raises(ProofRefused, match="asks for a certificate"):
        csr_proof(octets)


def test_signature_must_be_the_keys_own() -> None:
    """Another key's signature, or a changed subject, proves nothing."""
    good = with_common_name(ATTESTATION)
    other = spki(key_of("p384"))
    name = sequence(tlv(0x31, sequence(object_identifier("2.5.4.3"), tlv(0x0C, ATTESTATION.encode()))))
    stolen = sequence(
        sequence(b"\x02\x01\x00", name, other, tlv(0xA0)),
        sequence(object_identifier("1.2.840.10045.4.3.2")),
        tlv(BIT_STRING, b"\0" + good[-70:]),
    )
    for octets in (stolen, good.replace(ATTESTATION.encode(), ATTESTATION.upper().encode())):
        with pytest.raises(ProofRefused, match="not signed by the private half"):
            csr_proof(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"hello",
        b"\x30",
        b"\x30\x03\x02\x01\x00",
        with_common_name(ATTESTATION)[:-1],
        with_common_name(ATTESTATION) + b"\0",
        make_csr_proof(KEY) * 2,
        make_csr_proof(KEY).replace(b"M", b"*"),
        b"-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
        # An unknown curve: nothing here can verify by it.
        with_common_name(ATTESTATION).replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030199")),
    ],
)
def test_what_is_no_request_is_said_to_be(octets: bytes) -> None:
    """One sentence each."""
    with pytest.raises(MalformedProof, match=r"certification request"):
        csr_proof(octets)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_private_key_is_refused_as_such(form: PrivateFormat) -> None:
    """Also beside a good proof."""
    pem = KEY.private_bytes(Encoding.PEM, form, NoEncryption())
    for octets in (pem, make_csr_proof(KEY) + pem):
        with pytest.raises(PrivateKeySent):
            csr_proof(octets)
