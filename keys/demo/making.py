"""Makes the demo's installation: keys and certificates, configuration, register, numbers, codes and letters.

Certificates are written in their places: of what was begun and not finished, the folder's marker says that it is to be
removed as a whole.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.delegation.manual import issue_here
from keys.delegation.requests import register_responder
from keys.enrolment import enrolment_key, public_half
from keys.files.file_key import save_key
from keys.keyring import Keyring
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeScheme, CodeVerifier
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper, write_private
from pki_revocation.config.settings import LOOPBACK, ContactSettings, WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register.certificates import certificate_with_serial
from pki_revocation.register.issuers import add_issuer, issuer_named
from pki_revocation.runtime.new_installation import set_up
from pki_revocation.subscribers import contacts
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.languages import Language

from .folder import DemoRefused
from .hierarchy import Addresses, Authority, issue_document_signer, issue_server, make_issuing_ca, make_root
from .ports import Ports

ISSUING = "issuing"
ROOT = "root"
SUBSCRIBERS = "subscribers.json"
LETTERS = 10
_DELEGATE_LIFETIME = timedelta(days=14)

Progress = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAddresses:
    """The addresses of the demo's services, by their ports."""

    ports: Ports

    def of(self, service: str, path: str = "") -> str:
        """The http address of *path* at a service."""
        return f"http://{LOOPBACK}:{self.ports.public(service)}{path}"

    def relying_party(self, issuer: str) -> Addresses:
        """The OCSP, CRL and certificate addresses that an issuer's certificates name."""
        return Addresses(
            ocsp=self.of("ocsp", "/ocsp"),
            crl=self.of("distribution", f"/crl/{issuer}.crl"),
            ca_certificate=self.of("distribution", f"/aia/{issuer}.cer"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What a demo is made of: key type, number of certificates, and where it listens."""

    directory: Path
    certificates: int
    key_type: str
    database_url: str | None
    addresses: DemoAddresses


def make_demo(plan: DemoPlan, clock: Clock, progress: Progress) -> Installation:
    """Make everything in an empty folder; *progress* is told what is being done and gives a counter of it.

    Raises:
        DemoRefused: when the database given already holds a register.
    """
    if plan.database_url is not None:
        _refuse_used(plan.database_url)
    installation = set_up(plan.directory, _config(plan))
    with installation.database() as database:
        root, issuing = _make_authorities(plan, clock)
        issuers = _register(database, (ROOT, root.certificate), (ISSUING, issuing.certificate), clock=clock)
        _register_responder(installation, database, issuers[ISSUING], clock)
        renew_delegate(installation, issuers[ISSUING], clock)
        paths = _make_certificates(plan, issuing, clock, progress("certificates", plan.certificates))
        _make_receipt_signer(plan, issuing, clock)
        # The issuing CA's own certificate too: the root's CRL and OCSP speak of it.
        paths.append(plan.directory / "issuer.pem")
        report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run(paths)
        if report.refused:
            raise DemoRefused(f"The demo's certificates could not all be registered. {report.text()}")
        _make_codes(installation, database, clock, progress)
    return installation


def renew_delegate(installation: Installation, issuer: Issuer, clock: Clock) -> None:
    """Give the responder its first certificate, and a new one when the demo was stopped until that ended."""
    folder = Keyring.open(installation, clock).delegates(issuer)
    if folder is not None and folder.current(clock.now()) is None:
        issue_here(installation, issuer, lifetime=_DELEGATE_LIFETIME, key_type=_key_type(installation))


def _register_responder(installation: Installation, database: Database, issuer: Issuer, clock: Clock) -> None:
    folder = Keyring.open(installation, clock).delegates(issuer)
    if folder is not None:
        folder.prepare()
        public = public_half(enrolment_key(folder.enrolment))
        with database.write() as connection:
            register_responder(connection, issuer, "demo", public, clock.now())


def _key_type(installation: Installation) -> str:
    return (installation.path("keys") / "type").read_text("ascii").strip()


def _refuse_used(url: str) -> None:
    with Database(url) as database:
        if database.is_set_up():
            raise DemoRefused(f"The database {database} holds a register already: give the demo an empty one.")


def _make_authorities(plan: DemoPlan, clock: Clock) -> tuple[Authority, Authority]:
    now = clock.now()
    root = make_root(plan.key_type, now)
    issuing = make_issuing_ca(root, plan.key_type, now, plan.addresses.relying_party(ROOT))
    folder = plan.directory / "keys"
    folder.mkdir(mode=0o700)
    (folder / "type").write_text(plan.key_type, "ascii")
    for name, authority in ((ROOT, root), (ISSUING, issuing)):
        save_key(authority.key, folder / f"{name}.key")
    pems = {name: each.certificate.public_bytes(Encoding.PEM) for name, each in ((ROOT, root), (ISSUING, issuing))}
    (plan.directory / "issuer.pem").write_bytes(pems[ISSUING])
    (plan.directory / "root.pem").write_bytes(pems[ROOT])
    (plan.directory / "chain.pem").write_bytes(pems[ISSUING] + pems[ROOT])
    return root, issuing


def _register(database: Database, *authorities: tuple[str, x509.Certificate], clock: Clock) -> dict[str, Issuer]:
    issuers = {}
    with database.write() as connection:
        for name, certificate in authorities:
            issuers[name] = add_issuer(
                connection, name=name, certificate=certificate, is_default=name == ISSUING, clock=clock
            )
            AuditTrail(clock).record(
                connection, "issuer.added", {"issuer": name, "serial": serial_text(certificate.serial_number)}
            )
    return issuers


def _make_certificates(plan: DemoPlan, issuing: Authority, clock: Clock, count: Callable[[int], None]) -> list[Path]:
    folder = plan.directory / "certificates"
    folder.mkdir(mode=0o700)
    width = len(str(plan.certificates))
    paths = []
    for place in range(plan.certificates):
        key, certificate = issue_server(issuing, place, clock.now(), plan.addresses.relying_party(ISSUING))
        path = folder / f"{place + 1:0{width}d}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        save_key(key, path.with_suffix(".key"))
        paths.append(path)
        count(place + 1)
    return paths


def _make_receipt_signer(plan: DemoPlan, issuing: Authority, clock: Clock) -> None:
    """The key that signs receipts, which the page's service holds; it is of no CA and of no subscriber."""
    key, certificate = issue_document_signer(issuing, clock.now(), plan.addresses.relying_party(ISSUING))
    folder = plan.directory / "receipts"
    folder.mkdir(mode=0o700)
    save_key(key, folder / "signer.key")
    (folder / "signer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def _make_codes(installation: Installation, database: Database, clock: Clock, progress: Progress) -> None:
    """A code for each certificate, kept in a file of the demo's own, and letters for the first few."""
    with database.read() as connection:
        issuer = issuer_named(connection, ISSUING)
        files = {_load(path).serial_number: path for path in sorted(installation.path("certificates").glob("*.pem"))}
        known = {serial: certificate_with_serial(connection, issuer.id, serial) for serial in files}
    maker = LetterMaker(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        verifier=CodeVerifier(load_pepper(installation), CodeScheme.ARGON2ID),
        public_url=installation.section(WebSettings).public_url,
        language=Language.DUTCH,
        contact=installation.section(ContactSettings),
    )
    ids = [certificate.id for certificate in known.values() if certificate is not None]
    with database.write() as connection:
        for place, each in enumerate(ids):
            contact = Contact(email=f"beheer@zorgverzekeraar-{place + 1}.example", language="en" if place % 2 else "nl")
            contacts.store(connection, each, contact)
    first, rest = ids[:LETTERS], ids[LETTERS:]
    issued = maker.issue_codes(
        first, letters=installation.path("letters"), progress=progress("codes with letters", len(first))
    )
    if rest:
        issued += maker.issue_codes(rest, progress=progress("codes", len(rest)))
    subscribers = [
        {
            "number": each.number,
            "code": each.code,
            "serial": serial_text(serial),
            "certificate": str(path.relative_to(installation.directory)),
            "key": str(path.with_suffix(".key").relative_to(installation.directory)),
        }
        for each, (serial, path) in zip(issued, files.items(), strict=True)
    ]
    write_private(installation.path(SUBSCRIBERS), json.dumps(subscribers, indent=1) + "\n")


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _config(plan: DemoPlan) -> str:
    ports, addresses = plan.addresses.ports, plan.addresses
    database = plan.database_url or "sqlite:///revocation.db"
    return f"""\
# The demo's configuration. In production the page and the console are https behind a proxy.

[database]
url = {json.dumps(database)}

[web]
port = {ports.public("web")}
operations_port = {ports.operations("web")}
public_url = {json.dumps(addresses.of("web"))}

[console]
port = {ports.public("console")}
operations_port = {ports.operations("console")}

[contact]
organisation = "Demo Register"
post = "Demo Register\\nAfdeling Certificaten\\nPostbus 12345\\n2500 AB Den Haag"
email = "intrekken@register.example"
phone = "070 000 00 00"
hours = "Op werkdagen van 8.00 tot 18.00 uur"
hours_en = "On working days from 8:00 to 18:00"
emergency_phone = "070 000 00 01"
cps_url = "https://register.example/cps"
privacy_url = "https://register.example/privacy"
accessibility_url = "https://register.example/toegankelijkheid"
trust_anchor_url = {json.dumps(addresses.of("distribution", f"/aia/{ROOT}.cer"))}
new_certificate_url = "https://register.example/aanvragen"

[receipts]
trust_anchors = ["root.pem"]
key = "receipts/signer.key"
certificate = "receipts/signer.pem"

[ocsp]
port = {ports.public("ocsp")}
operations_port = {ports.operations("ocsp")}
public_url = {json.dumps(addresses.of("ocsp", "/ocsp"))}

[distribution]
port = {ports.public("distribution")}
operations_port = {ports.operations("distribution")}
public_url = {json.dumps(addresses.of("distribution"))}

[arrivals]
operations_port = {ports.operations("arrivals")}

[letters]
folder = "letters"
# Nobody gets these letters: they may print an address of this machine. No other installation says so.
for_demonstration = true

[notification]
delivery = "folder"
folder = "mails"
operations_port = {ports.operations("notifier")}

[publisher]
operations_port = {ports.operations("publisher")}
period = "1h"
publish_within = "5s"

# The demo's keys lie on disk without a passphrase: never do that with a real CA's.
[keys.root]
crl_key = "keys/root.key"
unencrypted = true

[keys.issuing]
crl_key = "keys/issuing.key"
ocsp_delegates = "keys/issuing-ocsp"
ocsp_key_type = "{plan.key_type}"
unencrypted = true
"""
