"""A time-stamp response, read and checked (RFC 3161 section 2.4.2): over which octets, since when, by whose word."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509

from pki_revocation.encoding.der import DerError
from pki_revocation.host.extras import require_extra

from .set_order import in_order

if TYPE_CHECKING:
    import rfc3161_client as tsp

# A response with its certificates is 3 to 8 KB.
LARGEST = 64 * 1024
_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStamp:
    """A response that is what it should be: *response* in DER, made at *stamped_at*, under the root *anchor*."""

    response: bytes = field(repr=False)
    stamped_at: datetime
    anchor: x509.Certificate


def checked_stamp(
    response: bytes, octets: bytes, anchors: Sequence[x509.Certificate], *, nonce: int | None = None
) -> CheckedStamp:
    """Check a response over *octets* against roots, as of the moment of stamping.

    Args:
        response: the TimeStampResp in DER, or anything else.
        octets: what was to be stamped.
        anchors: the roots; one of them must stand above the signer.
        nonce: that of the request, where the response is one to a request of ours.

    Raises:
        ValueError: with half a sentence, for anything else than a good stamp over these octets.
    """
    require_extra("signatures", "Checking a time stamp")
    import rfc3161_client as tsp  # noqa: PLC0415 - brings an OpenSSL of its own, for what few ask for

    read = _decoded(response)
    try:
        # PKIStatus 0 is 'granted', 1 'with modifications', which nobody asked for.
        if read.status != 0:
            raise ValueError(f"no stamp was granted: {_words(read.status, read.status_string)}")
        digest = _HASHES.get(read.tst_info.message_imprint.hash_algorithm.dotted_string)
        if digest is None:
            raise ValueError("it uses a hash that is not accepted")
        if read.tst_info.message_imprint.message != hashlib.new(digest, octets).digest():
            raise ValueError("it is a stamp over something else")
        if nonce is not None and read.tst_info.nonce != nonce:
            raise ValueError("it answers another request")
        for anchor in anchors:
            verifier = tsp.VerifierBuilder(roots=[anchor]).build()
            try:
                verifier.verify_message(read, octets)
            except tsp.VerificationError:
                continue
            stamped_at = read.tst_info.gen_time.astimezone(UTC).replace(microsecond=0)
            return CheckedStamp(response=response, stamped_at=stamped_at, anchor=anchor)
    except (TypeError, OverflowError, AttributeError) as error:
        # What the library raises for a response without a token, or with odd fields.
        raise ValueError("it is no time-stamp response that can be read") from error
    raise ValueError("it does not lead to a root that is trusted")


def _decoded(response: bytes) -> "tsp.TimeStampResponse":
    import rfc3161_client as tsp  # noqa: PLC0415 - as above

    try:
        return tsp.decode_timestamp_response(response)
    except ValueError:
        pass
    try:
        return tsp.decode_timestamp_response(in_order(response))
    except (ValueError, DerError) as error:
        raise ValueError("it is no time-stamp response") from error


def _words(status: int, said: Sequence[str]) -> str:
    words = " ".join(said).strip()
    return f"status {status}" + (f", {words[:200]!r}" if words else "")
