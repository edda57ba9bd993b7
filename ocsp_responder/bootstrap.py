"""Where the responder's parts are chosen and put together."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask

from keys.keyring import Keyring
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.answering.guarded_statuses import GuardedStatusSource
from ocsp_responder.answering.issuers import parents_of
from ocsp_responder.answering.missing_revocations import MissingRevocations
from ocsp_responder.answering.shared_cache import SHARED_VARIABLE, SharedAnswerCache
from ocsp_responder.fast_path.assembly import ResponderContext, assemble, http_endpoint, slow_issuers
from ocsp_responder.http.app import create_app
from ocsp_responder.signing.answer_signers import CurrentSigners, answer_signers
from ocsp_responder.signing.response import AnswerSigner
from pki_revocation.clock import Clock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.http_server.application import Application
from pki_revocation.model import Issuer
from pki_revocation.proof.public_files import public_files
from pki_revocation.register.issuers import all_issuers
from pki_revocation.runtime.clock_keeping import kept_clock, open_clock

from .config import OcspSettings
from .request.signature import Requestors
from .status import SqlStatusSource, StatusSource


def application(installation: Installation) -> Application:
    """The responder of an installation, with its database open for as long as the process lives.

    Raises:
        PkiError: as for `responder`.
    """
    database = installation.database()
    database.check_revision()
    clock = kept_clock(database)
    file = os.environ.get(SHARED_VARIABLE)
    shared = None if file is None else SharedAnswerCache(Path(file), clock)
    parts = _parts(installation, database, clock, shared)
    # Nothing that lives as long as the process may hold *parts*: what keeps a signer keeps its key from destruction.
    signers = CurrentSigners(parts.keyring, parts.signers, database)
    missing = missing_revocations(installation, database, clock, tuple(parts.signers))
    layer, patient = assemble(
        ResponderContext(
            settings=parts.settings,
            database=database,
            clock=clock,
            issuers=tuple(parts.signers),
            parents=issuer_parents(parts.settings, database),
            slow=slow_issuers(parts.signers),
            signers=signers,
            missing=missing,
        ),
        parts.answerer,
    )

    def ready() -> None:
        database.check_revision()
        for signer in signers:
            signer.validity(clock.now(), timedelta())

    return Application(
        wsgi=create_app(patient, clock=clock, endpoint=http_endpoint(parts.settings)),
        fast_path=layer,
        when_full=layer.when_full,
        ready=ready,
    )


def responder(installation: Installation, database: Database) -> Flask:
    """The responder on a database that is open already, in Flask alone: every answer is made anew.

    Raises:
        ConfigurationError: when no issuer has an OCSP key, or a setting is wrong.
        StoreError: when the database does not answer or is of another revision.
        UnusableKey: when a configured key or its certificate cannot be used.
    """
    database.check_revision()
    clock = open_clock(database)
    parts = _parts(installation, database, clock)
    parents = issuer_parents(parts.settings, database)
    source = GuardedStatusSource(
        SqlStatusSource(database, parts.clock, parents),
        missing_revocations(installation, database, clock, tuple(parts.signers)),
        parts.clock,
        parents,
    )
    return create_app(parts.answerer(source).answer, clock=parts.clock, endpoint=http_endpoint(parts.settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of every responder of an installation; *answerer* makes one on a source of statuses."""

    settings: OcspSettings
    clock: Clock
    keyring: Keyring
    signers: Mapping[Issuer, AnswerSigner]
    answerer: Callable[[StatusSource], Answerer]


def _parts(
    installation: Installation, database: Database, clock: Clock, shared: SharedAnswerCache | None = None
) -> _Parts:
    settings = installation.section(OcspSettings)
    keyring = Keyring.open(installation, clock)
    signers = answer_signers(keyring, database)
    asking = requestors(settings, installation, clock)

    def answerer(source: StatusSource) -> Answerer:
        return Answerer(signers=signers, source=source, settings=settings, requestors=asking, shared=shared)

    return _Parts(settings=settings, clock=clock, keyring=keyring, signers=signers, answerer=answerer)


def missing_revocations(
    installation: Installation, database: Database, clock: Clock, issuers: Sequence[Issuer]
) -> MissingRevocations:
    """What the journals lack of what is public now: nothing, unless an old backup was restored.

    Raises:
        StoreError: when the database does not answer.
    """
    missing = MissingRevocations(database=database, clock=clock, issuers=issuers, fetch=public_files(installation))
    missing.examine()
    return missing


def issuer_parents(settings: OcspSettings, database: Database) -> dict[int, tuple[int, int]]:
    """For each issuer its parent's id and its certificate's serial, where registered; empty without the setting."""
    if not settings.revoked_issuer:
        return {}
    with database.read() as connection:
        return parents_of(all_issuers(connection))


def requestors(settings: OcspSettings, installation: Installation, clock: Clock) -> Requestors | None:
    """The clients that may ask, when a setting names them; None for all.

    Raises:
        ConfigurationError: when the file that it names cannot be used.
    """
    if settings.requestors is None:
        return None
    return Requestors.load(installation.directory / settings.requestors, clock)
