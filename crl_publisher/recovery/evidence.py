"""CRLs as evidence of what was revoked: public ones that the record does not know, and files that an operator names.

After a database came back from an old backup, the public CRL is newer than the journal, and the only witness of what
was revoked since. Its signature is the CA's, so that it can be believed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection

from crl_publisher.crl.files import der_of
from crl_publisher.crl.reading import ParsedCrl, parse_crl
from crl_publisher.errors import UnreadableCrl
from crl_publisher.gate.expected_extensions import scope_named_by
from crl_publisher.outlets import Outlet
from crl_publisher.public_crl import PublicCrls
from crl_publisher.scope import Part, Scope
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

ScopesOf: TypeAlias = Callable[[Connection, Issuer], tuple[Scope, ...]]


class NoEvidence(PkiError):
    """A file or a public CRL that nothing can be taken back from."""


@dataclass(frozen=True, slots=True)
class CrlEvidence:
    """A CRL that its issuer signed; *scope* is the complete one's, for a delta too; *source* is where it is from."""

    source: str
    scope: Scope
    crl: ParsedCrl

    def as_json(self) -> dict[str, object]:
        """What the audit trail says of it."""
        return {
            "source": self.source,
            "scope": self.scope.name,
            "number": self.crl.number,
            "entries": len(self.crl),
            "sha256": self.crl.sha256.hex(),
        }


def public_evidence(
    outlet: Outlet, database: Database, issuer: Issuer, scopes: tuple[Scope, ...]
) -> Iterator[CrlEvidence]:
    """The issuer's public CRLs, deltas too, that the record does not have as published: only they can say more.

    Raises:
        NoEvidence: when something is public that the issuer did not sign, or a shard that is not known here.
        OutletError: when that cannot be found out.
        StoreError: when the database does not answer.
    """
    public = PublicCrls(outlet, database)
    for complete in scopes:
        for scope in (complete, complete.delta):
            state = public.state(issuer, scope)
            if state.is_foreign:
                raise NoEvidence(f"What is public at {state.path} is not a CRL that {issuer.name} signed.")
            whole = None if state.crl is None or state.crl.covers is not None else state.crl.whole()
            if whole is not None:
                yield CrlEvidence(state.path, complete, whole)
    _refuse_unknown_shard(outlet, issuer, scopes)


def file_evidence(connection: Connection, file: Path, scopes_of: ScopesOf) -> tuple[Issuer, CrlEvidence]:
    """The CRL in a file as evidence, and the issuer that signed it.

    Raises:
        NoEvidence: when it is no CRL, no issuer here signed it, or it is a shard's that is not known here.
    """
    try:
        crl = parse_crl(der_of(file))
        issuer = next((each for each in all_issuers(connection) if crl.is_of(each)), None)
        if issuer is None:
            raise NoEvidence(f"{file} was signed by no issuer that is registered here: it proves nothing.")
        scope = scope_named_by(crl, scopes_of(connection, issuer))
    except UnreadableCrl as error:
        raise NoEvidence(f"{file} is no evidence: {error}") from error
    if scope is None:
        raise NoEvidence(
            f"{file} is a CRL of a part of {issuer.name}'s certificates that is not known here: configure it in [crl], "
            "or add its shard with 'pki-revocation crl shards --add'."
        )
    return issuer, CrlEvidence(str(file), scope, crl)


def _refuse_unknown_shard(outlet: Outlet, issuer: Issuer, scopes: tuple[Scope, ...]) -> None:
    known = {scope.shard for scope in scopes if scope.part is Part.SHARD}
    following = next(number for number in count(1) if number not in known)
    path = Scope(Part.SHARD, shard=following, url="-").path(issuer)
    if outlet.exists(path):
        raise NoEvidence(
            f"A CRL of shard {following} is public at {path}, and the shard is not known here: add it again with "
            f"'pki-revocation crl shards --add --issuer {issuer.name}'."
        )
