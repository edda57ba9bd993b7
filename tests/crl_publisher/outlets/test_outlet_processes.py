"""Outlets and the probe in the real publisher: several at once, one dead, a paused publisher, and what tells of it."""

import hashlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crl_publisher.crl.reading import parse_crl
from crl_publisher.outlets.states import all_outlet_states
from pki_revocation.config.installation import Installation
from tests.crl_publisher.installations import Installed, free_ports, install, running, status_of
from tests.crl_publisher.outlets.servers import BUCKET, KEYS, ObjectStore, PutServer, object_store, put_server
from tests.crl_publisher.publishing.test_publisher_process import metrics_of
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

PATH = "crl/issuing.crl"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """A bucket."""
    (tmp_path / "store").mkdir()
    with object_store(tmp_path / "store", free_ports(1)[0]) as found:
        yield found


@pytest.fixture
def server() -> Iterator[PutServer]:
    """A server that takes PUT, from those that know its token."""
    with put_server() as served:
        served.authorization = "Bearer token-that-nobody-sees"
        yield served


@pytest.fixture
def plain(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation on SQLite, as it comes."""
    (tmp_path / "register").mkdir()
    with new_sqlite(tmp_path / "register" / "revocation.db") as database:
        yield install(tmp_path / "register", database, authority)


@pytest.fixture
def installed(plain: Installed, tmp_path: Path, store: ObjectStore, server: PutServer) -> Installed:
    """With a folder, a bucket and a server beside it."""
    secrets = tmp_path / "register" / "secrets"
    secrets.mkdir(mode=0o700)
    for name, text in (
        ("store", f'access_key_id = "{KEYS.access_key_id}"\nsecret_access_key = "{KEYS.secret_access_key}"\n'),
        ("server", 'token = "token-that-nobody-sees"\n'),
    ):
        (secrets / name).write_text(text)
        (secrets / name).chmod(0o600)
    return configured(
        plain,
        f"""
        [outlets.folder]
        path = "{tmp_path}/elsewhere"
        [outlets.store]
        kind = "s3"
        bucket = "{BUCKET}"
        url = "{store.url}"
        region = "us-east-1"
        credentials = "secrets/store"
        [outlets.server]
        kind = "http-put"
        url = "{server.url}/files"
        credentials = "secrets/server"
        """,
    )


def configured(installed: Installed, text: str) -> Installed:
    """The same with more in its configuration."""
    config = installed.installation.config
    config.write_text(config.read_text() + text)
    return Installed(
        installation=Installation.open(config.parent),
        database=installed.database,
        issuer=installed.issuer,
        population=installed.population,
        failpoints=installed.failpoints,
        operations_url=installed.operations_url,
        distribution_url=installed.distribution_url,
    )


def everywhere(installed: Installed, store: ObjectStore, server: PutServer) -> list[bytes | None]:
    """What each place holds."""
    folder = installed.installation.directory.parent / "elsewhere" / PATH
    return [
        installed.public_file.read_bytes(),
        folder.read_bytes() if folder.exists() else None,
        store.outlet().fetch(PATH),
        server.files.get(f"/files/{PATH}"),
    ]


def test_all_outlets_follow_and_one_that_is_down_catches_up(
    installed: Installed, store: ObjectStore, server: PutServer
) -> None:
    """A revocation is at the healthy outlets at once; the dead one is an alarm, and catches up when it is back."""
    with running(installed, "publisher") as process:
        wait_until(lambda: status_of(f"{installed.operations_url}/readyz") == 200)
        wait_until(lambda: len(set(everywhere(installed, store, server))) == 1)
        labels = f'{{outlet="store",path="{PATH}"}}'
        # The store has the file a moment before the publisher has read it back and recorded that it is held.
        wait_until(lambda: f"crl_outlet_number{labels}" in metrics_of(installed))
        store.broken.touch()
        (serial,) = installed.population.issue_revoked(1)
        wait_until(lambda: serial in serials(installed.public_file.read_bytes()))
        wait_until(lambda: server.files[f"/files/{PATH}"] == installed.public_file.read_bytes())
        wait_until(lambda: metrics_of(installed).get(f"crl_outlet_alarm{labels}") == 1)
        assert metrics_of(installed)[f'crl_outlet_alarm{{outlet="server",path="{PATH}"}}'] == 0
        told = installed.run("crl", "outlets")
        assert told.returncode == 1
        assert f"WRONG  store  {PATH}: it holds CRL" in told.stdout
        assert "500 Internal Server Error" in told.stdout
        doctor = installed.run("doctor")
        assert "WRONG  outlet store" in doctor.stdout
        assert "ok     outlet server" in doctor.stdout

        installed.population.issue_revoked(1)
        store.broken.unlink()
        wait_until(lambda: len(serials(installed.public_file.read_bytes())) == 2)
        wait_until(lambda: len(set(everywhere(installed, store, server))) == 1)
        wait_until(lambda: installed.run("crl", "outlets").returncode == 0)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=120)

    assert process.returncode == 0
    assert len(serials(installed.public_file.read_bytes())) == 2
    states = json.loads(installed.run("crl", "outlets", "--json").stdout)
    number = parse_crl(installed.public_file.read_bytes()).number
    assert {(each["outlet"], each["number"]) for each in states if each["path"] == PATH} == {
        (name, number) for name in ("folder", "store", "server")
    }
    assert "is up to date again" in log
    assert "Traceback" not in log
    for said in (log, told.stdout, doctor.stdout):
        assert "token-that-nobody-sees" not in said
        assert str(KEYS.secret_access_key) not in said


def serials(data: bytes) -> set[int]:
    """What a CRL lists."""
    return {revoked.serial_number for revoked in parse_crl(data).parsed}


@pytest.mark.long
def test_publisher_that_starts_checks_its_outlets(installed: Installed, store: ObjectStore, server: PutServer) -> None:
    """What somebody changed while none ran is put right; `crl publish` without a publisher serves all outlets too."""
    assert installed.run("crl", "publish").returncode == 0
    assert len(set(everywhere(installed, store, server))) == 1
    server.files[f"/files/{PATH}"] = b"rubbish"
    store.client().delete_object(Bucket=BUCKET, Key=PATH)
    (installed.installation.directory.parent / "elsewhere" / PATH).unlink()

    with running(installed, "publisher"):
        wait_until(lambda: len(set(everywhere(installed, store, server))) == 1)


def test_outlets_that_cannot_be_are_told_at_once(plain: Installed) -> None:
    """One sentence at the start, not an alarm at night."""
    broken = configured(plain, '[outlets.cdn]\nkind = "http-put"\nurl = "http://user:hunter2@cdn.example/"\n')

    started = broken.run("publisher")

    assert started.returncode == 1
    assert "belongs into the environment" in started.stderr
    assert "hunter2" not in started.stderr
    assert "Traceback" not in started.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    "place",
    [
        "crl.renamed",
        *(pytest.param(place, marks=pytest.mark.long) for place in ("crl.signed", "crl.written", "crl.checked")),
    ],
)
def test_stopped_publisher_that_wakes_late_publishes_nothing_old(place: str, plain: Installed, tmp_path: Path) -> None:
    """SIGSTOP at any step while another takes over: whatever is fetched at any time, numbers only rise."""
    installed = configured(plain, f'[outlets.folder]\npath = "{tmp_path}/elsewhere"\n')
    config = installed.installation.config
    config.write_text(config.read_text().replace("[publisher]", '[publisher]\nlease = "5s"'))
    other = tmp_path / "register" / "other.toml"
    (port,) = free_ports(1)
    own_port = installed.operations_url.rpartition(":")[2]
    other.write_text(config.read_text().replace(f"operations_port = {own_port}", f"operations_port = {port}"))
    seen: list[int] = []

    def look() -> int:
        seen.append(parse_crl(installed.public_file.read_bytes()).number or 0)
        return seen[-1]

    with running(installed, "publisher") as stopped:
        wait_until(lambda: len(installed.history()) == 1)
        first = look()
        # The other outlet passes the same places: it is through them when the record says so, and not before.
        wait_until(lambda: is_recorded(installed, first))
        (installed.failpoints / place).write_text("stop")
        (serial,) = installed.population.issue_revoked(1)
        wait_until(lambda: is_stopped(stopped.pid))
        with running(installed, "publisher", "--config", str(other)) as follower:
            if place in {"crl.signed", "crl.written"}:
                wait_until(lambda: look() > first and serial in serials(installed.public_file.read_bytes()))
                wait_until(lambda: look() == installed.history()[0].number)
                installed.population.issue_revoked(1)
                wait_until(lambda: installed.history()[0].covers_sequence == 2)
                look()
            else:
                # It holds the lock: nobody publishes anything before it goes on, or is ended.
                before = look()
                wait_until(lambda: is_at_the_lock(installed, follower.pid))
                assert {look() for _ in range(50)} == {before}
            stopped.send_signal(signal.SIGCONT)
            # What must not happen gives no sign that one could wait for.
            for _ in range(20):
                look()
                time.sleep(0.1)
            wait_until(lambda: serial in serials(installed.public_file.read_bytes()))
            wait_until(lambda: look() == installed.history()[0].number)
            wait_until(lambda: (tmp_path / "elsewhere" / PATH).read_bytes() == installed.public_file.read_bytes())

    assert seen == sorted(seen)
    assert seen[-1] > first


def is_recorded(installed: Installed, number: int) -> bool:
    """Whether the outlet beside is known to hold that CRL."""
    with installed.database.read() as connection:
        return any(each.path == PATH and each.number == number for each in all_outlet_states(connection))


def is_at_the_lock(installed: Installed, pid: int) -> bool:
    """Whether a process has written a CRL beside the public one, which it renames once it has the lock."""
    return any(installed.public_file.parent.glob(f".{installed.public_file.name}.*.{pid}.*.tmp"))


def is_stopped(pid: int) -> bool:
    """Whether a process sleeps until somebody wakes it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.long
def test_probe_in_the_publisher_raises_and_ends_the_alarm(plain: Installed) -> None:
    """Nobody serves at first; then the distribution service does. `crl probe` and `doctor` say the same."""
    installed = configured(plain, '[probe]\nevery = "1s"\ngrace = "0s"\n')
    config = installed.installation.config
    text = config.read_text().replace("[distribution]", f'[distribution]\npublic_url = "{installed.distribution_url}"')
    config.write_text(text)
    alarm = f'crl_probe_alarm{{path="{PATH}"}}'
    with running(installed, "publisher"):
        wait_until(lambda: status_of(f"{installed.operations_url}/readyz") == 200)
        wait_until(lambda: metrics_of(installed).get(alarm) == 1)
        asked = installed.run("crl", "probe")
        assert asked.returncode == 1
        assert "error probe.unreachable" in asked.stdout
        assert "WRONG  public address" in installed.run("doctor").stdout
        with running(installed, "serve", "distribution"):
            wait_until(lambda: status_of(f"{installed.distribution_url}/{PATH}") == 200)
            wait_until(lambda: metrics_of(installed).get(alarm) == 0)
            asked = installed.run("crl", "probe", "--json")
            assert asked.returncode == 0
            (state,) = json.loads(asked.stdout)
            assert state["number"] == installed.history()[0].number
            assert state["findings"] == []
            assert "WRONG  public address" not in installed.run("doctor").stdout
            digest = hashlib.sha256(installed.public_file.read_bytes()).hexdigest()
            assert digest == installed.history()[0].sha256
    assert installed.run("crl", "probe", "--issuer", "isuing").returncode == 1
