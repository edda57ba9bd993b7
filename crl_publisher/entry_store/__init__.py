"""Entries that were made once for each revocation, kept so that a CRL is joined instead of encoded anew."""
