"""The gate: no CRL becomes public before another implementation has read it back and found nothing wrong.

It is held against what was planned, against the CRL that is public now, and entry by entry against the journal itself,
never against the entry store that it was made from. RFC 5280 sections 5.1 to 5.3; BR 7.2.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from crl_publisher.config import LintProfile
from crl_publisher.crl.crl_extensions import NUMBER_LIMIT
from crl_publisher.crl.differences import serial_of
from crl_publisher.crl.frame import Frame
from crl_publisher.crl.reading import ParsedCrl, parse_crl
from crl_publisher.errors import UnreadableCrl
from crl_publisher.plan import Plan
from crl_publisher.scope import Part
from keys.algorithms import algorithms_for
from pki_revocation.clock import iso
from pki_revocation.database.engine import Database
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.names import is_readable
from pki_revocation.encoding.serials import breach_of, from_stored

from .comparison import compare_entries
from .expected_extensions import check_extensions
from .findings import Findings
from .lints import lint
from .sample import check_sample
from .second_reader import check_second_reading

_log = logging.getLogger(__name__)
_FIRST_GENERALIZED_YEAR = 2050
_STAND_IN = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a CA")]).public_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """What an installation asks beyond the standards: *profile* of the lints, *size_limit* in octets."""

    profile: LintProfile
    size_limit: int
    size_blocks: bool


def inspect(data: bytes, plan: Plan, database: Database, rules: GateRules) -> ParsedCrl:
    """Read a CRL back and hold it against its plan, the public one and the journal.

    Raises:
        CrlRejected: when there is a finding at error level.
    """
    findings = Findings()
    try:
        crl = parse_crl(data)
        frame = crl.frame
        check_second_reading(frame, findings)
        _check_frame(frame, plan, findings)
        if not crl.is_signed_by(plan.certificate):
            findings.error("crl.signature", "The signature is not the issuer's over these bytes.")
        _check_this_update(crl, frame, plan, findings)
        _check_next_update(crl, frame, plan, findings)
        check_extensions(crl, plan, findings)
        _check_number(crl.number, plan, findings)
        _check_size(len(data), rules, findings)
        # What is not even signed right is not worth reading on.
        findings.raise_errors()
        with database.read() as connection:
            new = compare_entries(connection, crl, plan, findings)
            findings.raise_errors()
            sample = check_sample(connection, crl, plan, new, findings)
        authorities = plan.only_authorities or plan.scope.part is Part.CA
        # A name that cannot be read is the CA certificate's, and no CRL can mend it: lints see the rest of the CRL.
        shown = frame if is_readable(frame.issuer) else frame.with_issuer(_STAND_IN)
        # A serial that RFC 5280 forbids must be on the CRL as it is on the certificate (BR 4.9.1.1 and 7.2.2): it was
        # held against the journal, and no lint has a say in it.
        fit = [entry for entry in sample if not breach_of(from_stored(serial_of(entry)))]
        lint(shown.with_entries(fit), rules.profile, findings, authorities=authorities)
    except UnreadableCrl as error:
        findings.error("crl.unreadable", str(error))
    findings.raise_errors()
    for finding in findings.listed:
        _log.warning("%s: CRL %d: %s: %s", plan.issuer.name, plan.number, finding.id, finding.message)
    return crl


def _check_frame(frame: Frame, plan: Plan, findings: Findings) -> None:
    if not frame.is_version_2:
        findings.error("crl.version", "The version is not v2 (RFC 5280 section 5.1.2.1).")
    if frame.inner_algorithm != frame.outer_algorithm:
        findings.error("crl.algorithm.mismatch", "The inner and outer signature algorithms differ.")
    if frame.outer_algorithm not in [algorithm.identifier for algorithm in algorithms_for(plan.certificate)]:
        findings.error(
            "crl.algorithm.encoding", "The signature algorithm is not the key's, byte for byte (BR 7.1.3.2; RFC 4055)."
        )
    if frame.issuer != parts_of(plan.certificate).subject:
        findings.error("crl.issuer", "The issuer is not the CA certificate's subject, byte for byte (BR 7.2).")
    if frame.has_list and not frame.has_entries:
        findings.error("crl.entries.empty-list", "An empty list must be left out (RFC 5280 section 5.1.2.6).")


def _check_this_update(crl: ParsedCrl, frame: Frame, plan: Plan, findings: Findings) -> None:
    this_update = crl.this_update
    _check_time_type("thisUpdate", this_update, findings, is_generalized=frame.is_generalized[0])
    planned = plan.parameters.this_update
    if this_update != planned:
        findings.error("crl.this-update.unplanned", f"thisUpdate is {iso(this_update)}, planned was {iso(planned)}.")
    if this_update > plan.moment:
        findings.error("crl.this-update.future", f"thisUpdate {iso(this_update)} lies after {iso(plan.moment)}.")
    public = plan.public
    if public is not None and this_update < public.this_update and not plan.is_ahead(public.this_update):
        findings.error(
            "crl.this-update.backwards",
            f"thisUpdate {iso(this_update)} lies before the public CRL's {iso(public.this_update)}.",
        )


def _check_next_update(crl: ParsedCrl, frame: Frame, plan: Plan, findings: Findings) -> None:
    next_update = crl.next_update
    if next_update is None:
        findings.error("crl.next-update.missing", "nextUpdate is missing (RFC 5280 section 5.1.2.5).")
        return
    _check_time_type("nextUpdate", next_update, findings, is_generalized=frame.is_generalized[1])
    planned = plan.parameters.next_update
    if next_update != planned:
        findings.error("crl.next-update.unplanned", f"nextUpdate is {iso(next_update)}, planned was {iso(planned)}.")
    if next_update <= plan.moment:
        findings.error("crl.next-update.past", f"nextUpdate {iso(next_update)} is not after {iso(plan.moment)}.")
    # Both ends count: a validity of ten days ends one second before ten days are over.
    longest = plan.longest_validity
    if longest is not None and next_update - crl.this_update >= longest:
        findings.error(
            "crl.next-update.too-far",
            f"nextUpdate {iso(next_update)} is more than {longest} away: the profile allows less.",
        )
    public = None if plan.public is None else plan.public.next_update
    if public is not None and next_update < public:
        findings.warning(
            "crl.next-update.backwards",
            f"nextUpdate {iso(next_update)} lies before the public CRL's {iso(public)} (RFC 5280 section 5.1.2.5).",
        )


def _check_time_type(name: str, moment: datetime, findings: Findings, *, is_generalized: bool) -> None:
    if is_generalized is (moment.year < _FIRST_GENERALIZED_YEAR):
        found, expected = ("GeneralizedTime", "UTCTime") if is_generalized else ("UTCTime", "GeneralizedTime")
        findings.error("crl.time.type", f"{name} is a {found}, not a {expected} (RFC 5280 section 5.1.2.4).")


def _check_number(number: int | None, plan: Plan, findings: Findings) -> None:
    if number is None:
        findings.error("crl.number.missing", "The CRLNumber is missing (RFC 5280 section 5.2.3).")
        return
    if number != plan.number:
        findings.error("crl.number.unreserved", f"The CRLNumber is {number}, and {plan.number} was reserved.")
    if number >= NUMBER_LIMIT:
        findings.error("crl.number.too-large", "The CRLNumber is not below 2^159 (BR 7.2.2).")
    known = {
        "public": None if plan.public is None else plan.public.number,
        "recorded": None if plan.recorded is None else plan.recorded.number,
    }
    for name, other in known.items():
        if other is not None and number <= other:
            findings.error(
                f"crl.number.not-above-{name}", f"The CRLNumber {number} is not above {other}, the {name} one."
            )


def _check_size(size: int, rules: GateRules, findings: Findings) -> None:
    if size <= rules.size_limit:
        return
    message = f"The CRL has {size} octets, and {rules.size_limit} are what relying parties take: use shards."
    if rules.size_blocks:
        findings.error("crl.size", message)
    else:
        findings.warning("crl.size", message)
