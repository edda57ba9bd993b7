"""Signing identities: a private key wherever it lives, its certificate, its algorithm and its purpose.

Code only: no key file is ever kept in this folder. `algorithms` is the table of what is allowed, `files` and `pkcs11`
load keys, `identity` ties key and certificate together, `keyring` finds the one for an issuer and a purpose,
`delegation` issues OCSP signing certificates, and `demo` makes a whole hierarchy to try the product on.
"""
