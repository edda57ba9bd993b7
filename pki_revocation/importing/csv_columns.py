"""The columns of a CSV: which there are, which of them a file must have, and what stands between them."""

from collections.abc import Collection

from .candidates import CandidateRefused, RefusalKind

REQUIRED = ("serial", "subject", "not_after")
OPTIONAL = (
    "not_before",
    "organisation",
    "status",
    "revoked_at",
    "reason",
    "distribution_point",
    "certificate",
    "language",
    "address",
    "email",
)
COLUMNS = (
    "serial (hexadecimal), subject and not_after (ISO 8601 with a zone), or certificate (PEM) instead of these; "
    "and optionally not_before, organisation, status (V or valid, R or revoked), revoked_at, reason, "
    "distribution_point, language (nl or en), address (lines with | between them) and email (of the contact)"
)


def separator(header: str) -> str:
    """What stands between the columns of this header."""
    return ";" if header.count(";") > header.count(",") else ","


def refuse_columns(names: Collection[str]) -> None:
    """Refuse a header whose columns are not understood.

    Raises:
        CandidateRefused: naming what is unknown or missing.
    """
    unknown = [name for name in names if name not in {*REQUIRED, *OPTIONAL}]
    # Of revoked rows the serial is enough; a row that is none and lacks something is refused by itself.
    required = ("serial",) if "revoked_at" in names else REQUIRED
    missing = [] if "certificate" in names else [name for name in required if name not in names]
    if unknown or missing or len(set(names)) != len(names):
        wrong = [f"unknown is {', '.join(map(repr, unknown))[:200]}"] if unknown else []
        wrong += [f"missing is {', '.join(missing)}"] if missing else []
        what = "; ".join(wrong) or "a column stands there twice"
        raise CandidateRefused(RefusalKind.BROKEN, f"Its columns are not understood ({what}): use {COLUMNS}.")
