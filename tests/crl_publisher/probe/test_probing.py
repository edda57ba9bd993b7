"""The probe finds what a relying party would refuse, says since when, and is silent when all is well."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from crl_publisher.probe.probing import Probe
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotFound
from tests.crl_publisher.probe.conftest import HOUR, Crafted, Public
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

PATH = "crl/issuing.crl"
Recorded = Callable[..., None]


def ids(probe: Probe) -> list[str]:
    """What is wrong at the one address."""
    (state,) = probe.probe()
    return [finding.id for finding in state.findings]


def test_right_crl_has_no_finding(probe: Probe, public: Public, crafted: Crafted, recorded: Recorded) -> None:
    """Fetched once, by its public address."""
    data = crafted()
    recorded(data)
    public.show(PATH, data)

    (state,) = probe.probe()

    assert state.findings == ()
    assert (state.number, state.wrong_since, state.url) == (5, None, f"{public.url}/{PATH}")
    assert public.asked == [f"/{PATH}"]
    assert REGISTRY.get_sample_value("crl_probe_alarm", {"path": PATH}) == 0


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        ({"number": None}, ["probe.number"]),
        ({"number": 4}, ["probe.behind"]),
        ({"number": 6}, ["probe.ahead"]),
        ({"entries": 2}, ["probe.different"]),
        ({"entries": 0}, ["probe.different", "probe.empty"]),
        ({"this_update": HOUR}, ["probe.future", "probe.different"]),
        ({"next_update": timedelta(0)}, ["probe.expired", "probe.different"]),
        ({"next_update": timedelta(minutes=19)}, ["probe.not-fresh", "probe.different"]),
        ({"base": 3}, ["probe.delta", "probe.different"]),
        ({"point": "http://elsewhere/crl"}, ["probe.partial", "probe.wrong-distribution-point", "probe.different"]),
        ({"only_ca": True}, ["probe.partial", "probe.different"]),
    ],
)
def test_each_wrong_crl_is_found(
    made: dict[str, Any],
    wrong: list[str],
    probe: Probe,
    public: Public,
    crafted: Crafted,
    recorded: Recorded,
    clock: FakeClock,
) -> None:
    """One property wrong, one finding of its own, beside that it is not what was published."""
    recorded(crafted())
    for name in ("this_update", "next_update"):
        if name in made:
            made = made | {name: clock.now() + made[name]}
    public.show(PATH, crafted(**made))

    assert ids(probe) == wrong
    assert REGISTRY.get_sample_value("crl_probe_alarm", {"path": PATH}) == 1


@pytest.mark.parametrize(
    ("scope", "path", "made", "wrong"),
    [
        ("shard-7", "crl/issuing/7.crl", {"point": "{url}/crl/issuing/7.crl"}, []),
        ("shard-7", "crl/issuing/7.crl", {"point": "{url}/crl/issuing/8.crl"}, ["probe.wrong-distribution-point"]),
        ("shard-7", "crl/issuing/7.crl", {}, ["probe.no-distribution-point"]),
        ("ca", "crl/issuing/ca.crl", {"only_ca": True}, []),
        ("users", "crl/issuing/users.crl", {}, ["probe.no-distribution-point"]),
        ("full-delta", "crl/issuing-delta.crl", {"base": 3}, []),
        ("full-delta", "crl/issuing-delta.crl", {}, ["probe.not-delta"]),
        ("shard-7-delta", "crl/issuing/7-delta.crl", {"base": 3, "point": "{url}/crl/issuing/7.crl"}, []),
    ],
)
def test_parts_and_deltas_are_what_they_should_be(
    scope: str,
    path: str,
    made: dict[str, Any],
    wrong: list[str],
    probe: Probe,
    public: Public,
    crafted: Crafted,
    recorded: Recorded,
) -> None:
    """A shard names the very address that it was fetched from (RFC 5280 section 6.3.3)."""
    if "point" in made:
        made = made | {"point": made["point"].format(url=public.url)}
    data = crafted(**made)
    recorded(data, scope=scope)
    public.show(path, data)

    assert ids(probe) == wrong


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({"Content-Type": "text/html; charset=utf-8"}, ["probe.media-type"]),
        ({"Content-Type": "Application/PKIX-CRL; x=y"}, []),
        ({"Content-Encoding": "gzip"}, ["probe.content-encoding"]),
        ({"Cache-Control": "public, max-age=172800"}, ["probe.cache"]),
        ({"Cache-Control": "public, max-age=169200"}, []),
    ],
)
def test_headers_are_looked_at(
    headers: dict[str, str], wrong: list[str], probe: Probe, public: Public, crafted: Crafted, recorded: Recorded
) -> None:
    """Type and encoding, and no cache may keep it beyond nextUpdate."""
    data = crafted()
    recorded(data)
    public.show(PATH, data, headers)

    assert ids(probe) == wrong


def test_what_is_no_crl_is_found(probe: Probe, public: Public, crafted: Crafted, recorded: Recorded) -> None:
    """Nothing, an error page with 200, a torn CRL, another CA's, and one that is too large."""
    data = crafted()
    recorded(data)
    other = crafted(by=CertificateAuthority("Other"))

    assert ids(probe) == ["probe.status"]
    for body, wrong in ((b"<html>", "unreadable"), (data[:-1], "unreadable"), (other, "signature")):
        public.show(PATH, body)
        assert ids(probe) == [f"probe.{wrong}"]
    public.show(PATH, bytes((1 << 20) + 1))
    assert ids(probe) == ["probe.unreachable"]
    public.answers[f"/{PATH}"] = (0, {}, b"")
    assert ids(probe) == ["probe.unreachable"]


