"""Configuration: what is wrong is said with its place, what was found, and what is allowed."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from pki_revocation.codes import CodeScheme
from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import duration, duration_text, load_section, read_document, setting
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A section with a field of each kind."""

    section: ClassVar[str] = "example"
    name: str = setting("x")
    count: int = setting(1, minimum=1, maximum=5)
    period: timedelta = setting(timedelta(hours=1), maximum=timedelta(hours=24), clause="ETSI CSS-6.3.9-05")
    on: bool = setting(default=False)
    file: Path | None = setting(None)
    scheme: CodeScheme = setting(CodeScheme.ARGON2ID)


def test_defaults_stand_where_nothing_is_said() -> None:
    """A missing table leaves every default."""
    assert load_section(Example, {}) == Example()


def test_every_kind_of_value_is_read() -> None:
    """Text, numbers, lengths of time, truth, paths and names from a list."""
    table = {"name": "y", "count": 5, "period": "90m", "on": True, "file": "a/b", "scheme": "keyed-hash"}

    assert load_section(Example, {"example": table}) == Example(
        name="y", count=5, period=timedelta(minutes=90), on=True, file=Path("a/b"), scheme=CodeScheme.KEYED_HASH
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"nmae": "x"}, r"\[example\] has an unknown setting 'nmae'; known are: name"),
        ({"count": 6}, r"count is 6, and may be 1 to 5"),
        ({"count": True}, "True is not int"),
        ({"count": "3"}, "'3' is not int"),
        ({"period": "25h"}, r"period is 25h, and may be 1d \(ETSI CSS-6\.3\.9-05\)"),
        ({"period": "soon"}, "no length of time"),
        ({"period": 60}, "60 is not a length of time"),
        ({"scheme": "md5"}, "none of argon2id, keyed-hash"),
        ({"on": "yes"}, "is not bool"),
    ],
)
def test_wrong_settings_are_named(table: dict[str, object], says: str) -> None:
    """Each refusal names the setting, what was found, what is allowed, and the clause where there is one."""
    with pytest.raises(ConfigurationError, match=says):
        load_section(Example, {"example": table})


def test_unknown_section_is_an_error(tmp_path: Path) -> None:
    """A misspelt section is not silently ignored."""
    path = tmp_path / "config.toml"
    path.write_text("[wbe]\nport = 1\n")
    with pytest.raises(ConfigurationError, match=r"unknown section \[wbe\]; known are: .*web"):
        read_document(path)


@pytest.mark.parametrize("text", ["[web", "a = \xff"])
def test_broken_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    """Broken TOML, and what is no text at all."""
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        read_document(path)


def test_missing_installation_says_how_to_name_or_make_one(tmp_path: Path) -> None:
    """The commonest mistake gets the longest help."""
    with pytest.raises(ConfigurationError, match=r"--directory DIR.*init"):
        Installation.open(tmp_path)


def test_installation_gives_sections_and_paths(tmp_path: Path) -> None:
    """Relative paths lie in the folder; a port out of range is refused when its section is asked for."""
    (tmp_path / "config.toml").write_text('[web]\nport = 9000\n[keys.issuing]\ncrl_key = "keys/a.key"\n')
    installation = Installation.open(tmp_path)

    assert installation.section(WebSettings).port == 9000
    assert installation.path("keys/a.key") == tmp_path.resolve() / "keys/a.key"
    assert str(tmp_path.resolve()) in str(installation.database())


def test_database_address_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in the address need not lie in the file."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.setenv("PKI_REVOCATION_DATABASE_URL", "postgresql://user:geheim@127.0.0.1/register")

    assert str(Installation.open(tmp_path).database()).endswith("user:***@127.0.0.1/register")


@pytest.mark.parametrize("text", ["0s", "90s", "5m", "24h", "1d", "7d"])
def test_durations_are_written_as_they_were_read(text: str) -> None:
    """Reading and writing are each other's inverse, up to the largest exact unit."""
    assert duration(duration_text(duration(text))) == duration(text)


@pytest.mark.parametrize(
    "address",
    [
        "www.register.example", "/cps", "ftp://register.example", "https://", "https:///cps", "https://a b", "http://[",
        'https://a/"onclick', "https://a/<b>", "javascript:alert(1)", "https://a/\x00",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "name", ["cps_url", "privacy_url", "accessibility_url", "trust_anchor_url", "new_certificate_url"]
)
def test_address_that_no_link_leads_to_is_refused(name: str, address: str) -> None:
    """At the start, and with the setting's name, not to a subscriber who follows it."""
    with pytest.raises(ConfigurationError, match=rf"\[contact\] {name}: .* is not a web address"):
        load_section(ContactSettings, {"contact": {name: address}})


@pytest.mark.parametrize("address", ["", "https://register.example", "http://127.0.0.1:8000/cps?x=1#y"])
def test_address_of_a_page_is_taken(address: str) -> None:
    """Or none."""
    assert load_section(ContactSettings, {"contact": {"cps_url": address}}).cps_url == address
