"""A JWS proves that its signer has a key: made by another library, verified here, and nothing else is a proof."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws

from pki_revocation.encoding.possession.json_web_key import from_base64url, to_base64url
from pki_revocation.encoding.possession.jws_proof import AHEAD, LIFETIME, jws_proof
from pki_revocation.encoding.possession.making import NoSuchProof, make_jws_proof
from pki_revocation.encoding.possession.proven_key import MalformedProof, PrivateKeySent, ProofKind, ProofRefused
from tests.key_proofs import URL, joserfc_key, key_of, said, signed, spki

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
ALGORITHMS = [
    *(("rsa2048", f"{kind}{bits}") for kind in ("RS", "PS") for bits in (256, 384, 512)),
    ("p256", "ES256"),
    ("p384", "ES384"),
    ("p521", "ES512"),
    ("ed25519", "Ed25519"),
    ("ed448", "Ed448"),
]


@pytest.mark.parametrize(("kind", "algorithm"), ALGORITHMS)
def test_what_another_library_signs_proves_its_key(kind: str, algorithm: str) -> None:
    """Every algorithm of RFC 7518 and RFC 9864 for keys that certificates have; the key is known by its SPKI."""
    proof = signed(key_of(kind), algorithm, said(NOW))

    proven = jws_proof(proof, URL, NOW)

    assert (proven.public_key, proven.kind, proven.evidence) == (spki(key_of(kind)), ProofKind.JWS, proof)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "p521", "ed25519", "ed448"])
def test_what_we_sign_another_library_verifies(kind: str) -> None:
    """And we ourselves: one and the same proof."""
    key = key_of(kind)
    proof = make_jws_proof(key, URL, NOW)

    algorithm = json.loads(from_base64url(json.loads(proof)["protected"], "header"))["alg"]
    if algorithm != "EdDSA":
        # joserfc warns of RFC 8037's name for it, which clients know best.
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        registry.max_header_length = 8192
        jws.deserialize_json(json.loads(proof), joserfc_key(key), registry=registry)
    assert jws_proof(proof, URL, NOW).public_key == spki(key)


def test_key_without_an_algorithm_has_the_other_proof() -> None:
    """JWS knows no ML-DSA yet."""
    with pytest.raises(NoSuchProof, match="--csr"):
        make_jws_proof(key_of("mldsa65"), URL, NOW)


def test_weak_key_proves_itself() -> None:
    """Weak keys are compromised first: a proof by one counts."""
    key = rsa.generate_private_key(3, 1024)  # noqa: S505 - that is the matter

    assert jws_proof(make_jws_proof(key, URL, NOW), URL, NOW).public_key == spki(key)


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        (timedelta(0), True),
        (LIFETIME, True),
        (LIFETIME + timedelta(seconds=1), False),
        (-AHEAD, True),
        (-AHEAD - timedelta(seconds=1), False),
    ],
)
def test_proof_gets_old(age: timedelta, *, counts: bool) -> None:
    """To the second: half an hour, and five minutes for clocks that differ."""
    proof = make_jws_proof(key_of("p256"), URL, NOW - age)
    if counts:
        jws_proof(proof, URL, NOW)
        return
    with pytest.raises(ProofRefused, match="30 minutes"):
        jws_proof(proof, URL, NOW)


KEY = key_of("p256")
OTHER = joserfc_key(key_of("p384")).as_dict(private=False)
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another address": (lambda: signed(KEY, "ES256", said(NOW), url=f"{URL}/"), "url must be"),
    "another purpose": (lambda: signed(KEY, "ES256", said(NOW, purpose="x")), "purpose must be"),
    "no purpose": (lambda: signed(KEY, "ES256", {"iat": int(NOW.timestamp())}), "purpose must be"),
    "an account": (lambda: signed(KEY, "ES256", said(NOW), kid="https://ca.example/acct/1"), "signed by an account"),
    "iat far away": (lambda: signed(KEY, "ES256", said(NOW, iat=10**30)), "30 minutes"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_was_signed_for_something_else_is_no_proof(what: str) -> None:
    """Purpose, address and time are in what is signed."""
    make, says = REFUSED[what]
    with pytest.raises(ProofRefused, match=says):
        jws_proof(make(), URL, NOW)


def changed(**members: object) -> bytes:
    """A good proof with other members, or without those that are None."""
    proof = json.loads(signed(KEY, "ES256", said(NOW))) | members
    return json.dumps({name: value for name, value in proof.items() if value is not None}).encode()


def with_header(**header: object) -> bytes:
    """A good proof with another header, and the signature as it was."""
    proof = json.loads(signed(KEY, "ES256", said(NOW)))
    protected = json.loads(from_base64url(proof["protected"], "header")) | header
    return json.dumps(proof | {"protected": to_base64url(json.dumps(protected).encode())}).encode()


def test_signature_covers_all(subtests: pytest.Subtests) -> None:
    """A signature of another key, with another algorithm, over another payload, or of another length proves nothing."""
    own = json.loads(from_base64url(json.loads(changed())["protected"], "header"))["jwk"]
    forged = {
        "another key": with_header(jwk={name: value for name, value in OTHER.items() if name != "kid"}),
        "an algorithm of another curve": with_header(alg="ES384"),
        "an algorithm of another kind": with_header(alg="RS256"),
        "another payload": changed(payload=to_base64url(json.dumps(said(NOW, reason="x")).encode())),
        "a cut signature": changed(
            signature=to_base64url(from_base64url(json.loads(changed())["signature"], "It")[:-4])
        ),
        "no signature": changed(signature=""),
        "a zero signature": changed(signature=to_base64url(bytes(64))),
        "blanks in the header": with_header(jwk=own),
    }
    for what, proof in forged.items():
        with subtests.test(what), pytest.raises(ProofRefused, match="signature was not made"):
            jws_proof(proof, URL, NOW)


MALFORMED = {
    "nothing": b"",
    "no JSON": b"eyJ.eyJ.abc",
    "an array": b"[]",
    "a member twice": b'{"payload":"","payload":"","protected":"","signature":""}',
    "an unprotected header": changed(header={"kid": "1"}),
    "many signatures": changed(signatures=[]),
    "no payload": changed(payload=None),
    "a payload of numbers": changed(payload=1),
    "padding": changed(payload=json.loads(changed())["payload"] + "="),
    "a blank in base64": changed(signature=" " + json.loads(changed())["signature"]),
    "bits behind the last octet": changed(signature="AB"),
    "a header that is no object": changed(protected=to_base64url(b"1")),
    "crit": with_header(crit=["b64"], b64=False),
    "alg none": with_header(alg="none"),
    "alg HS256": with_header(alg="HS256"),
    "no url": with_header(url=None),
    "a nonce that is no string": with_header(nonce=1),
    "no jwk": with_header(jwk=None),
    "a jwk of nothing": with_header(jwk={}),
    "a secret key's kty": with_header(jwk={"kty": "oct"}),
    "an unknown curve": with_header(jwk={"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
    "an unknown Edwards curve": with_header(jwk={"kty": "OKP", "crv": "X25519", "x": "AA"}),
    "no point of the curve": with_header(jwk={"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}),
    "short coordinates": with_header(jwk={"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
    "an even exponent": with_header(jwk={"kty": "RSA", "n": "A" * 342, "e": "Ag"}),
    "a modulus of 20,000 bits": with_header(jwk={"kty": "RSA", "n": "_" * 3334, "e": "AQAB"}),
    "no iat": signed(KEY, "ES256", {"purpose": "revoke-for-key-compromise"}),
    "a text as iat": signed(KEY, "ES256", said(NOW, iat="2026")),
    "true as iat": signed(KEY, "ES256", said(NOW, iat=True)),
    "an unknown member": signed(KEY, "ES256", said(NOW, undo=True)),
    "a payload that is no JSON": signed(KEY, "ES256", b"revoke"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_of_another_form_is_said_to_be(what: str) -> None:
    """One sentence, and never an error of Python's."""
    with pytest.raises(MalformedProof, match=r"\.$"):
        jws_proof(MALFORMED[what], URL, NOW)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "ed25519"])
def test_private_key_in_the_header_is_refused_as_such(kind: str) -> None:
    """It must never be sent, and the sentence repeats nothing of it."""
    jwk = joserfc_key(key_of(kind)).as_dict(private=True)
    proof = with_header(jwk=jwk)

    with pytest.raises(PrivateKeySent, match="must never be sent") as refused:
        jws_proof(proof, URL, NOW)
    assert str(jwk["d"])[:10] not in str(refused.value)


def test_base64url_has_one_way_to_write_octets() -> None:
    """What Python's own decoder would take is refused: two texts for one proof would be two proofs."""
    for octets in (b"", b"a", b"ab", b"abc", bytes(range(256))):
        text = to_base64url(octets)
        assert from_base64url(text, "It") == octets
        assert text == base64.urlsafe_b64encode(octets).decode().rstrip("=")
    for other in ("A", "A=", "AB==", "+/+/", "A A", "é", None, 7):
        with pytest.raises(MalformedProof, match="It is not base64url"):
            from_base64url(other, "It")
