"""Servers that outlets write to."""

from collections.abc import Iterator

import pytest

from tests.crl_publisher.installations import free_ports
from tests.crl_publisher.outlets.servers import BUCKET, ObjectStore, PutServer, object_store, put_server


@pytest.fixture(scope="session")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """Moto's server, started once."""
    with object_store(tmp_path_factory.mktemp("store"), free_ports(1)[0]) as store:
        yield store


@pytest.fixture
def store(one_store: ObjectStore) -> ObjectStore:
    """An empty bucket in a store that works."""
    one_store.broken.unlink(missing_ok=True)
    client = one_store.client()
    for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=each["Key"])
    return one_store


@pytest.fixture
def server() -> Iterator[PutServer]:
    """A server that takes PUT."""
    with put_server() as served:
        yield served
