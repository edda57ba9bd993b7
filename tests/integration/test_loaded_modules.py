"""Each service loads what it needs and nothing else, in the running processes, on SQLite and without a token."""

from collections.abc import Iterator

import pytest

from tests.integration.loaded_modules import loaded_modules, probed
from tests.integration.running_demo import RunningDemo, free_port_base

# What no service needs where SQLite serves and keys lie in files: what migrates, other drivers, buckets, tokens.
NOWHERE = {"alembic", "mako", "psycopg", "psycopg_binary", "psutil", "obstore", "pkcs11", "pikepdf", "lxml", "PIL"}
# What sets documents: loaded with the first one.
TYPESETTING = {"typst", "pypdf", "segno"}
# What speaks to people.
LANGUAGES = {"babel"}
FORMS = {"flask_wtf", "wtforms"}
# What holds keys, makes CRLs and answers; what checks CRLs; what reckons their times.
KEYS, CRLS, OCSP = {"keys"}, {"crl_publisher"}, {"ocsp_responder"}
SIGNING = {"keys.keyring", "keys.files", "keys.pkcs11", "crl_publisher.issuing", "crl_publisher.gate"}
LINTS = {"pkilint", "pyasn1", "validators", "asn1crypto"}
TIMES = {"apscheduler", "tzlocal"}
FORBIDDEN = {
    "web": TYPESETTING | KEYS | CRLS | OCSP | LINTS | TIMES,
    "console": TYPESETTING | LANGUAGES | FORMS | KEYS | CRLS | OCSP | LINTS | TIMES,
    "ocsp": TYPESETTING | LANGUAGES | FORMS | CRLS | LINTS | TIMES,
    # It knows signature algorithms by name, because it reads what it serves.
    "distribution": TYPESETTING | LANGUAGES | FORMS | SIGNING | OCSP | LINTS,
    "publisher": TYPESETTING | LANGUAGES | FORMS | OCSP,
    "arrivals": TYPESETTING | FORMS | KEYS | CRLS | OCSP | LINTS | TIMES,
    "notifier": TYPESETTING | FORMS | KEYS | CRLS | OCSP | LINTS | TIMES,
    # What supervises, and hands on by forking what it has loaded.
    "other": TYPESETTING | LANGUAGES | FORMS | KEYS | CRLS | OCSP | LINTS | TIMES,
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[set[str]]]]:
    """Of a demo that has published its first CRLs and answered."""
    demo = RunningDemo(
        directory=tmp_path_factory.mktemp("demo") / "demo",
        arguments=["--certificates", "1", "--workers", "2", "--port-base", str(free_port_base())],
        variables=probed(tmp_path_factory.mktemp("probe")),
    ).start()
    yield loaded_modules(demo)
    demo.stop()


@pytest.mark.parametrize("service", FORBIDDEN)
def test_service_loads_nothing_that_it_does_not_need(loaded: dict[str, list[set[str]]], service: str) -> None:
    """None of its processes has a package of its list; each service was found."""
    if service != "other":
        assert loaded[service]
    for modules in loaded.get(service, []):
        assert modules & (NOWHERE | FORBIDDEN[service]) == set()
