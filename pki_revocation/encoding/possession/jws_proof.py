"""The proof that our own endpoint and page take: a JWS that says what it is for, to which address, and when.

A signature that the key made for anything else, a TLS handshake or a request to another CA among it, is no such proof:
purpose and address are signed. Freshness keeps an old proof from being found and sent years later; what a replay could
do within the minutes is nothing that was not done, because a revocation stands.
"""

from datetime import UTC, datetime, timedelta

from .json_web_key import spki_of
from .proven_key import MalformedProof, ProofKind, ProofRefused, ProvenKey
from .signed_json import members_of, read_signed_message

PURPOSE = "revoke-for-key-compromise"
ADDRESS = "/api/v1/revocations/by-key"
# Long enough to carry a file from a machine without a network to one that has it.
LIFETIME = timedelta(minutes=30)
# Clocks of servers that are set by nobody differ by minutes.
AHEAD = timedelta(minutes=5)
# A reason is taken and not heeded: whoever shows a key that should be secret shows that it is not.
_MEMBERS = ("purpose", "iat", "reason")


def jws_proof(body: bytes, url: str, now: datetime) -> ProvenKey:
    """The key that a JWS proves.

    Args:
        body: the JWS, in flattened JSON.
        url: the address that it must be made for.
        now: no older than `LIFETIME` before, and no newer than `AHEAD` after.

    Raises:
        MalformedProof: when it has another form.
        PrivateKeySent: when its jwk is a private key.
        ProofRefused: for a wrong signature, purpose or address, or one that is too old.
    """
    message = read_signed_message(body)
    if message.url != url:
        raise ProofRefused(f"The proof is made for another address: its url must be {url}.")
    members = members_of(message.payload, _MEMBERS)
    if members.get("purpose") != PURPOSE:
        raise ProofRefused(f"The proof is made for another purpose: the payload's purpose must be {PURPOSE!r}.")
    made = _moment(members.get("iat"))
    if made is None or not now - LIFETIME <= made <= now + AHEAD:
        raise ProofRefused(
            f"The proof was not made within the last {LIFETIME.seconds // 60} minutes, by its iat: make a new one, and "
            "look whether the clock of the machine that makes it is right."
        )
    return ProvenKey(public_key=spki_of(message.key), kind=ProofKind.JWS, evidence=body)


def _moment(seconds: object) -> datetime | None:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise MalformedProof("The payload's iat is missing, or no whole number of seconds since 1970.")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
