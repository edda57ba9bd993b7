"""A JWS in flattened JSON whose key stands in its own protected header, as RFC 8555 has it (6.2 and 7.6).

Read strictly, because two readers that understand one proof in two ways are an attack: no member twice, none that is
not known, no unprotected header, no padding, no `crit`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pki_revocation.encoding.json_document import MalformedDocument, UnfitDocument, read_members

from .json_web_key import ALGORITHMS, PublicKey, from_base64url, is_signature, public_key_of
from .proven_key import MalformedProof, ProofRefused

_MEMBERS = ("payload", "protected", "signature")
_HEADER = ("alg", "jwk", "kid", "nonce", "url", "typ")
_ADVICE = "a JWS in flattened JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMessage:
    """What a JWS says, its signature verified by the key in its own header; *nonce* is None where it has none."""

    url: str
    nonce: str | None
    payload: bytes = field(repr=False)
    key: PublicKey


def read_signed_message(body: bytes) -> SignedMessage:
    """The message of a JWS, after its signature was verified.

    Raises:
        MalformedProof: when it is no JWS of this form.
        PrivateKeySent: when its jwk is a private key.
        ProofRefused: when the key in its header did not sign it, or it names an account in the place of a key.
    """
    members = _object(body, _MEMBERS, "The body")
    if missing := [name for name in _MEMBERS if not isinstance(members.get(name), str)]:
        raise MalformedProof(f"The JWS lacks {' and '.join(missing)}: send {_ADVICE}, with {', '.join(_MEMBERS)}.")
    protected = _object(from_base64url(members["protected"], "The protected header"), _HEADER, "The protected header")
    if "kid" in protected:
        raise ProofRefused(
            "The JWS is signed by an account, and there are none here: sign it with the certificate's own key, and put "
            "that key's public half into the protected header as jwk."
        )
    key = public_key_of(protected.get("jwk"))
    algorithm, url, nonce = protected.get("alg"), protected.get("url"), protected.get("nonce")
    if algorithm not in ALGORITHMS:
        raise MalformedProof(f"The JWS has no alg of {', '.join(ALGORITHMS)}.")
    if not isinstance(url, str) or not isinstance(nonce, str | None):
        raise MalformedProof("The protected header's url is missing, or it or the nonce is no string.")
    payload = from_base64url(members["payload"], "The payload")
    signature = from_base64url(members["signature"], "The signature")
    # RFC 7515 section 5.1: what is signed are the texts as they stand there.
    signed = f"{members['protected']}.{members['payload']}".encode()
    if not is_signature(key, algorithm, signature, signed):
        raise ProofRefused("The signature was not made by the private half of the key in the header, or not with alg.")
    return SignedMessage(url=url, nonce=nonce, payload=payload, key=key)


def members_of(payload: bytes, known: tuple[str, ...]) -> Mapping[str, Any]:
    """The members of the JSON object that a payload is.

    Raises:
        MalformedProof: when it is none, or has members that are not *known*.
    """
    return _object(payload, known, "The payload")


def compact_json(members: Mapping[str, object]) -> bytes:
    """JSON without blanks, as it is put into a JWS."""
    return json.dumps(members, separators=(",", ":")).encode()


def _object(octets: bytes, known: tuple[str, ...], what: str) -> dict[str, Any]:
    try:
        return read_members(octets, known, _ADVICE)
    except (MalformedDocument, UnfitDocument) as error:
        raise MalformedProof(str(error).replace("The body", what).replace("the body", what.lower())) from None
