"""Checks a receipt as a stranger would: without the register's database, against roots that the checker names.

`package` takes it apart, `path` leads from its CA to a root, `proofs` holds each attachment against the others,
`pdf_signature` looks at the file's own signature, `verdict` is what comes of it, and `process` does all of it in a
process that is bounded, for files that strangers send.
"""
