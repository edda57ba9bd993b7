"""When the token, its PIN or its sessions are not there: one typed refusal, no tried-out PIN, and back by itself."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from keys.errors import KeyUnavailable, PinRefused, SecretMissing, TokenAbsent, TokenBusy, UnusableKey
from keys.key_location import TokenKey
from keys.pkcs11 import token
from keys.pkcs11.module import open_module
from tests.campaign import campaign, examples
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.tokens import OnToken
from tests.waiting import wait_until

_THREADS = 8
_SCHEME = ec.ECDSA(hashes.SHA256())
_TIMEOUT_SECONDS = 120


def _signer(location: TokenKey) -> Callable[[bytes], bytes]:
    key = location.load()
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return lambda data: key.sign(data, _SCHEME)


def _verify(location: TokenKey, signature: bytes, data: bytes) -> None:
    public = location.load().public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, data, _SCHEME)


def _until_it_signs(sign: Callable[[bytes], bytes]) -> bytes:
    signed = []

    def signs() -> bool:
        with contextlib.suppress(KeyUnavailable):
            signed.append(sign(b"back"))
        return bool(signed)

    wait_until(signs)
    return signed[0]


@campaign
def test_ten_thousand_signatures_from_eight_threads(on_token: OnToken) -> None:
    """Without one failure, in fewer sessions than threads; all of them verify."""
    location = on_token.generate("p256", sessions=5)
    sign, public = _signer(location), location.load().public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)

    def work(thread: int) -> None:
        for number in range(examples(1250)):
            data = b"%d %d" % (thread, number)
            public.verify(sign(data), data, _SCHEME)

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(work, range(_THREADS)))


def test_library_is_told_of_threads(on_token: OnToken) -> None:
    """SoftHSM without CKF_OS_LOCKING_OK fails under threads: what `python-pkcs11` does by itself would not do."""
    on_token.generate("p256")
    code = """
import signal, sys, threading, pkcs11
from pkcs11 import Mechanism, ObjectClass
token = next(each for each in pkcs11.lib(sys.argv[1]).get_tokens(token_label=sys.argv[2]))
login = token.open(user_pin=sys.argv[3])
failures = []
signal.alarm(20)  # a race may also end in waiting for ever
def work():
    try:
        key = token.open().get_key(object_class=ObjectClass.PRIVATE_KEY, label="p256")
        for _ in range(2000):
            key.sign(bytes(32), mechanism=Mechanism.ECDSA)
    except pkcs11.PKCS11Error as error:
        failures.append(error)
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
sys.exit(1 if failures else 0)
"""
    done = softhsm.in_a_process_of_its_own(code, on_token.hsm, str(softhsm.MODULE), on_token.label, on_token.pin)

    assert done.returncode != 0


def test_token_that_goes_is_missed_and_found_again(on_token: OnToken) -> None:
    """The same key object signs again when the token is back, with no restart of the process."""
    location = on_token.generate("p256")
    sign = _signer(location)
    on_token.hsm.take_away()
    with pytest.raises(TokenAbsent):
        sign(b"gone")
    with pytest.raises(TokenAbsent):
        location.load()
    on_token.hsm.bring_back()

    _verify(location, _until_it_signs(sign), b"back")


def test_token_comes_and_goes_under_load(on_token: OnToken) -> None:
    """Eight threads sign all the time: each gets a signature that verifies or a KeyUnavailable, and none hangs."""
    location = on_token.generate("p256", wait=2.0)
    sign, public = _signer(location), location.load().public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    over, refused, signed = threading.Event(), [0] * _THREADS, [0] * _THREADS

    def work(thread: int) -> None:
        while not over.is_set():
            try:
                public.verify(sign(b"text"), b"text", _SCHEME)
                signed[thread] += 1
            except KeyUnavailable:
                refused[thread] += 1
                time.sleep(0.01)

    with ThreadPoolExecutor(_THREADS) as threads:
        running = [threads.submit(work, thread) for thread in range(_THREADS)]
        try:
            for _ in range(3):
                on_token.hsm.take_away()
                wait_until(lambda: all(refused))
                on_token.hsm.bring_back()
                signed[:] = [0] * _THREADS
                wait_until(lambda: all(signed))
                refused[:] = [0] * _THREADS
        finally:
            over.set()
        for each in running:
            each.result(_TIMEOUT_SECONDS)


def test_token_that_is_away_is_looked_for_once_a_second(on_token: OnToken) -> None:
    """Whoever asks in between gets the same answer at once: a thousand requests are no thousand restarts."""
    location = on_token.generate("p256")
    sign = _signer(location)
    module = open_module(location.uri.module)
    on_token.hsm.take_away()
    before, begin = module.generation, time.monotonic()
    for _ in range(1000):
        with pytest.raises(TokenAbsent):
            sign(b"gone")
    # One for the first, and one for each second that this took.
    assert module.generation - before <= 2 + (time.monotonic() - begin)


@pytest.mark.usefixtures("hasty")
def test_token_that_is_away_does_not_disturb_another(on_token: OnToken) -> None:
    """A library is restarted under another token's sessions once a minute at most, and those sign again."""
    location = on_token.generate("p256")
    sign = _signer(location)
    missing = TokenKey(softhsm.parsed("none-of-this-name", "p256"), location.pin)
    module = open_module(location.uri.module)
    before = module.generation
    for _ in range(20):
        with pytest.raises(TokenAbsent, match="is not there"):
            missing.load()
        _verify(location, sign(b"text"), b"text")

    assert module.generation - before <= 1


