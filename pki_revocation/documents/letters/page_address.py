"""Whether the page's address may be printed in letters: subscribers reach it for years, and give their codes there."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from pki_revocation.errors import ConfigurationError

# RFC 6761 section 6.3, and what resolvers add to it.
_LOCAL_NAMES = ("localhost", "localhost.localdomain")


class PageNotPublic(ConfigurationError):
    """[web] public_url is none that a letter may print."""


def refuse_unfit_address(public_url: str) -> None:
    """Refuse an address that is this machine's own, or that codes would be sent to in the clear.

    Raises:
        PageNotPublic: saying what is wrong with it.
    """
    try:
        parts = urlsplit(public_url)
        host = parts.hostname or ""
    except ValueError:
        raise PageNotPublic(_sentence(public_url, "it is no address")) from None
    if parts.scheme.lower() != "https":
        raise PageNotPublic(_sentence(public_url, "it does not begin with https://"))
    if _is_local(host):
        raise PageNotPublic(_sentence(public_url, "no subscriber reaches it"))


def _is_local(host: str) -> bool:
    name = host.rstrip(".").lower()
    if not name or name in _LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified or mapped.is_link_local)


def _sentence(public_url: str, what: str) -> str:
    return (
        f"No letters are made while [web] public_url is {public_url!r}: {what}, and every letter prints it. Set it to "
        "the https address of the page."
    )
