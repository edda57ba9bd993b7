"""Asking a responder, as a relying party does: `pki-revocation ocsp`."""
