"""The addresses that a certificate names for its CRL (RFC 5280 section 4.2.1.13)."""

from cryptography import x509


def distribution_points(certificate: x509.Certificate) -> tuple[str, ...]:
    """The URIs of a certificate's CRL distribution points, in their order and as they stand there.

    Raises:
        ValueError, DuplicateExtension: when its extensions cannot be read.
    """
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ()
    names = (name for point in points for name in point.full_name or ())
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))
