"""pkilint's word on a CRL: RFC 5280's profile, or the Baseline Requirements' as well."""

import logging
from collections.abc import Callable
from functools import cache

from pkilint import loader, pkix
from pkilint.cabf import cabf_crl
from pkilint.pkix import crl, extension, name
from pkilint.validation import ValidationFindingSeverity, ValidationResult

from crl_publisher.config import LintProfile

from .findings import Findings

# It reports each value that it decodes.
logging.getLogger("pkilint").setLevel(logging.WARNING)


def lint_with_pkilint(data: bytes, profile: LintProfile, findings: Findings, *, authorities: bool) -> None:
    """Add what pkilint finds, errors as errors and warnings as warnings.

    Args:
        data: a CRL of few entries: each takes it a millisecond.
        profile: which rules; not none.
        findings: gets crl.lint.… with pkilint's own codes.
        authorities: whether it is a CRL of CA certificates, which may be good for a year (BR 7.2).
    """
    for result in _validator(profile, authorities)(data):
        for found in result.finding_descriptions:
            severity = found.finding.severity
            message = f"{found.finding.code}: {found.message or result.node.path}."
            if severity >= ValidationFindingSeverity.ERROR:
                findings.error(f"crl.lint.{found.finding.code}", message)
            elif severity >= ValidationFindingSeverity.WARNING:
                findings.warning(f"crl.lint.{found.finding.code}", message)


@cache
def _validator(profile: LintProfile, authorities: bool) -> Callable[[bytes], list[ValidationResult]]:  # noqa: FBT001 - cached by place
    kind = crl.CertificateRevocationListType["ARL" if authorities else "CRL"]
    validity, others = [], []
    if profile is LintProfile.BR:
        validity.append(cabf_crl.create_validity_period_validator(kind))
        others.append(cabf_crl.CabfCrlReasonCodeAllowlistValidator(kind))
    validator = crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container(validity),
            crl.create_extensions_validator_container([]),
            *others,
        ],
    )

    def validate(data: bytes) -> list[ValidationResult]:
        document = loader.RFC5280CertificateListDocumentLoader().load_der_document(data, "the CRL")
        results: list[ValidationResult] = validator.validate(document.root)
        return results

    return validate
