"""On the running demo: no code in database, logs, mails, addresses or temporary files, whoever typed it and where."""

import json
from pathlib import Path

import pytest
from sqlalchemy import make_url

from pki_revocation.codes import CodeScheme, grouped, new_code
from pki_revocation.database import Database
from tests.integration.running_demo import RunningDemo, free_port_base, wait_until
from tests.leaks import Search

JSON = {"Content-Type": "application/json"}


@pytest.mark.leaks_on_purpose  # the demo keeps its codes in files of its own
def test_codes_are_nowhere(tmp_path: Path) -> None:
    """Right, wrong, mistyped and in the wrong place: in the number's field, in an address, in a broken document."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    demo = RunningDemo(
        tmp_path / "demo",
        ["--certificates", "6", "--port-base", str(free_port_base())],
        {"TMPDIR": str(temporary), "PKI_REVOCATION_LOG_LEVEL": "DEBUG"},
    )
    demo.start()
    used = [each["code"] for each in demo.contract["certificates"]]
    try:
        for place in range(3):
            assert demo.revoke(place)[0] == 200
        wrong = [new_code(CodeScheme.ARGON2ID) for _ in range(8)]
        used += wrong
        number, url = demo.certificate(4)["number"], demo.contract["api_url"]
        statuses = [demo.fetch("POST", url, json.dumps({"number": number, "code": each}), JSON)[0] for each in wrong]
        assert statuses == [403] * 5 + [429] * 3
        for body in (
            json.dumps({"number": demo.certificate(3)["code"], "code": number}),
            json.dumps({"number": number, "code": grouped(used[3])[:-1] + "?"}),
            f'{{"code": "{used[3]}", ',
            json.dumps({used[3]: used[3].lower(), "number": number}),
        ):
            status, _, answer = demo.fetch("POST", url, body, JSON)
            assert 400 <= status < 500
            assert not Search(used).in_octets("answer", answer)
        for target in (f"/revoke?code={grouped(used[3])}", f"/revoke?number={used[3]}", f"/{used[3].lower()}"):
            _, headers, answer = demo.fetch("GET", demo.contract["revocation_url"].rsplit("/", 1)[0] + target)
            assert not Search(used).in_octets("headers", str(headers).encode())
            if target.startswith("/revoke?number"):
                assert not Search(used).in_octets("answer", answer)
        mails = demo.directory / "mails"
        # Three revocations, and one number at which codes were guessed.
        wait_until(lambda: len(list(mails.glob("*.eml"))) == 4, 30, "mail")
        own = [demo.directory / name for name in ("demo.json", "subscribers.json")]
        search = Search(used)
        with Database(make_url(f"sqlite:///{demo.directory}/revocation.db")) as database:
            leaks = search.in_database(database)
        leaks += search.in_folder(demo.directory, besides=own) + search.in_folder(temporary)
        assert not leaks
        numbers = [each["number"] for each in demo.contract["certificates"]]
        everything = b"".join(path.read_bytes() for path in mails.iterdir())
        assert not [each for each in numbers if each.encode() in everything]
        # The search would have found them: they are where the demo says.
        assert search.in_folder(demo.directory)
    finally:
        _, said = demo.stop()
    # Its screen shows one number with its code, to try.
    assert not Search(used[1:]).in_octets("what the demo printed", said.encode())
    assert not Search(used).in_folder(demo.directory, besides=[demo.directory / "subscribers.json"])