def test_wait_for_a_session_is_bounded(on_token: OnToken) -> None:
    """All in use: whoever comes is told so when his time is over, and the next one gets one that was given back."""
    location = on_token.generate("p256", sessions=1, wait=0.2)
    sign = _signer(location)
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        def act(_: object) -> None:
            inside.set()
            assert leave.wait(_TIMEOUT_SECONDS)

        location.token.run(act)

    with ThreadPoolExecutor(1) as holder:
        holding = holder.submit(hold)
        assert inside.wait(_TIMEOUT_SECONDS)
        try:
            with pytest.raises(TokenBusy, match="All 1 sessions"):
                sign(b"text")
        finally:
            leave.set()
        holding.result(_TIMEOUT_SECONDS)

    _verify(location, sign(b"text"), b"text")


@pytest.mark.usefixtures("hasty")
def test_wrong_pin_is_tried_once(on_token: OnToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often somebody asks: the token sees one try, and the next one when the PIN is another."""
    public = on_token.generate("p256").load().public_key()
    monkeypatch.setenv(on_token.variable, "00000000")
    location = _started_again(on_token)
    with pytest.raises(PinRefused, match="refused the PIN"):
        location.load()
    with pytest.raises(PinRefused, match="still the same"):
        location.load()
    monkeypatch.setenv(on_token.variable, on_token.pin)

    assert location.load().public_key() == public


@pytest.mark.usefixtures("hasty")
def test_nobody_tries_at_a_start_when_a_wrong_pin_was_given(on_token: OnToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """CKF_USER_PIN_COUNT_LOW: a service that is started again and again uses no try up; `keys login` clears it."""
    on_token.generate("p256")
    monkeypatch.setenv(on_token.variable, "00000000")
    with pytest.raises(PinRefused, match="refused the PIN"):
        _started_again(on_token).load()
    monkeypatch.setenv(on_token.variable, on_token.pin)
    location = _started_again(on_token)
    with pytest.raises(PinRefused, match="keys login"):
        location.load()
    location.token.log_in()

    location.load()
    _started_again(on_token).load()


@pytest.mark.usefixtures("hasty")
def test_missing_pin_is_said_and_found(on_token: OnToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was looked for is said; the token is not asked; when it comes, the key is there."""
    on_token.generate("p256")
    monkeypatch.delenv(on_token.variable)
    location = _started_again(on_token)
    with pytest.raises(SecretMissing, match=on_token.variable):
        location.load()
    monkeypatch.setenv(on_token.variable, on_token.pin)

    location.load()


def test_pin_is_in_no_error(on_token: OnToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the right one nor the wrong one, in a message or in what is kept."""
    on_token.generate("p256")
    monkeypatch.setenv(on_token.variable, "87654321")
    location = _started_again(on_token)
    with pytest.raises(PinRefused) as refused:
        location.load()

    shown = f"{refused.value!r} {vars(location)} {vars(location.token)} {vars(location.token._guard)}"  # noqa: SLF001 - what is kept
    assert "87654321" not in shown
    assert on_token.pin not in shown


def test_forked_process_opens_its_own(on_token: OnToken) -> None:
    """PKCS#11 v2.40 section 6.6: a child's sessions are not its parent's; what the parent has goes on working."""
    location = on_token.generate("p256")
    sign = _signer(location)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            try:
                sign(b"text")
            except UnusableKey:
                status = 2
            if status == 2:
                _verify(location, _signer(on_token.location("p256"))(b"text"), b"text")
                status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(ended) == 0
    _verify(location, sign(b"text"), b"text")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the second in which a missing token is not looked for again."""
    monkeypatch.setattr(token, "_RETRY_SECONDS", 0.0)


def _started_again(on_token: OnToken) -> TokenKey:
    """The key as a process finds it that was just started: nobody is logged in, and nothing is known of the PIN."""
    token._tokens.clear()  # noqa: SLF001 - what a new process does not have
    module = open_module(on_token.location("p256").uri.module)
    module.restart(module.generation)
    return on_token.location("p256")
