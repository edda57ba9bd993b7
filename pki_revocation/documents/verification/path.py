"""The path from a CA to a root that the checker trusts (RFC 5280 section 6.1), as of one moment.

What this does not know it refuses: a critical extension that is not listed here, and constraints on names.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

# No chain in use is longer.
_LONGEST = 8
_KNOWN = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.INHIBIT_ANY_POLICY,
}
_UNREADABLE = (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def anchor_above(
    authority: x509.Certificate,
    between: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    moment: datetime,
) -> x509.Certificate:
    """The trusted root that a CA's certificate leads to.

    Args:
        authority: the CA's certificate, which may itself be a root that is trusted.
        between: certificates that may stand between the two; nothing of them is trusted.
        anchors: the roots.
        moment: when all of the path is to be valid.

    Raises:
        ValueError: with half a sentence, when it leads to none of them.
    """
    _refuse_unfit(authority, below=0, moment=moment)
    current = authority
    for below in range(1, _LONGEST):
        if current in anchors:
            return current
        anchor = next((each for each in anchors if is_issued(current, each)), None)
        if anchor is not None:
            _refuse_unfit(anchor, below=below, moment=moment)
            return anchor
        above = next((each for each in between if each != current and is_issued(current, each)), None)
        if above is None:
            break
        _refuse_unfit(above, below=below, moment=moment)
        current = above
    raise ValueError("it does not lead to a root that you trust")


def is_issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    """Whether a certificate names the other as its issuer, and bears its key's signature."""
    try:
        certificate.verify_directly_issued_by(by)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _refuse_unfit(authority: x509.Certificate, *, below: int, moment: datetime) -> None:
    """Refuse what is no CA with *below* CAs under it, or was not valid then."""
    if not authority.not_valid_before_utc <= moment <= authority.not_valid_after_utc:
        raise ValueError("a certificate on the way to the root was not valid then")
    try:
        extensions = authority.extensions
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        usages = [each.value for each in extensions if isinstance(each.value, x509.KeyUsage)]
        unknown = [each.oid.dotted_string for each in extensions if each.critical and each.oid not in _KNOWN]
    except x509.ExtensionNotFound:
        raise ValueError("a certificate on the way to the root is no CA's") from None
    except _UNREADABLE:
        raise ValueError("a certificate on the way to the root cannot be read") from None
    if not constraints.ca or any(not each.key_cert_sign for each in usages):
        raise ValueError("a certificate on the way to the root is no CA's")
    if constraints.path_length is not None and constraints.path_length < below:
        raise ValueError("a certificate on the way to the root allows no such path")
    if unknown:
        raise ValueError(f"a certificate on the way to the root has a critical extension ({unknown[0]}) not known here")
