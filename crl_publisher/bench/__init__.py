"""`pki-revocation bench crl`: what CRLs of many entries cost on the operator's machine.

`register` makes certificates and revocations by the million in a folder of its own, `trial` publishes them in a process
of its own and says what that cost, `command` puts both together.
"""
