"""A register on each kind of database."""

from tests.pki_revocation.runtime.backup.registers import register, url

__all__ = ["register", "url"]
