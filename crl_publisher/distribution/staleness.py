"""Whether the CRLs that lie here are those that the record has as published last.

Several nodes serve CRLs, and one publishes. Where its files stop coming, what the others have grows old while nothing
else shows it: not its signature, not its nextUpdate, until that is over. A node that cannot read the record, or whose
file the record does not know (it may be newer than the record), is not judged.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from crl_publisher.outlets.published_files import PublishedFiles
from crl_publisher.scope import path_named
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.errors import StoreError
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

# A copy of the publisher's files may take as long to come here.
GRACE = timedelta(seconds=15)


class RecordComparison:
    """Compares a folder of published files with the record."""

    def __init__(self, *, database: Database, clock: Clock, root: Path) -> None:
        """*root* holds crl/; the database is one that may be away."""
        self._database = database
        self._clock = clock
        self._files = PublishedFiles(root)

    def outdated(self) -> tuple[str, ...]:
        """A sentence for each CRL here that another one has followed for longer than `GRACE`."""
        try:
            with self._database.read() as connection:
                return tuple(
                    sentence for issuer in all_issuers(connection) for sentence in self._outdated(connection, issuer)
                )
        except (StoreError, SQLAlchemyError):
            # Its own services tell of that, and what is served must not depend on it.
            return ()

    def _outdated(self, connection: Connection, issuer: Issuer) -> Iterator[str]:
        published = (crls.c.issuer_id == issuer.id, crls.c.published_at.is_not(None))
        for name in connection.scalars(select(crls.c.scope).where(*published).distinct()).all():
            path = path_named(issuer, name)
            of = (*published, crls.c.scope == name)
            last = connection.execute(select(crls).where(*of).order_by(crls.c.number.desc()).limit(1)).one()
            file = self._files.open(path)
            if file is None:
                continue
            file.stream.close()
            if file.sha256 == last.sha256.hex() or self._clock.now() <= last.published_at + GRACE:
                continue
            here = select(crls.c.number).where(*of, crls.c.sha256 == bytes.fromhex(file.sha256))
            number = connection.execute(here.order_by(crls.c.number.desc()).limit(1)).scalar_one_or_none()
            if number is not None and number < last.number:
                yield (
                    f"{path} here is number {number}, and {last.number} is public since {iso(last.published_at)}: this "
                    "node gets no files from the publisher (see 'Several nodes' in docs/ca-operations.md)."
                )
