"""OCSPRequest and the extensions of requests, as RFC 6960 sections 4.1.1 and 4.4 declare them.

The version is not declared: it could only say v1, and DER leaves a default out (X.690 section 11.5), so that a request
with one is of another version. Lists are declared without SIZE, because that bounds what is accepted and not what is
read: the library counts when it has read them all. The longest that fit into a body cost 7 ms, a third of what a
hundred CertIDs with everything that they may have cost before (RFC 9919 section 8.4).
"""

from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from pki_revocation.encoding.declared import Identifier


@asn1.sequence
class Extension:
    """Extension (RFC 5280 section 4.1)."""

    oid: x509.ObjectIdentifier
    critical: Annotated[bool, asn1.Default(value=False)]
    value: bytes


@asn1.sequence
class HashAlgorithm:
    """AlgorithmIdentifier of a hash: SHA-1's parameters are NULL and SHA-2's absent, and clients send either with both.

    RFC 5754 section 2.
    """

    oid: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class CertIdFields:
    """CertID (RFC 6960 section 4.1.1)."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int


@asn1.sequence
class SingleRequest:
    """Request; *cert_id* is a `CertIdFields`, whose octets the answer repeats."""

    cert_id: asn1.TLV
    extensions: Annotated[list[Extension] | None, asn1.Explicit(0)]


@asn1.sequence
class TbsRequest:
    """TBSRequest.

    *requestor_name* is [1] EXPLICIT GeneralName, which has the encoding of an implicitly tagged list of one value: the
    library has no word for an ANY that may be absent.
    """

    requestor_name: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    requests: list[SingleRequest]
    extensions: Annotated[list[Extension] | None, asn1.Explicit(2)]


@asn1.sequence
class Signature:
    """Signature; *certificates* are values that may be some."""

    algorithm: Identifier
    bits: asn1.BitString
    certificates: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)]


@asn1.sequence
class Message:
    """OCSPRequest; *tbs_request* is a `TbsRequest`, whose octets may be signed."""

    tbs_request: asn1.TLV
    signature: Annotated[Signature | None, asn1.Explicit(0)]


@asn1.sequence
class AcceptableResponses:
    """RFC 6960 section 4.4.3, in a SEQUENCE of its own: the library reads no list that is not in one."""

    oids: list[x509.ObjectIdentifier]


@asn1.sequence
class PreferredSignatureAlgorithm:
    """RFC 6960 section 4.4.7.1."""

    algorithm: Identifier
    key: Identifier | None


@asn1.sequence
class PreferredSignatureAlgorithms:
    """The list of them, in a SEQUENCE of its own as well."""

    algorithms: list[PreferredSignatureAlgorithm]


@asn1.sequence
class AccessDescription:
    """RFC 5280 section 4.2.2.1; *location* is a GeneralName."""

    method: x509.ObjectIdentifier
    location: asn1.TLV


@asn1.sequence
class ServiceLocator:
    """RFC 6960 section 4.4.6; *issuer* is a Name."""

    issuer: list[asn1.SetOf[asn1.TLV]]
    locator: list[AccessDescription] | None
