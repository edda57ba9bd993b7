"""On the running demo: no code in database, logs, mails, addresses or temporary files, whoever typed it and where."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pypdf
import pytest
from playwright.sync_api import Page
from sqlalchemy import make_url

from pki_revocation.codes import CodeScheme, grouped, new_code
from pki_revocation.database.engine import Database
from pki_revocation.encoding.crockford import ALPHABET
from tests.integration.running_demo import RunningDemo, free_port_base, program
from tests.integration.watched_visitor import Traces, watched_visitor
from tests.leaks import Search
from tests.pki_revocation.documents.letters.reading import code_in
from tests.waiting import wait_until

JSON = {"Content-Type": "application/json"}
PDF = {"nl": "intrekkingsbewijs", "en": "revocation-receipt"}


class Watched:
    """A demo, every code that was typed anywhere, and what was seen of it outside its folder."""

    def __init__(self, demo: RunningDemo) -> None:
        """Begin with the codes that the demo made."""
        self.demo = demo
        self.codes: list[str] = [each["code"] for each in demo.contract["certificates"]]
        self.seen: list[tuple[str, bytes]] = []

    def new(self) -> str:
        """A code that looks right and opens nothing."""
        self.codes.append(new_code(CodeScheme.ARGON2ID))
        return self.codes[-1]

    def see(self, where: str, octets: bytes) -> None:
        """Keep what was seen, and with it what every process of the demo now shows of itself to the whole machine."""
        self.seen.append((where, octets))
        for process in self.demo.processes():
            self.seen.append((f"command line of {process.pid}", "\x00".join(process.cmdline()).encode()))

    def leaks(self, temporary: Path) -> list[object]:
        """Wherever a code stands but for the demo's own two files."""
        search = Search(self.codes)
        own = [self.demo.directory / name for name in ("demo.json", "subscribers.json")]
        with Database(make_url(f"sqlite:///{self.demo.directory}/revocation.db")) as database:
            found: list[object] = [*search.in_database(database)]
        found += search.in_folder(self.demo.directory, besides=own) + search.in_folder(temporary)
        return found + [leak for where, octets in self.seen for leak in search.in_octets(where, octets)]


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the demo's processes put what is temporary."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture
def watched(tmp_path: Path, temporary: Path) -> Iterator[Watched]:
    """A running demo that logs all it can."""
    demo = RunningDemo(
        tmp_path / "demo",
        ["--certificates", "8", "--port-base", str(free_port_base())],
        {"TMPDIR": str(temporary), "PKI_REVOCATION_LOG_LEVEL": "DEBUG"},
    )
    demo.start()
    yield Watched(demo)
    if demo.process is not None and demo.process.poll() is None:
        demo.stop()


@pytest.mark.leaks_on_purpose  # the demo keeps its codes in files of its own
@pytest.mark.long
def test_codes_are_nowhere(watched: Watched, tmp_path: Path, temporary: Path) -> None:
    """On the page and at the endpoint, right, wrong, mistyped or in the wrong field; letters, mails, receipts."""
    demo = watched.demo
    page_without_script(watched)
    page_with_script(watched)
    new_letter(watched, tmp_path / "letters")
    endpoint(watched)
    addresses(watched)
    mails = demo.directory / "mails"
    # Six revocations, and one number at which codes were guessed.
    wait_until(lambda: len(list(mails.glob("*.eml"))) == 7, 30, "mail")

    assert not watched.leaks(temporary)

    numbers = [each["number"] for each in demo.contract["certificates"]]
    everything = b"".join(path.read_bytes() for path in mails.iterdir())
    assert not [each for each in numbers if each.encode() in everything]
    # The search would have found them: they are where the demo says.
    assert Search(watched.codes).in_folder(demo.directory)
    shown = demo.contract["certificates"][0]["code"]
    _, said = demo.stop()
    # Its screen shows one number with its code, to try.
    others = Search([each for each in watched.codes if each != shown])
    assert not others.in_octets("what the demo printed", said.encode())
    assert not Search(watched.codes).in_folder(demo.directory, besides=[demo.directory / "subscribers.json"])


def page_without_script(watched: Watched) -> None:
    """A wrong code, a mistyped one, the code in the number's field, the right one; reload and back at each step."""
    demo, certificate = watched.demo, watched.demo.certificate(5)
    number, code = certificate["number"], certificate["code"]
    with watched_visitor(script=False) as (page, traces):
        page.goto(demo.contract["revocation_url"])
        for typed in (watched.new(), mistyped(code), code[:-4]):
            fill_in(page, number, grouped(typed))
            page.locator("#form-errors").wait_for()
            traces.look(page)
            page.reload()
            traces.look(page)
        fill_in(page, code, number)
        traces.look(page)
        page.goto(demo.contract["revocation_url"])
        fill_in(page, f"{number} {grouped(code).lower()}", "")
        page.locator("#certificate").wait_for()
        page.reload()
        traces.look(page)
        page.go_back()
        traces.look(page)
        page.goto(demo.contract["revocation_url"])
        fill_in(page, number, grouped(code))
        page.locator("#reason-replaced").check()
        click(page, "#continue")
        traces.look(page)
        click(page, "#revoke")
        page.locator("#confirmation").wait_for()
        page.reload()
        traces.look(page)
        receipt(watched, str(page.locator("#receipt").get_attribute("href")))
        click(page, "#language-en")
        traces.look(page)
        keep(watched, traces)


