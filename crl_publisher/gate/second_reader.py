"""A second reader of the frame: asn1crypto, which shares no code with what built the CRL, nor with what read it first.

`cryptography` is strict about DER, and asn1crypto gives the very bytes but takes BER: both must make the same of a CRL
for it to be right. asn1crypto needs 300 µs an entry, so it never gets the list.
"""

from asn1crypto.core import Void
from asn1crypto.crl import CertificateList

from crl_publisher.crl.frame import Frame
from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding.plain_cause import plain_cause

from .findings import Findings

_GENERALIZED = "general_time"


def check_second_reading(frame: Frame, findings: Findings) -> None:
    """Hold what asn1crypto reads against the frame.

    Args:
        frame: as it was read.
        findings: gets each field of which the two make different things.

    Raises:
        UnreadableCrl: when asn1crypto can make nothing of it.
    """
    try:
        second = _fields(frame.with_entries(()))
    except Exception as error:  # asn1crypto raises whatever its parts raise
        raise UnreadableCrl(f"The frame of the CRL is broken: {plain_cause(error)}.") from error
    first = {
        "the version": frame.is_version_2,
        "the inner algorithm": frame.inner_algorithm,
        "the outer algorithm": frame.outer_algorithm,
        "the issuer": frame.issuer,
        "thisUpdate": (frame.this_update, frame.is_generalized[0]),
        "nextUpdate": (frame.next_update, frame.is_generalized[1]),
        "the CRLNumber": frame.number,
        "the signature": frame.signature,
    }
    for name, value in first.items():
        if second[name] != value:
            findings.error("crl.frame.ambiguous", f"Two readers make different things of {name}.")


def _fields(small: bytes) -> dict[str, object]:
    whole = CertificateList.load(small, strict=True)
    inner = whole["tbs_cert_list"]
    this_update, next_update = inner["this_update"], inner["next_update"]
    number = whole.crl_number_value
    return {
        "the version": inner["version"].native == "v2",
        "the inner algorithm": inner["signature"].dump(),
        "the outer algorithm": whole["signature_algorithm"].dump(),
        "the issuer": inner["issuer"].dump(),
        "thisUpdate": (this_update.native, this_update.name == _GENERALIZED),
        "nextUpdate": (None, False)
        if isinstance(next_update, Void)
        else (next_update.native, next_update.name == _GENERALIZED),
        "the CRLNumber": None if number is None else number.native,
        "the signature": whole["signature"].native,
    }
