"""The extensions that a CRL must have, as another library makes them; the gate compares, criticality included."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

from crl_publisher.crl.crl_extensions import EXPIRED_CERTS_ON_CRL, NEXT_CRL_PUBLISH, CrlParameters
from crl_publisher.crl.reading import ParsedCrl
from crl_publisher.plan import Plan
from crl_publisher.scope import Part, Scope
from keys.identity import subject_key_identifier
from pki_revocation.clock import iso

from . import tolerance
from .findings import Findings

_FIRST_GENERALIZED_YEAR = 2050


def check_extensions(crl: ParsedCrl, plan: Plan, findings: Findings) -> None:
    """Exactly the planned ones are there: a complete CRL of everything has no issuingDistributionPoint (BR 7.2.2.1)."""
    expected = {each.oid: each for each in _expected(plan)}
    for extension in crl.extensions:
        wanted = expected.pop(extension.oid, None)
        oid = extension.oid.dotted_string
        if wanted is None:
            if not tolerance.let_extension_through(extension, plan, findings):
                findings.error("crl.extension.unexpected", f"The extension {oid} has no place here.")
        elif extension.critical != wanted.critical:
            findings.error("crl.extension.criticality", f"The extension {oid} is marked critical wrongly.")
        elif extension.oid == x509.CRLNumber.oid:
            continue  # The number has its own findings.
        elif extension.value != wanted.value and not tolerance.let_value_through(extension, plan, findings):
            findings.error(_kind(extension.oid), f"The extension {oid} is {extension.value}, not {wanted.value}.")
    for oid in expected:
        if oid != x509.CRLNumber.oid:
            findings.error(_kind(oid), f"The extension {oid.dotted_string} is missing.")


def scope_named_by(crl: ParsedCrl, scopes: Sequence[Scope]) -> Scope | None:
    """Which of the complete scopes a CRL says that it is of; None when it is none of them.

    Raises:
        UnreadableCrl: when its extensions are broken.
    """
    try:
        found = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        found = None
    for scope in scopes:
        if found == (None if scope.part is Part.ALL else _distribution_point(scope)):
            return scope
    return None


def _kind(oid: x509.ObjectIdentifier) -> str:
    return {
        x509.AuthorityKeyIdentifier.oid: "crl.aki",
        x509.IssuingDistributionPoint.oid: "crl.idp",
        x509.DeltaCRLIndicator.oid: "crl.base-number",
        x509.FreshestCRL.oid: "crl.freshest",
    }.get(oid, "crl.extension.value")


def _expected(plan: Plan) -> list[x509.Extension[x509.ExtensionType]]:
    said = plan.parameters
    identifier = _subject_key_identifier(plan.certificate)
    expected = [
        _extension(x509.AuthorityKeyIdentifier(identifier, None, None)),
        _extension(x509.CRLNumber(said.number)),
    ]
    if said.base_number is not None:
        expected.append(_extension(x509.DeltaCRLIndicator(said.base_number), critical=True))
    if said.scope.part is not Part.ALL:
        expected.append(_extension(_distribution_point(said.scope), critical=True))
    if said.freshest is not None:
        expected.append(_extension(x509.FreshestCRL([x509.DistributionPoint(_names(said.freshest), None, None, None)])))
    return expected + _others(said)


def _others(said: CrlParameters) -> list[x509.Extension[x509.ExtensionType]]:
    """The planned extensions that `cryptography` has no class for, with their values as DER."""
    others = []
    if said.next_publish is not None:
        others.append((NEXT_CRL_PUBLISH, _time(said.next_publish)))
    if said.expired_kept_since is not None:
        others.append((EXPIRED_CERTS_ON_CRL, _generalized(said.expired_kept_since)))
    return [_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)) for oid, value in others]


def _distribution_point(scope: Scope) -> x509.IssuingDistributionPoint:
    """RFC 5280 section 5.2.5: a shard by its address, the others by what they contain."""
    return x509.IssuingDistributionPoint(
        full_name=_names(scope.url) if scope.part is Part.SHARD else None,
        relative_name=None,
        only_contains_user_certs=scope.part is Part.USERS,
        only_contains_ca_certs=scope.part is Part.CA,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


def _names(url: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(url)]


def _time(moment: datetime) -> bytes:
    if moment.year < _FIRST_GENERALIZED_YEAR:
        return b"\x17\x0d" + _digits(moment)[2:]
    return b"\x18\x0f" + _digits(moment)


def _generalized(moment: datetime) -> bytes:
    return b"\x18\x0f" + _digits(moment)


def _digits(moment: datetime) -> bytes:
    """YYYYMMDDHHMMSSZ, by way of the form that people read."""
    return iso(moment).replace("-", "").replace(":", "").replace("T", "").encode()


def _extension(value: x509.ExtensionType, *, critical: bool = False) -> x509.Extension[x509.ExtensionType]:
    return x509.Extension(value.oid, critical, value)


def _subject_key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except ValueError:
        # Extensions that cannot be decoded all together: no second reader is at hand for the one.
        return subject_key_identifier(certificate)
    except x509.ExtensionNotFound:
        key = cast("CertificateIssuerPublicKeyTypes", certificate.public_key())
        return x509.SubjectKeyIdentifier.from_public_key(key).digest
