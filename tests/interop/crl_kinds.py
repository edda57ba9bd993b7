"""One CA with every kind of CRL, published as relying parties get them, and certificates that belong on each.

The complete CRLs are those of a moment before the certificates called …-late were revoked, and the deltas those of a
moment after it.
"""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crl_publisher.config import CrlSettings
from crl_publisher.issuing.shards import add_shard
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scope import CA, FULL, USERS, Part, Scope
from keys.algorithms import algorithm_for
from keys.demo.hierarchy import make_root
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.importing.importer import Importer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import issuance_of, with_deltas
from tests.databases import new_sqlite
from tests.pki import DAY

# Whom each certificate names, and whether it is a CA's.
GROUPS = {"full": (None, False), "shard-1": (1, False), "shard-2": (2, False), "ca": (None, True)}
FATES = ("good", "revoked", "late")
PARTS = ("full", "shard-1", "shard-2", "ca", "users")


class CrlKinds:
    """Files in *folder*: ca.pem; good, revoked and late certificates of each group; and each CRL in DER and PEM."""

    def __init__(self, folder: Path, key_type: str, public_url: str) -> None:
        """Make the CA, issue, import, revoke and publish below *folder*; *public_url* serves its `published`."""
        self.folder = folder
        self._clock = SystemClock()
        self.authority = make_root(key_type, self._clock.now())
        self._write("ca.pem", self.authority.certificate)
        with new_sqlite(folder / "revocation.db") as database:
            self._publish(database, public_url)

    def crl(self, part: str, *, delta: bool = False) -> Path:
        """A CRL in DER."""
        return self.folder / f"{part}{'-delta' if delta else ''}.crl"

    def pem(self, *crls: Path) -> Path:
        """CRLs one behind the other, in PEM."""
        path = self.folder / ("+".join(each.stem for each in crls) + ".crl.pem")
        path.write_bytes(
            b"".join(x509.load_der_x509_crl(each.read_bytes()).public_bytes(Encoding.PEM) for each in crls)
        )
        return path

    def certificate(self, group: str, fate: str) -> Path:
        """A certificate in PEM."""
        return self.folder / f"{group}-{fate}.pem"

    @property
    def last(self) -> Path:
        """The CA's last CRL, in DER; every certificate is on it."""
        return self.folder / "last.crl"

    def _publish(self, database: Database, public_url: str) -> None:
        clock = self._clock
        with database.write() as connection:
            issuer = add_issuer(
                connection, name="issuing", certificate=self.authority.certificate, is_default=True, clock=clock
            )
            shards = [add_shard(connection, issuer, clock, public_url)[0] for _ in range(2)]
        urls = {scope.shard: scope.url for scope in shards} | {None: f"{public_url}/crl/issuing.crl"}
        self.serials = {
            (group, fate): self._issue(f"{group}-{fate}", urls[shard], is_ca=is_ca)
            for group, (shard, is_ca) in GROUPS.items()
            for fate in FATES
        }
        importer = Importer(database=database, clock=clock, audit=AuditTrail(clock))
        assert importer.run([self.certificate(*each) for each in self.serials]).added == len(self.serials)
        population = Population(database, issuer, clock)
        self._revoke(population, "revoked")
        keys = OneKey(self.authority.key, self.authority.certificate, clock)
        root = self.folder / "published"
        issuance = issuance_of(
            database,
            clock,
            keys,
            DirectoryOutlet(root),
            timings=with_deltas(),
            settings=CrlSettings(ca=True, users=True, next_publish=True),
            public_url=public_url,
        )
        issuance.prepare(issuer)
        scopes = (FULL, *shards, CA, USERS)
        for scope in scopes:
            issuance.publish(issuer, scope)
        self._revoke(population, "late")
        for scope in scopes:
            issuance.publish_delta(issuer, scope)
            for each in (scope, scope.delta):
                self.crl(_part(scope), delta=each.is_delta).write_bytes((root / each.path(issuer)).read_bytes())
        self._revoke(population, "good")
        elsewhere = self.folder / "last"
        issuance_of(database, clock, keys, DirectoryOutlet(elsewhere), public_url=public_url).publish(issuer, last=True)
        self.last.write_bytes((elsewhere / FULL.path(issuer)).read_bytes())

    def _revoke(self, population: Population, fate: str) -> None:
        """A subscriber's for keyCompromise with a date, or without a reason; a CA's for cessation."""
        now = self._clock.now()
        for (group, which), serial in self.serials.items():
            if which != fate:
                continue
            if group == "ca":
                population.revoke(serial, reason=RevocationReason.CESSATION_OF_OPERATION)
            elif group == "full":
                population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE, invalidity_date=now - DAY)
            else:
                population.revoke(serial)

    def _issue(self, label: str, url: str, *, is_ca: bool) -> int:
        now = self._clock.now()
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
        key = self.authority.key
        usage: Sequence[bool] = (not is_ca, False, False, False, False, is_ca, is_ca, False, False)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{label}.example")]))
            .issuer_name(self.authority.certificate.subject)
            .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
            .add_extension(x509.KeyUsage(*usage), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.certificate.public_key()),  # type: ignore[arg-type] # a CA's key
                critical=False,
            )
            .add_extension(x509.CRLDistributionPoints([point]), critical=False)
            .sign(key, algorithm_for(key.public_key()).hash_algorithm)
        )
        self._write(f"{label}.pem", certificate)
        return certificate.serial_number

    def _write(self, name: str, certificate: x509.Certificate) -> None:
        (self.folder / name).write_bytes(certificate.public_bytes(Encoding.PEM))


def _part(scope: Scope) -> str:
    return scope.name if scope.part is Part.SHARD else {FULL: "full", CA: "ca", USERS: "users"}[scope]
