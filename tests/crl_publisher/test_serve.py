"""What /readyz of the publisher says: an issuer of its own without a valid CRL that is public, in a sentence."""

from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.errors import NotPublished
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.public_crl import PublicCrls
from crl_publisher.serve import readiness
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.fakes import FakeClock


def test_publisher_is_ready_while_each_of_its_issuers_has_a_valid_public_crl(
    database: Database,
    clock: FakeClock,
    outlet: DirectoryOutlet,
    issuance: CrlIssuance,
    issuer: Issuer,
    public_file: Path,
) -> None:
    """None yet, its file gone, and lapsed; an issuer whose key is elsewhere is not asked about."""
    public = PublicCrls(outlet, database)
    ready = readiness(database, clock, public, lambda each: each == issuer)
    readiness(database, clock, public, lambda _: False)()

    with pytest.raises(NotPublished, match="issuing: none was ever published"):
        ready()
    published = issuance.publish(issuer)
    ready()
    data = public_file.read_bytes()
    public_file.unlink()
    with pytest.raises(NotPublished, match=r"issuing: nothing is public at crl/issuing\.crl"):
        ready()
    public_file.write_bytes(data)
    ready()
    clock.advance(published.next_update - clock.now() - timedelta(seconds=1))
    ready()
    clock.advance(timedelta(seconds=1))
    with pytest.raises(NotPublished, match="issuing: the CRL of issuing lapsed at "):
        ready()
