"""The header fields that tell clients of limits: RateLimit-Policy and RateLimit.

As draft-ietf-httpapi-ratelimit-headers-11 has them, sections 3 and 4: Structured Field lists (RFC 9651), whose items
are the names of limits. The quota unit is 'requests', of which only those with a wrong code use the quotas of codes.
"""

from collections.abc import Iterable

from pki_revocation.errors import QuotaLeft

from .decision import PER_NUMBER, PER_SOURCE
from .request_quota import QuotaPolicy
from .settings import LimitSettings

POLICY_FIELD = "RateLimit-Policy"
LIMIT_FIELD = "RateLimit"


def policies_of(limits: LimitSettings) -> tuple[QuotaPolicy, ...]:
    """The limits on wrong codes as clients are told them: of one source at one number, and at all."""
    return (
        QuotaPolicy(name=PER_NUMBER, quota=limits.per_number, window=limits.window),
        QuotaPolicy(name=PER_SOURCE, quota=limits.per_source, window=limits.window),
    )


def policy_field(policies: Iterable[QuotaPolicy]) -> str:
    """The value of RateLimit-Policy: q is the quota, w its window in seconds."""
    return ", ".join(f'"{each.name}";q={each.quota};w={int(each.window.total_seconds())}' for each in policies)


def limit_field(left: QuotaLeft) -> str:
    """The value of RateLimit: r is what is left, t the seconds within which it is no more than that."""
    return f'"{left.limit}";r={left.count};t={left.seconds}'
