"""What identities an installation has, each usable or with what is wrong with it: one bad key hides no other."""

from collections.abc import Iterator

from pki_revocation.clock import Clock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.encoding.names import subject_text
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register.issuers import all_issuers

from .config import KeySettings
from .description import describe
from .identity import Purpose, SigningIdentity
from .keyring import Keyring


def installed_identities(installation: Installation, clock: Clock) -> Iterator[dict[str, object]]:
    """For each configured key: issuer and purpose, then key, algorithm, serial, until and summary, or the problem."""
    keyring = Keyring.open(installation, clock)
    issuers = _issuers(installation)
    known = {name for issuer in issuers for name in issuer.names}
    for name in sorted(set(installation.sections(KeySettings)) - known):
        yield {
            "issuer": name,
            "problem": f"[keys.{name}] is of no issuer here; there are: {', '.join(known) or 'none'}.",
        }
    for issuer in issuers:
        for configured, purpose, load in (
            (keyring.signs_crls_for(issuer), Purpose.CRL, keyring.crl_identity),
            (keyring.answers_ocsp_for(issuer), Purpose.OCSP, keyring.ocsp_identity),
        ):
            if not configured:
                continue
            common: dict[str, object] = {"issuer": issuer.name, "purpose": purpose.value}
            try:
                identity = load(issuer)
                yield common | {
                    "key": describe(keyring.location(issuer, purpose), identity.certificate).as_json(),
                    "algorithm": identity.algorithm.name,
                    "serial": serial_text(identity.certificate.serial_number),
                    "until": iso(identity.certificate.not_valid_after_utc),
                    "summary": _summary(identity),
                }
            except PkiError as error:
                yield common | {"problem": str(error)}


def _issuers(installation: Installation) -> tuple[Issuer, ...]:
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            return all_issuers(connection)


def _summary(identity: SigningIdentity) -> str:
    certificate = identity.certificate
    return (
        f"{identity.purpose.value} with {identity.algorithm.name} by {subject_text(certificate)}, "
        f"serial {serial_text(certificate.serial_number)}, until {iso(certificate.not_valid_after_utc)}"
    )