def test_redirects_are_followed_and_told(probe: Probe, public: Public, crafted: Crafted, recorded: Recorded) -> None:
    """A few, with a warning; a circle is no answer, and neither is a file on this machine."""
    data = crafted()
    recorded(data)
    public.show("moved", data)
    public.show(PATH, b"", {"Location": "/moved"}, 302)
    assert ids(probe) == ["probe.redirected"]

    for location in (f"/{PATH}", "file:///etc/hostname"):
        public.show(PATH, b"", {"Location": location}, 301)
        assert ids(probe) == ["probe.unreachable"]


def test_proxies_of_the_environment_do_not_count(
    probe: Probe, public: Public, crafted: Crafted, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that answers from its cache would hide what relying parties get."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    data = crafted()
    recorded(data)
    public.show(PATH, data)

    assert ids(probe) == []


def test_one_before_is_right_within_the_grace(
    probe: Probe, public: Public, crafted: Crafted, recorded: Recorded, clock: FakeClock
) -> None:
    """Caches may hold it for a while; then it is behind."""
    public.show(PATH, crafted(4))
    recorded(crafted(5), published_at=clock.now())

    assert ids(probe) == []
    clock.advance(timedelta(seconds=29))
    assert ids(probe) == []
    clock.advance(timedelta(seconds=1))
    assert ids(probe) == ["probe.behind"]


def test_number_that_falls_is_found(
    probe: Probe, public: Public, crafted: Crafted, recorded: Recorded, clock: FakeClock
) -> None:
    """Also within the grace: of two servers behind one address, one has the new CRL and the other does not."""
    public.show(PATH, crafted(5))
    recorded(crafted(4), number=4)
    recorded(public.answers[f"/{PATH}"][2], published_at=clock.now())
    assert ids(probe) == []
    public.show(PATH, crafted(4))

    assert ids(probe) == ["probe.older-than-previous"]
    assert ids(probe) == ["probe.older-than-previous"]


def test_alarm_is_told_once_and_when_it_is_over(
    probe: Probe,
    public: Public,
    crafted: Crafted,
    recorded: Recorded,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The record says since when; the log hears of it once, and of the end."""
    caplog.set_level(logging.WARNING)
    data = crafted()
    recorded(data)
    began = clock.now()
    for _ in range(3):
        (state,) = probe.probe()
        assert state.wrong_since == began
        clock.advance(timedelta(minutes=5))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    public.show(PATH, data)

    (state,) = probe.probe()

    assert state.wrong_since is None
    assert caplog.records[-1].message.endswith("is right again")


def test_unknown_issuer_is_refused(probe: Probe, database: Database) -> None:
    """A misspelt name must not look like 'nothing wrong'."""
    with pytest.raises(NotFound):
        probe.probe("isuing")


def test_without_a_published_crl_there_is_nothing_to_find(probe: Probe, public: Public) -> None:
    """And nothing is fetched."""
    assert probe.probe() == ()
    assert public.asked == []
