"""Where the installation's own OCSP responder and CRLs are asked: on this machine, and by their public address.

The sections belong to the packages above the core; of them only the address is read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK

_EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}  # noqa: S104 - read, not listened on


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAddress:
    """A service by the address that the public knows, and the one on which it listens on this machine."""

    public: str
    here: str

    def below(self, path: str) -> "ServiceAddress":
        """The address of *path* below this one."""
        return ServiceAddress(public=f"{self.public.rstrip('/')}/{path}", here=f"{self.here.rstrip('/')}/{path}")

    @property
    def candidates(self) -> tuple[str, ...]:
        """The two addresses in the order in which they are tried."""
        return tuple(dict.fromkeys((self.here, self.public)))


def ocsp_address(installation: Installation) -> ServiceAddress:
    """The responder's, from [ocsp]."""
    return _address(installation, "ocsp", 8462, "/ocsp")


def distribution_address(installation: Installation) -> ServiceAddress:
    """Where CRLs are published, from [distribution]."""
    return _address(installation, "distribution", 8463, "")


def crl_path(issuer_name: str, scope: str) -> str:
    """Where a CRL lies below the distribution's address.

    Args:
        issuer_name: the CA's.
        scope: as the record of CRLs names it: full, shard-7, ca, users, each also with -delta behind it.
    """
    complete = scope.removesuffix("-delta")
    tail = "-delta" if complete != scope else ""
    if complete == "full":
        return f"crl/{issuer_name}{tail}.crl"
    return f"crl/{issuer_name}/{complete.removeprefix('shard-')}{tail}.crl"


def _address(installation: Installation, section: str, port: int, path: str) -> ServiceAddress:
    table = installation.document.get(section, {})
    settings: Mapping[str, Any] = table if isinstance(table, Mapping) else {}
    public = str(settings.get("public_url", f"http://{LOOPBACK}:{port}{path}"))
    host = str(settings.get("host", LOOPBACK))
    host = _EVERYWHERE.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    return ServiceAddress(public=public, here=f"http://{shown}:{settings.get('port', port)}{urlsplit(public).path}")
