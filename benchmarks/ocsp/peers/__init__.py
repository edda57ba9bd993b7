"""Other responders, where they install: each with its own server and the same load."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.ocsp.contenders import Contender
from benchmarks.ocsp.installation import Prepared

from .cfssl import cfssl
from .django_ca import django_ca
from .openssl import openssl

Peer = Callable[[Prepared, Path], AbstractContextManager[Contender]]

PEERS: dict[str, Peer] = {"cfssl": cfssl, "django-ca": django_ca, "openssl": openssl}