def page_with_script(watched: Watched) -> None:
    """A line with both pasted into the first field, which the page's script sorts out; back to the form afterwards."""
    certificate = watched.demo.certificate(6)
    with watched_visitor(script=True) as (page, traces):
        page.goto(watched.demo.contract["revocation_url"])
        page.locator("#number").fill(certificate["number"])
        page.locator("#code").fill(mistyped(certificate["code"]))
        # The page itself says that this is wrong, and sends nothing.
        page.locator("#continue").click()
        page.locator("#form-errors").wait_for()
        traces.look(page)
        fill_in(page, f"{certificate['number']} {grouped(certificate['code'])}", "")
        page.locator("#certificate").wait_for()
        traces.look(page)
        click(page, "#continue")
        click(page, "#revoke")
        page.locator("#confirmation").wait_for()
        traces.look(page)
        with page.expect_navigation():
            page.evaluate("history.go(-2)")
        traces.look(page)
        keep(watched, traces)


def new_letter(watched: Watched, letters: Path) -> None:
    """A reissue: the new code stands in its letter alone, and the old one opens nothing any more."""
    demo, old = watched.demo, watched.demo.certificate(7)
    done = program("letter", "reissue", old["number"], "--letters", letters, "--directory", demo.directory)
    assert done.returncode == 0, done.stderr
    (letter,) = letters.glob("*.pdf")
    code = code_in(letter)
    watched.codes.append(code)
    watched.see("what reissue printed", (done.stdout + done.stderr).encode())
    watched.see("the letter's name", letter.name.encode())
    for typed, expected in ((old["code"], 403), (code, 200)):
        document = json.dumps({"number": old["number"], "code": typed})
        status, _, answer = demo.fetch("POST", demo.contract["api_url"], document, JSON)
        assert status == expected
        watched.see("the endpoint's answer", answer)


def endpoint(watched: Watched) -> None:
    """Right codes, guesses until they are turned away, and documents in which a code is where it does not belong."""
    demo = watched.demo
    for place in range(3):
        status, confirmation = demo.revoke(place)
        assert status == 200
        watched.see("the endpoint's answer", json.dumps(confirmation).encode())
    number, url, unused = demo.certificate(4)["number"], demo.contract["api_url"], demo.certificate(3)["code"]
    guesses = [watched.new() for _ in range(8)]
    statuses = [demo.fetch("POST", url, json.dumps({"number": number, "code": each}), JSON)[0] for each in guesses]
    assert set(statuses[:3]) == {403}
    assert statuses[-1] == 429
    for body in (
        json.dumps({"number": unused, "code": number}),
        json.dumps({"number": number, "code": grouped(unused)[:-1] + "?"}),
        f'{{"code": "{unused}", ',
        json.dumps({unused: unused.lower(), "number": number}),
    ):
        status, headers, answer = demo.fetch("POST", url, body, JSON)
        assert 400 <= status < 500
        watched.see("the endpoint's answer", str(headers).encode() + answer)


def addresses(watched: Watched) -> None:
    """A code that somebody puts into an address; the page's own links and forms never do."""
    demo, unused = watched.demo, watched.demo.certificate(3)["code"]
    for target in (f"/revoke?code={grouped(unused)}", f"/revoke?number={unused}", f"/{unused.lower()}"):
        _, headers, answer = demo.fetch("GET", demo.contract["revocation_url"].rsplit("/", 1)[0] + target)
        watched.see("headers", str(headers).encode())
        if target.startswith("/revoke?number"):
            watched.see("answer", answer)


def receipt(watched: Watched, address: str) -> None:
    """Both receipts, as they are, and what is printed in them and attached."""
    for name in PDF.values():
        status, headers, octets = watched.demo.fetch("GET", f"{address}/{name}.pdf")
        assert status == 200
        watched.see("receipt", str(headers).encode() + octets)
        text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(octets)).pages)
        assert re.search("journa", text)
        watched.see("text of a receipt", text.encode())
        with pikepdf.open(io.BytesIO(octets)) as pdf:
            for each in pdf.attachments.values():
                watched.see("attachment", each.get_file().read_bytes())


def fill_in(page: Page, number: str, code: str) -> None:
    """The first step."""
    page.locator("#number").fill(number)
    page.locator("#code").fill(code)
    click(page, "#continue")


def click(page: Page, what: str) -> None:
    """Click on what leads to another page, and wait for that."""
    with page.expect_navigation():
        page.locator(what).click()


def mistyped(code: str) -> str:
    """With one symbol wrong, in its middle."""
    other = ALPHABET[(ALPHABET.index(code[5]) + 1) % len(ALPHABET)]
    return code[:5] + other + code[6:]


def keep(watched: Watched, traces: Traces) -> None:
    """What the browser's requests showed on the way, and every page that came."""
    assert len(traces.sent) >= 8
    for each in traces.sent:
        watched.see("request", each.encode())
    for octets in traces.received:
        watched.see("page", octets)
