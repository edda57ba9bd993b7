"""`pki-revocation demo`: a real hierarchy and every service, in one folder, to try the product on.

It lives in this package because it issues certificates with a CA's key; the services that it starts are the same
processes that production runs.
"""
