"""OCSP answers, as other hands than ours read them."""

from datetime import datetime
from typing import Any

from asn1crypto import ocsp as asn1crypto_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from pkilint import loader, pkix
from pkilint.pkix import extension, name
from pkilint.pkix import ocsp as lint
from pkilint.validation import ValidationFindingSeverity

MALFORMED_REQUEST = bytes.fromhex("30030a0101")
INTERNAL_ERROR = bytes.fromhex("30030a0102")
TRY_LATER = bytes.fromhex("30030a0103")
SIG_REQUIRED = bytes.fromhex("30030a0105")
UNAUTHORIZED = bytes.fromhex("30030a0106")
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN

_LINTER = lint.create_pkix_ocsp_response_validator_container(
    [
        lint.create_response_decoder(),
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ],
    [],
)


def read(der: bytes) -> ocsp.OCSPResponse:
    """A successful answer, as `cryptography` reads it."""
    response = ocsp.load_der_ocsp_response(der)
    assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    return response


def statuses(der: bytes) -> list[ocsp.OCSPCertStatus]:
    """The statuses in an answer, in order."""
    return [single.certificate_status for single in read(der).responses]


def revocation(der: bytes) -> tuple[datetime | None, x509.ReasonFlags | None]:
    """The one revocation's time and reason."""
    (single,) = read(der).responses
    return single.revocation_time_utc, single.revocation_reason


def verify(der: bytes, signer: x509.Certificate) -> None:
    """The signature is this P-256 certificate's."""
    response, key = read(der), signer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))


def basic(der: bytes) -> Any:  # noqa: ANN401 - asn1crypto has no types
    """The BasicOCSPResponse, as asn1crypto reads it."""
    return asn1crypto_ocsp.OCSPResponse.load(der, strict=True)["response_bytes"]["response"].parsed


def lint_errors(der: bytes) -> list[str]:
    """What pkilint finds wrong with an answer, at error level and above."""
    document = loader.RFC6960OCSPResponseDocumentLoader().load_der_document(der, "answer")
    results = _LINTER.validate(document.root)
    return [
        f"{found.finding.code}: {found.message}"
        for result in results
        for found in result.finding_descriptions
        if found.finding.severity >= ValidationFindingSeverity.ERROR
    ]
