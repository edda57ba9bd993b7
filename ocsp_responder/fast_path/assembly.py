"""The instant parts put together for one worker: the layer, and the answerer that Flask has behind it."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.answering.guarded_statuses import GuardedStatusSource
from ocsp_responder.answering.missing_revocations import MissingRevocations
from ocsp_responder.config import OcspSettings
from ocsp_responder.http.transport import HttpEndpoint
from ocsp_responder.signing.answer_signers import CurrentSigners
from ocsp_responder.signing.response import Answer, AnswerSigner
from ocsp_responder.status import SqlStatusSource, StatusReading, StatusSource
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer

from .answer_cache import AnswerCache
from .background import FILE_SECONDS, NETWORK_SECONDS, Background, NotificationTrigger, PollTrigger
from .journal_reader import JournalReader
from .journal_watch import JournalWatch
from .layer import OcspFastPath
from .metrics import FastPathMetrics
from .plain_request import PlainRequests
from .report import ProgressReport
from .restoration_watch import RestorationWatch
from .signer_reload import SignerReload
from .sqlite_journal import SqliteJournal
from .statuses import InlineStatusSource, KnownStatuses, RevokedFallbackSource

_MIB = 1 << 20
# Of what the cache may hold, this share is for statuses, each of which takes some 400 octets.
_STATUS_SHARE = 8
_STATUS_OCTETS = 400
# A key that signs more slowly would hold up the answers that need no signature.
_FAST_SIGNATURE_SECONDS = 0.0002
_TRIALS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderContext:
    """What an assembly is made for.

    *parents* as for `SqlStatusSource`, empty where issuers are not asked about; *signers* are watched for new keys,
    None where the keys stay as they are; *missing* is what journals lack of public CRLs, None where nothing is public.
    """

    settings: OcspSettings
    database: Database
    clock: Clock
    issuers: Sequence[Issuer]
    parents: Mapping[int, tuple[int, int]]
    slow: frozenset[int]
    signers: CurrentSigners | None = None
    missing: MissingRevocations | None = None


def http_endpoint(settings: OcspSettings) -> HttpEndpoint:
    """Where the configuration says that the responder is."""
    return HttpEndpoint(path=urlsplit(settings.public_url).path.rstrip("/"), max_age=settings.max_age)


def assemble(
    context: ResponderContext, answerer: Callable[[StatusSource], Answerer]
) -> tuple[OcspFastPath, Callable[[bytes], Answer]]:
    """The layer, and what answers for Flask and lets the layer keep it.

    Args:
        context: what it is made for.
        answerer: makes an answerer on a source.
    """
    settings, clock = context.settings, context.clock
    known = KnownStatuses(settings.cache_mib * _MIB // _STATUS_SHARE // _STATUS_OCTETS)
    cache = AnswerCache(
        limit=settings.cache_mib * _MIB // _STATUS_SHARE * (_STATUS_SHARE - 1),
        requests={issuer.id: PlainRequests(issuer) for issuer in context.issuers},
        parents=context.parents,
        endpoint=http_endpoint(settings),
    )
    watch = JournalWatch(
        _journal(context.database, clock), clock, tolerance=settings.clock_tolerance, caches=[known, cache]
    )
    slow = set(context.slow)
    fast_path = InlineStatusSource(watch, known, parents=context.parents, slow=slow)
    quick = answerer(_guarded(context, RevokedFallbackSource(fast_path, watch, known, clock)))
    layer = OcspFastPath(
        answerer=quick,
        watch=watch,
        cache=cache,
        clock=clock,
        endpoint=http_endpoint(settings),
        missing=context.missing,
    )
    figures = FastPathMetrics(
        made=layer.made,
        applied=lambda: watch.applied,
        current=lambda: layer.trouble() is None,
        kept=lambda: len(cache),
        names={issuer.id: issuer.name for issuer in context.issuers},
    )
    layer.accompany(
        *_triggers(context.database),
        ProgressReport(context.database, watch, clock, settings.validity, settings.port),
        figures,
    )
    reading = CachingStatusSource(SqlStatusSource(context.database, clock, context.parents), layer, known)
    patient = answerer(_guarded(context, RevokedFallbackSource(reading, watch, known, clock)))
    if context.missing is not None:
        layer.accompany(RestorationWatch(context.missing))
    if context.signers is not None:
        layer.accompany(SignerReload(context.signers, partial(_replace_signer, slow, (quick, patient)), clock))
    return layer, partial(_respond, patient, layer, keep=not context.parents)


def _guarded(context: ResponderContext, source: StatusSource) -> StatusSource:
    if context.missing is None:
        return source
    return GuardedStatusSource(source, context.missing, context.clock, context.parents)


def slow_issuers(signers: Mapping[Issuer, AnswerSigner]) -> frozenset[int]:
    """The ids of those whose key must not sign in the server's loop: those on tokens; the others are tried."""
    return frozenset(issuer.id for issuer, signer in signers.items() if _is_slow(signer))


def _is_slow(signer: AnswerSigner) -> bool:
    return signer.may_wait or _seconds_to_sign(signer) > _FAST_SIGNATURE_SECONDS


def _replace_signer(slow: set[int], answerers: Sequence[Answerer], issuer: Issuer, signer: AnswerSigner) -> None:
    """Exchange a signer: the loop leaves a slow key alone before it is used, and gets a quick one only afterwards."""
    is_slow = _is_slow(signer)
    if is_slow:
        slow.add(issuer.id)
    for each in answerers:
        each.replace_signer(issuer.id, signer)
    if not is_slow:
        slow.discard(issuer.id)


class CachingStatusSource:
    """A `StatusSource` of threads, whose findings the server's loop may use as well."""

    def __init__(self, source: StatusSource, layer: OcspFastPath, known: KnownStatuses) -> None:
        """Read from *source*; *layer* has what was found put into *known*, in the loop's thread."""
        self._source = source
        self._layer = layer
        self._known = known

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:
        """The statuses that *source* finds; the loop may use them unless the journal has moved on meanwhile."""
        reading = self._source.read(issuer_id, serials)
        self._layer.in_loop(issuer_id, reading.sequence, partial(self._remember, issuer_id, serials, reading))
        return reading

    def _remember(self, issuer_id: int, serials: Sequence[int], reading: StatusReading) -> None:
        for serial, status in zip(serials, reading.statuses, strict=True):
            self._known.put(issuer_id, serial, status)


def _respond(answerer: Answerer, layer: OcspFastPath, request: bytes, *, keep: bool) -> Answer:
    # Another spelling of what is kept: a query, a whole address, slashes in front.
    kept = layer.kept(request)
    if kept is not None:
        return kept
    answer = answerer.answer(request)
    # A revoked issuer changes answers without a row in their own journal, and a thread cannot tell when.
    if keep:
        layer.offer(request, answer)
    return answer


def _journal(database: Database, clock: Clock) -> JournalReader:
    if database.is_sqlite:
        return SqliteJournal(Path(database.url.database or ""), clock)
    from .postgresql_journal import PostgresqlJournal  # noqa: PLC0415 - SQLite's processes load no other driver

    return PostgresqlJournal(database, clock)


def _triggers(database: Database) -> Sequence[Background]:
    if database.is_sqlite:
        return [PollTrigger(FILE_SECONDS)]
    from .postgresql_journal import JournalListener  # noqa: PLC0415 - as above

    return [PollTrigger(NETWORK_SECONDS), NotificationTrigger(partial(JournalListener, database))]


def _seconds_to_sign(signer: AnswerSigner) -> float:
    times = []
    for _ in range(_TRIALS):
        began = time.perf_counter()
        signer.try_key()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
