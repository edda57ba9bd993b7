"""What failures are counted by: the same in every worker and version, or they would not count each other's."""

import hashlib
import hmac

from pki_revocation.codes import Pepper
from pki_revocation.rate_limiting.bucket_keys import BucketKeyDeriver
from pki_revocation.rate_limiting.client_address import ClientAddress


def test_keys_are_digests_under_a_key_of_their_own() -> None:
    """HMAC-SHA-256 of kind and value, cut to sixteen octets; an IPv6 source by its /64."""
    pepper = Pepper.generate()
    key = pepper.derive("what failed attempts are counted by")

    def digest(text: bytes) -> bytes:
        return hmac.digest(key, text, hashlib.sha256)[:16]

    found = BucketKeyDeriver(pepper).of("123456789012", ClientAddress.of("2001:db8::7"))

    assert found.source == digest(b"source:2001:db8::/64")
    assert found.number_and_source == digest(b"pair:123456789012 2001:db8::/64")
    assert found.number == digest(b"number:123456789012")
    assert found.overall == digest(b"everybody:")
    assert found.in_order() == sorted([found.source, found.number_and_source, found.number, found.overall])
