"""Looks at what was fetched as a relying party would, which has nothing but its clock, the CA and the address.

The kinds are those by which Mozilla's CRLite refuses CRLs, and those by which standards do: failed downloads, what
cannot be read or verified, older than before, not fresh, expired, empty, and a wrong distribution point.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import BinaryIO

from cryptography import x509

from crl_publisher import health
from crl_publisher.crl.frame import Frame, read_frame
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import UnreadableCrl
from crl_publisher.gate.findings import Findings
from crl_publisher.health import Alarm, AlarmKind, Promise, Seen
from crl_publisher.outlets.port import media_type
from pki_revocation.clock import iso
from pki_revocation.host.http_client import HttpResponse

from .expectations import ExpectedCrl
from .fetching import FetchedCrl
from .settings import ProbeSettings

_IDS = {
    AlarmKind.FUTURE: "probe.future",
    AlarmKind.UNENDING: "probe.next-update",
    AlarmKind.NO_NUMBER: "probe.number",
    AlarmKind.BACKWARDS: "probe.older-than-previous",
    AlarmKind.BEHIND: "probe.behind",
    AlarmKind.AHEAD: "probe.ahead",
    AlarmKind.DIFFERENT: "probe.different",
    AlarmKind.EMPTY: "probe.empty",
}
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeContext:
    """When it is looked at, how strictly, and the highest number that was seen there before."""

    now: datetime
    settings: ProbeSettings
    seen: int | None


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What was read of a CRL."""

    frame: Frame
    extensions: x509.Extensions
    sha256: str


def examine(fetched: FetchedCrl, expected: ExpectedCrl, context: ProbeContext) -> tuple[Findings, int | None]:
    """The findings on what was fetched, and the number of the CRL where it is this CA's."""
    findings = Findings()
    answer = fetched.answer
    if fetched.answer.redirects:
        findings.warning("probe.redirected", f"{expected.url} redirects: many relying parties do not follow.")
    if answer.status != HTTPStatus.OK:
        findings.error("probe.status", f"{expected.url} was answered {answer}.")
        return findings, None
    _headers(findings, answer, expected)
    try:
        crl = _read(fetched.body, expected)
    except UnreadableCrl as error:
        findings.error("probe.unreadable", f"{expected.url} gave something else than a CRL: {error}")
        return findings, None
    if not any(crl.frame.is_signed_by(each, fetched.body) for each in expected.issuer.certificates):
        findings.error("probe.signature", f"{expected.url} gave a CRL that {expected.issuer.name} did not sign.")
        return findings, None
    _caching(findings, crl.frame, answer, expected, context.now)
    _coverage(findings, crl.extensions, expected)
    for alarm in _alarms(crl, expected, context):
        findings.error(_id(alarm, expected), f"{alarm.says}.")
    return findings, crl.frame.number


def _read(body: BinaryIO, expected: ExpectedCrl) -> _Fetched:
    """Read around the list; into the list only when it is not the very CRL that the gate read before it was published.

    Raises:
        UnreadableCrl: when it is no CRL, or one with broken entries or extensions.
    """
    frame = read_frame(body)
    extensions = parse_crl(frame.without_list()).extensions
    body.seek(0)
    sha256 = hashlib.file_digest(body, "sha256").hexdigest()  # type: ignore[arg-type] # a file, which it takes
    if sha256 != expected.last.sha256:
        body.seek(0)
        for _ in parse_crl(body.read()).entries():
            pass
    return _Fetched(frame, extensions, sha256)


def _headers(findings: Findings, answer: HttpResponse, expected: ExpectedCrl) -> None:
    given, wanted = answer.headers.get("content-type", "none"), media_type(expected.path)
    if given.partition(";")[0].strip().lower() != wanted:
        findings.warning(
            "probe.media-type", f"{expected.url} has the type {given[:80]!r}, not {wanted} (RFC 2585 section 4)."
        )
    if encoding := answer.headers.get("content-encoding"):
        findings.error(
            "probe.content-encoding",
            f"{expected.url} is encoded as {encoding[:80]!r}, and the request did not ask for that.",
        )


def _alarms(crl: _Fetched, expected: ExpectedCrl, context: ProbeContext) -> tuple[Alarm, ...]:
    """The alarms of `health` on what a relying party got: the same judgement as the publisher's and `doctor`'s."""
    frame, settings = crl.frame, context.settings
    validity = timedelta(0) if frame.next_update is None else frame.next_update - frame.this_update
    known = health.CrlFacts(
        now=context.now,
        name=expected.url,
        place=expected.url,
        recorded=expected.last,
        is_delta=expected.scope.is_delta,
        seen=Seen(
            is_ours=True,
            number=frame.number,
            this_update=frame.this_update,
            next_update=frame.next_update,
            sha256=crl.sha256,
            is_delta=_has(crl.extensions, x509.DeltaCRLIndicator),
            has_entries=frame.has_entries,
        ),
        seen_before=context.seen,
    )
    return health.alarms(known, Promise(notice=settings.margin or validity / 4, grace=settings.grace))


def _id(alarm: Alarm, expected: ExpectedCrl) -> str:
    """What the record, the metrics and people know a finding by."""
    match alarm.kind:
        case AlarmKind.EXPIRY:
            return "probe.expired" if alarm.is_late else "probe.not-fresh"
        case AlarmKind.DELTA:
            return "probe.not-delta" if expected.scope.is_delta else "probe.delta"
        case _:
            return _IDS[alarm.kind]


def _caching(findings: Findings, crl: Frame, answer: HttpResponse, expected: ExpectedCrl, now: datetime) -> None:
    found = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    if found and crl.next_update is not None and now < crl.next_update < now + timedelta(seconds=int(found[1])):
        findings.warning("probe.cache", f"{expected.url} lets caches keep it beyond nextUpdate {iso(crl.next_update)}.")


def _coverage(findings: Findings, extensions: x509.Extensions, expected: ExpectedCrl) -> None:
    has_point = _has(extensions, x509.IssuingDistributionPoint)
    if has_point and not expected.is_part:
        findings.error("probe.partial", f"{expected.url} should cover everything, and has an issuingDistributionPoint.")
    if expected.is_part and not has_point:
        findings.error("probe.no-distribution-point", f"{expected.url} covers a part, and does not say which.")
    if has_point:
        points = list(_points(extensions))
        if points and expected.point not in points:
            findings.error(
                "probe.wrong-distribution-point",
                f"{expected.url} says that it belongs to {points[0][:200]!r} (RFC 5280 section 6.3.3 (b)(2)(i)).",
            )


def _has(extensions: x509.Extensions, kind: type[x509.ExtensionType]) -> bool:
    return any(isinstance(extension.value, kind) for extension in extensions)


def _points(extensions: x509.Extensions) -> Iterator[str]:
    point = extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    for name in point.full_name or ():
        if isinstance(name, x509.UniformResourceIdentifier):
            yield name.value
