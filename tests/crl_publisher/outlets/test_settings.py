"""[outlets.NAME]: what is refused, and that no secret is repeated while it is."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.outlets.credentials import OutletCredentials, load_credentials, variable
from crl_publisher.outlets.http_put import HttpPutOutlet
from crl_publisher.outlets.opening import open_outlet
from crl_publisher.outlets.s3 import S3Outlet
from crl_publisher.outlets.settings import OutletSettings
from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import load_section
from pki_revocation.errors import ConfigurationError

AGE = timedelta(seconds=5)


def settings(**table: Any) -> OutletSettings:  # noqa: ANN401 - what TOML gives
    """The settings of one outlet."""
    return load_section(OutletSettings, {"one": table}, "one")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An empty one."""
    (tmp_path / "config.toml").write_text("")
    return Installation.open(tmp_path)


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ({"path": "/srv/crl"}, DirectoryOutlet),
        ({"kind": "s3", "bucket": "crls", "region": "eu"}, S3Outlet),
        ({"kind": "http-put", "url": "https://origin.example/dav"}, HttpPutOutlet),
    ],
)
def test_each_kind_is_opened(table: dict[str, Any], kind: type, installation: Installation) -> None:
    """Without asking anything of it yet."""
    assert isinstance(open_outlet(installation, "one", settings(**table), max_age=lambda: AGE), kind)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "lacks path"),
        ({"kind": "s3"}, "lacks bucket"),
        ({"kind": "http-put"}, "lacks url"),
        ({"kind": "ftp"}, "none of directory, s3, http-put"),
        ({"path": "x", "bucket": "y"}, "no setting 'bucket'"),
        ({"kind": "s3", "bucket": "b", "ca_certificates": "x"}, "no setting 'ca_certificates'"),
        ({"kind": "http-put", "url": "https://user:hunter2@host/"}, "belongs into the environment"),
        ({"kind": "http-put", "url": "https://host/?token=hunter2"}, "without"),
        ({"kind": "http-put", "url": "ftp://host/"}, "http:// or https://"),
        ({"path": "x", "timeout": "0s"}, "timeout"),
    ],
)
def test_what_cannot_be_is_refused(table: dict[str, Any], words: str) -> None:
    """Each with the setting's name, and never with what may be a password."""
    with pytest.raises(ConfigurationError, match=words) as refused:
        settings(**table)

    assert "hunter2" not in str(refused.value)


def test_credentials_never_go_in_the_clear(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over plain http to anybody but this machine."""
    monkeypatch.setenv(variable("my-cdn", "token"), "hunter2")

    with pytest.raises(ConfigurationError, match=r"\[outlets.my-cdn\] would send its credentials over plain http"):
        open_outlet(installation, "my-cdn", settings(kind="http-put", url="http://cdn.example/"), max_age=lambda: AGE)
    for url in ("https://cdn.example/", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/"):
        open_outlet(installation, "my-cdn", settings(kind="http-put", url=url), max_age=lambda: AGE)


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Each by itself."""
    file = tmp_path / "credentials"
    file.write_text('username = "of the file"\npassword = "of the file"\n')
    file.chmod(0o600)

    found = load_credentials("b.2", file, {"PKI_REVOCATION_OUTLET_B_2_PASSWORD": "of the environment"})

    assert found == OutletCredentials(username="of the file", password="of the environment")
    assert "of the" not in repr(found)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ('token = "hunter2"', 0o644, "can be read by others"),
        ("token = hunter2", 0o600, "not valid TOML"),
        ('tokem = "hunter2"', 0o600, "may hold texts called token"),
        ("token = 2", 0o600, "may hold texts called token"),
        ('token = "hunter2\\r\\nX: y"', 0o600, "line break"),
    ],
)
def test_files_that_are_no_credentials_are_refused(text: str, mode: int, words: str, tmp_path: Path) -> None:
    """One sentence, without what stands in it."""
    file = tmp_path / "credentials"
    file.write_text(text)
    file.chmod(mode)

    with pytest.raises(ConfigurationError, match=words) as refused:
        load_credentials("one", file, {})

    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_missing_files_are_refused(installation: Installation, tmp_path: Path) -> None:
    """Credentials and certificates that are not there, or are none."""
    (tmp_path / "none.pem").write_text("nothing")
    for table, words in (
        ({"credentials": "missing"}, "missing cannot be read"),
        ({"ca_certificates": "none.pem"}, "none.pem holds no certificates"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            open_outlet(installation, "one", settings(kind="http-put", url="https://x/", **table), max_age=lambda: AGE)
