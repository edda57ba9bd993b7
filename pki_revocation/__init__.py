"""The core: numbers and codes, the append-only journal, and the pages and commands that revoke.

It imports none of the packages above it (`keys`, `crl_publisher`, `ocsp_responder`), so the service that faces the
internet runs without a key. From the bottom up: `errors`, `clock`, `reasons`, `model`, `encoding`; `database`;
`journal` and `audit`; `register` and `service`; then `importing`, `documents`, `web`, `console` and `cli`.
"""
