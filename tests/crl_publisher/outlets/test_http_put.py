"""What is special about servers that take PUT: conditions, credentials, and answers that never end."""

import time
from pathlib import Path

import pytest

from crl_publisher.errors import NumberNotAbove, OutletError
from crl_publisher.outlets.credentials import OutletCredentials
from crl_publisher.outlets.http_put import HttpPutOutlet
from tests.crl_publisher.installations import free_ports
from tests.crl_publisher.outlets.servers import PutServer
from tests.crl_publisher.real_nginx import real_nginx
from tests.waiting import patience

PATH = "crl/issuing.crl"


@pytest.mark.parametrize(
    ("credentials", "wanted"),
    [
        (OutletCredentials(token="sesame"), "Bearer sesame"),
        (OutletCredentials(username="us", password="pas:s"), "Basic dXM6cGFzOnM="),
    ],
)
def test_credentials_are_sent(credentials: OutletCredentials, wanted: str, server: PutServer) -> None:
    """As RFC 6750 and RFC 7617 say."""
    server.authorization = wanted

    server.outlet(credentials).put(PATH, b"1")

    assert server.files["/files/crl/issuing.crl"] == b"1"


def test_refusal_says_what_to_do_and_no_secret(server: PutServer) -> None:
    """The sentence goes to logs and into the record."""
    server.authorization = "Bearer right"

    with pytest.raises(OutletError, match="401 Unauthorized: the credentials of this outlet") as refused:
        server.outlet(OutletCredentials(token="wrong-secret")).put(PATH, b"1")

    assert "wrong-secret" not in str(refused.value)
    assert "wrong-secret" not in repr(refused.value)


def test_answer_that_drips_is_cut_off(server: PutServer) -> None:
    """An octet every 50 ms would keep a timeout that counts silence away for ever."""
    server.files["/files/crl/issuing.crl"] = bytes(1000)
    server.drip_seconds = 0.05
    began = time.monotonic()

    with pytest.raises(OutletError, match="longer than 0"):
        server.outlet(seconds=0.5).fetch(PATH)

    assert time.monotonic() - began < patience(10)


def test_nobody_there_is_one_sentence(server: PutServer) -> None:
    """Refused, and a name that is none."""
    server.url = "http://127.0.0.1:9"
    with pytest.raises(OutletError, match="Connection refused"):
        server.outlet().put(PATH, b"1")
    server.url = "http://no-such-host.invalid"
    with pytest.raises(OutletError, match=r"GET http://no-such-host\.invalid/files/crl/issuing\.crl got no answer"):
        server.outlet().put(PATH, b"1")


@pytest.mark.parametrize("status", [301, 403, 500, 507])
def test_other_answers_are_failures(status: int, server: PutServer) -> None:
    """A redirect too: what is written goes to the very address that was configured."""
    server.status = status

    with pytest.raises(OutletError, match=f"was answered {status}"):
        server.outlet().put(PATH, b"1")


def test_server_that_ignores_conditions_is_put_right(server: PutServer, tmp_path: Path) -> None:
    """Nginx's DAV does: a late writer can win there, and the next check brings the newest back."""
    server.keeps_conditions = False
    outlet = server.outlet()
    outlet.replace(PATH, b"6", number=6, number_of=int)
    server.files["/files/crl/issuing.crl"] = b"5"

    outlet.replace(PATH, b"6", number=6, number_of=int)

    assert outlet.fetch(PATH) == b"6"


def test_webdav_of_nginx_is_written_to(tmp_path: Path) -> None:
    """A server as it is deployed: folders are made, the type is kept by its name, and an older number is refused."""
    (port,) = free_ports(1)
    (tmp_path / "dav").mkdir()
    server = (
        f"server {{ listen 127.0.0.1:{port}; root {tmp_path}/dav; client_max_body_size 100m; "
        "location / { dav_methods PUT; create_full_put_path on; dav_access user:rw group:r all:r; } }"
    )
    with real_nginx(tmp_path, server, f"http://127.0.0.1:{port}/"):
        outlet = HttpPutOutlet(f"http://127.0.0.1:{port}", credentials=OutletCredentials(), seconds=10)
        for number in (4, 5):
            outlet.replace("crl/issuing/7.crl", str(number).encode() * 1_000_000, number=number, number_of=first_digit)
        with pytest.raises(NumberNotAbove):
            outlet.replace("crl/issuing/7.crl", b"4", number=4, number_of=first_digit)
        assert (tmp_path / "dav/crl/issuing/7.crl").read_bytes() == b"5" * 1_000_000


def first_digit(data: bytes) -> int:
    """The number of these tests' large CRLs."""
    return int(data[:1])
