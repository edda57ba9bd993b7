"""`pkcs11:` URIs (RFC 7512) name a key, and never hold a PIN."""

from pathlib import Path

import pytest

from keys.pkcs11.uri import Pkcs11Uri
from pki_revocation.errors import ConfigurationError


def test_all_that_names_a_key_is_read() -> None:
    """RFC 7512 section 2.3: percent-encoded text, and an id of any octets."""
    uri = Pkcs11Uri.parse(
        "pkcs11:token=The%20CA;manufacturer=Maker;model=M1;serial=42;object=iss%C3%BCing;id=%01%FFa;type=private"
        "?module-path=/opt/hsm/lib.so"
    )

    assert (uri.token.token, uri.token.manufacturer, uri.token.model, uri.token.serial) == (
        "The CA",
        "Maker",
        "M1",
        "42",
    )
    assert (uri.label, uri.id, uri.module) == ("issüing", b"\x01\xffa", Path("/opt/hsm/lib.so"))
    assert str(uri) == (
        "key with label 'issüing' and id 01ff61 on the token with token 'The CA', manufacturer 'Maker', "
        "model 'M1', serial '42'"
    )


@pytest.mark.parametrize("location", ["pkcs11:object=a;{}?module-path=/m.so", "pkcs11:object=a?module-path=/m.so&{}"])
@pytest.mark.parametrize("pin", ["pin-value=1234", "pin-source=file:/etc/1234"])
def test_pin_is_refused_and_not_repeated(location: str, pin: str) -> None:
    """A PIN never stands in the configuration, and the refusal does not show it."""
    with pytest.raises(ConfigurationError, match="holds no PIN") as refused:
        Pkcs11Uri.parse(location.format(pin))

    assert "1234" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file:/a", "begins with pkcs11:"),
        ("pkcs11:?module-path=/m.so", "does not say which key"),
        ("pkcs11:token=a?module-path=/m.so", "does not say which key"),
        ("pkcs11:object=a", "names no module"),
        ("pkcs11:object=a?module-path=m.so", "must begin with a slash"),
        ("pkcs11:object=a?module-name=none-such", "no PKCS#11 module 'none-such'"),
        ("pkcs11:object=a?module-name=../m", "names no module"),
        ("pkcs11:object=a;object=b?module-path=/m.so", "not written as"),
        ("pkcs11:object?module-path=/m.so", "not written as"),
        ("pkcs11:object=%FF?module-path=/m.so", "not UTF-8"),
        ("pkcs11:object=a;type=public?module-path=/m.so", "must name a private key"),
        ("pkcs11:object=a;x-vendor=b?module-path=/m.so", "'x-vendor' that names no key"),
        ("pkcs11:object=a?module-path=/m.so&x-vendor=b", "'x-vendor', which is not supported"),
    ],
)
def test_everything_else_is_one_sentence(text: str, says: str) -> None:
    """What leaves open which key is meant, and what is not understood."""
    with pytest.raises(ConfigurationError, match=says):
        Pkcs11Uri.parse(text)
