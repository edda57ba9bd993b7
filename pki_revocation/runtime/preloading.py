"""What the supervisor imports before it forks, so that all services have one copy of it in memory.

Only what most services import anyway, from outside and from the core: nothing of `keys`, `crl_publisher` and
`ocsp_responder`, which the subscriber's service must not even have loaded, and nothing that opens or starts anything.
"""

import gc
import importlib

MODULES = (
    "asyncio",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509.ocsp",
    "flask",
    "httptools",
    "prometheus_client",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.pool",
    "uvloop",
    "wsgiref.simple_server",
    "pki_revocation.audit",
    "pki_revocation.config.installation",
    "pki_revocation.database.engine",
    "pki_revocation.database.lease",
    "pki_revocation.database.schema",
    "pki_revocation.http_server.worker",
    "pki_revocation.journal",
    "pki_revocation.register.certificates",
    "pki_revocation.runtime.operations",
    "pki_revocation.runtime.serving",
)


def preload() -> None:
    """Import it, and keep the garbage collector from writing to it: a page that is written to is shared no more."""
    for name in MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
