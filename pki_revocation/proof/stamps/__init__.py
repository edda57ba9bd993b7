"""Time stamps over revocations, which another party makes (RFC 3161): a receipt then proves when it existed at least.

`settings` says whose they are, `answer` reads and checks one, `authority` asks for one, and `store` keeps them beside
the journal. The notifier's job `notification/stamping.py` gives one to each revocation after its commit.
"""
