"""What is counted of an import, of each batch and of all of them alike."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """How much went in, and how much of what was registered already the import brought something new of.

    *added* is everything that went in: *revoked* and *expired* of it got no number, *numbered* got one; the rest are
    certificates of CAs and of OCSP responders. *reasons_left_out* of those revoked went in without the reason that
    their source gives, which BR 7.2.2 forbids for subscribers' certificates. *completed* were registered already
    without their certificates, *revoked_since* as not revoked. *agreed* are words that say once more what stands here,
    or in the same import. *lifted* are bars that a final revocation took away. *compromised* are live, and have keys
    that are known to be compromised.
    """

    added: int = 0
    revoked: int = 0
    expired: int = 0
    numbered: int = 0
    reasons_left_out: int = 0
    completed: int = 0
    revoked_since: int = 0
    agreed: int = 0
    lifted: int = 0
    compromised: int = 0

    @property
    def taken(self) -> int:
        """How much of what was read is in the register now, whether it went in just now or not."""
        return self.added + self.completed + self.revoked_since + self.agreed

    def sums_with(self, other: "ImportCounts") -> dict[str, int]:
        """The sums of both, by name."""
        names = [each.name for each in fields(ImportCounts)]
        return {name: getattr(self, name) + getattr(other, name) for name in names}
