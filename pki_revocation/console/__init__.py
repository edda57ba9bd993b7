"""The operators' page: a read-only overview of issuers, revocations and published CRLs.

`overview` asks the database, `app` shows it. It has no sign-in yet, and therefore listens on loopback alone.
"""
