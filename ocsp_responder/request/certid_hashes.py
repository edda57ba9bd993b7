"""The hashes that a CertID may be made with, by the DER of their OBJECT IDENTIFIER.

RFC 9919 section 3.1.1: clients use SHA-256, and SHA-1 where they are old. It protects nothing here: a CertID is a name,
and a collision would only make two issuers of this very register look alike.
"""

from pki_revocation.encoding.der import object_identifier

HASHES = {
    object_identifier("1.3.14.3.2.26"): "sha1",
    object_identifier("2.16.840.1.101.3.4.2.1"): "sha256",
    object_identifier("2.16.840.1.101.3.4.2.2"): "sha384",
    object_identifier("2.16.840.1.101.3.4.2.3"): "sha512",
}
