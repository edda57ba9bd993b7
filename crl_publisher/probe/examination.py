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

from crl_publisher.crl.frame import Frame, read_frame
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import UnreadableCrl
from crl_publisher.gate.findings import Findings
from crl_publisher.outlets.http_exchange import HttpResponse
from crl_publisher.outlets.port import media_type
from pki_revocation.clock import iso

from .expectations import ExpectedCrl
from .fetching import FetchedCrl
from .settings import ProbeSettings

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
    """What is wrong, and the number of the CRL where it is this CA's."""
    findings = Findings()
    answer = fetched.answer
    if fetched.redirects:
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
    if not crl.frame.is_signed_by(expected.issuer.certificate, fetched.body):
        findings.error("probe.signature", f"{expected.url} gave a CRL that {expected.issuer.name} did not sign.")
        return findings, None
    _times(findings, crl.frame, expected, context)
    _caching(findings, crl.frame, answer, expected, context.now)
    _coverage(findings, crl.extensions, expected)
    return findings, _number(findings, crl, expected, context)


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
            "probe.content-encoding", f"{expected.url} is encoded as {encoding[:80]!r}, and nobody asked for that."
        )


def _times(findings: Findings, crl: Frame, expected: ExpectedCrl, context: ProbeContext) -> None:
    now, this_update, next_update = context.now, crl.this_update, crl.next_update
    if this_update > now:
        findings.error("probe.future", f"{expected.url} is dated {iso(this_update)}, which is in the future.")
    if next_update is None:
        findings.error("probe.next-update", f"{expected.url} has no nextUpdate (RFC 5280 section 5.1.2.5).")
        return
    margin = context.settings.margin or (next_update - this_update) / 4
    if next_update <= now:
        findings.error("probe.expired", f"{expected.url} lapsed at {iso(next_update)}.")
    elif next_update - now < margin:
        findings.error(
            "probe.not-fresh",
            f"{expected.url} lapses at {iso(next_update)}: the next one should be out since long.",
        )


def _caching(findings: Findings, crl: Frame, answer: HttpResponse, expected: ExpectedCrl, now: datetime) -> None:
    found = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    if found and crl.next_update is not None and now < crl.next_update < now + timedelta(seconds=int(found[1])):
        findings.warning("probe.cache", f"{expected.url} lets caches keep it beyond nextUpdate {iso(crl.next_update)}.")


def _coverage(findings: Findings, extensions: x509.Extensions, expected: ExpectedCrl) -> None:
    has_base = _has(extensions, x509.DeltaCRLIndicator)
    if expected.scope.is_delta and not has_base:
        findings.error("probe.not-delta", f"{expected.url} should be a delta, and is a complete CRL.")
    if has_base and not expected.scope.is_delta:
        findings.error("probe.delta", f"{expected.url} should be a complete CRL, and is a delta.")
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


def _number(findings: Findings, crl: _Fetched, expected: ExpectedCrl, context: ProbeContext) -> int | None:
    number, seen = crl.frame.number, context.seen
    if number is None:
        findings.error("probe.number", f"{expected.url} has no CRL number (RFC 5280 section 5.2.3).")
        return None
    if seen is not None and number < seen:
        findings.error(
            "probe.older-than-previous", f"{expected.url} is number {number}, and {seen} was seen there before."
        )
    if number < expected.last.number:
        # Within the grace, caches may still hold the one before.
        if context.now >= expected.last.published_at + context.settings.grace:
            findings.error(
                "probe.behind",
                f"{expected.url} is number {number}, and {expected.last.number} is public since "
                f"{iso(expected.last.published_at)}.",
            )
    elif number > expected.last.number:
        findings.error(
            "probe.ahead",
            f"{expected.url} is number {number}, and the last one recorded here is {expected.last.number}: another "
            "publisher signs for this CA, or this record comes from a backup.",
        )
    elif crl.sha256 != expected.last.sha256:
        findings.error("probe.different", f"{expected.url} is another CRL with the number {number} than was published.")
    if not crl.frame.has_entries and expected.last.entries and number >= expected.last.number:
        findings.error("probe.empty", f"{expected.url} lists nothing, and should list {expected.last.entries}.")
    return number
