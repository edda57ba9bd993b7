"""What is special about buckets: what an object carries, and sentences instead of pages."""

import socket
from datetime import timedelta

import pytest

from crl_publisher.errors import OutletError
from crl_publisher.outlets.credentials import OutletCredentials
from crl_publisher.outlets.s3 import S3Outlet
from crl_publisher.outlets.settings import OutletKind, OutletSettings
from tests.crl_publisher.outlets.servers import BUCKET, ObjectStore

PATH = "crl/issuing.crl"


def test_object_says_what_it_is(store: ObjectStore) -> None:
    """Type, caching as the distribution service has it, number and digest, read by another client than ours."""
    store.outlet().replace(PATH, b"42", number=42, number_of=int)

    found = store.client().get_object(Bucket=BUCKET, Key=PATH)

    assert found["Body"].read() == b"42"
    assert found["ContentType"] == "application/pkix-crl"
    assert found["CacheControl"] == "public, max-age=5"
    assert found["Metadata"]["crl-number"] == "42"
    assert len(found["Metadata"]["sha256"]) == 64


def test_metadata_that_lies_keeps_nothing_away(store: ObjectStore) -> None:
    """A number counts only when a CRL has it."""
    store.client().put_object(Bucket=BUCKET, Key=PATH, Body=b"4", Metadata={"crl-number": "999"})

    store.outlet().replace(PATH, b"5", number=5, number_of=int)

    assert store.outlet().fetch(PATH) == b"5"


def test_what_another_program_wrote_is_read(store: ObjectStore) -> None:
    """Without our metadata the contents are looked at."""
    store.client().put_object(Bucket=BUCKET, Key=PATH, Body=b"7")

    with pytest.raises(OutletError, match="is CRL number 7 already"):
        store.outlet().replace(PATH, b"5", number=5, number_of=int)


@pytest.mark.parametrize(
    ("bucket", "broken", "words"),
    [("no-such-bucket", False, "404 Not Found NoSuchBucket"), (BUCKET, True, "500 Internal Server Error")],
)
def test_failures_are_one_sentence(bucket: str, broken: bool, words: str, store: ObjectStore) -> None:  # noqa: FBT001 - a column
    """Without the store's pages, and without keys."""
    if broken:
        store.broken.touch()

    with pytest.raises(OutletError, match=words) as failed:
        store.outlet(bucket=bucket).put(PATH, b"1")

    assert "\n" not in str(failed.value)
    assert "test-secret-key" not in str(failed.value)


def test_store_that_is_not_there_is_one_sentence() -> None:
    """Nobody listens."""
    settings = OutletSettings(
        kind=OutletKind.S3, bucket=BUCKET, region="x", url="http://127.0.0.1:9", timeout=timedelta(seconds=2)
    )
    credentials = OutletCredentials(access_key_id="a", secret_access_key="b")
    outlet = S3Outlet.configured("backup", settings, credentials, max_age=lambda: timedelta(seconds=5))

    with pytest.raises(OutletError, match="in bucket crls of outlet backup cannot be read or written: no answer"):
        outlet.put(PATH, b"1")
    assert not outlet.exists(PATH)


def test_store_that_hangs_is_cut_off() -> None:
    """It accepts, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = OutletSettings(
            kind=OutletKind.S3,
            bucket=BUCKET,
            region="x",
            url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            timeout=timedelta(seconds=1),
        )
        credentials = OutletCredentials(access_key_id="a", secret_access_key="b")

        with pytest.raises(OutletError, match="it took too long"):
            S3Outlet.configured("backup", settings, credentials, max_age=lambda: timedelta(seconds=5)).put(PATH, b"1")
