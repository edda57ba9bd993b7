"""Everything that proves one revocation, gathered anew for each receipt: what lacks now may be there next time."""

from dataclasses import dataclass

from cryptography import x509

from pki_revocation import journal
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.model import Confirmation

from .addresses import ServiceAddress, distribution_address, ocsp_address
from .chain import chain_above, is_whole
from .fetching import ServiceClient
from .listing import CrlListing, recorded_listing, with_published_file
from .ocsp_answer import OcspAnswer, ask_ocsp
from .record import canonical_record
from .stamps.settings import TimestampSettings
from .stamps.store import RevocationStamp, is_to_be_stamped, stamp_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEvidence:
    """What there is: *ocsp* and *crl* are None while they cannot be had; *chain* begins with the issuer.

    *certificate* is its DER; None where only the serial is known, from an index or a CRL. *record* is the canonical
    record of the row that is confirmed, and *stamp* its time stamp; *is_stamped_later* where it will yet get one.
    *first_reference* is that of the revocation itself, also for the raise that came after it.
    """

    ocsp: OcspAnswer | None
    crl: CrlListing | None
    certificate: bytes | None
    chain: tuple[x509.Certificate, ...]
    record: bytes = b""
    stamp: RevocationStamp | None = None
    is_stamped_later: bool = False
    first_reference: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the chain ends at a root: it cannot be checked alone where the register does not know the root."""
        return is_whole(self.chain)


class EvidenceCollector:
    """Gathers proofs from the services of an installation."""

    def __init__(
        self, *, database: Database, ocsp: ServiceAddress, distribution: ServiceAddress, stamping: bool = False
    ) -> None:
        """Ask the responder at *ocsp*, and fetch CRLs at *distribution*; *stamping* where rows get time stamps."""
        self._database = database
        self._stamping = stamping
        self._ocsp = ServiceClient(ocsp)
        self._distribution = ServiceClient(distribution)

    @classmethod
    def of(cls, installation: Installation, database: Database) -> "EvidenceCollector":
        """With the addresses that the installation's configuration says."""
        return cls(
            database=database,
            ocsp=ocsp_address(installation),
            distribution=distribution_address(installation),
            stamping=installation.section(TimestampSettings).is_on,
        )

    def gather(self, confirmation: Confirmation) -> ReceiptEvidence:
        """The proof of a revocation as it can be had now.

        Raises:
            StoreError: when the database does not answer.
        """
        issuer, certificate = confirmation.issuer, confirmation.certificate
        with self._database.read() as connection:
            first = journal.first_entry(connection, issuer.id, certificate.serial) or confirmation.entry
            latest = journal.latest_entry(connection, issuer.id, certificate.serial) or confirmation.entry
            crl = recorded_listing(connection, self._distribution.address, issuer, first)
            stamp = stamp_of(connection, confirmation.entry)
        # No transaction is held while the services are asked.
        newest, *others = issuer.certificates
        ocsp = ask_ocsp(self._ocsp, newest, certificate.serial, latest.revocation_date, others)
        with self._database.read() as connection:
            # Checked as of the moment when the response was signed: by then a renewed CA may have another certificate.
            chain = chain_above(connection, issuer, None if ocsp is None else ocsp.produced_at)
        return ReceiptEvidence(
            ocsp=ocsp,
            crl=None if crl is None else with_published_file(crl, self._distribution, issuer, first),
            certificate=certificate.der,
            chain=chain,
            # As it was stamped, where it was.
            record=canonical_record(issuer, confirmation.entry) if stamp is None else stamp.record,
            stamp=stamp,
            first_reference=first.reference,
            is_stamped_later=stamp is None and self._stamping and is_to_be_stamped(confirmation.entry),
        )
