"""`python -m tests.fuzzing.ocsp_target [libFuzzer's options]`: coverage-guided fuzzing of everything behind HTTP.

What is read from a body, what is read from a path, and the answer to both, without a database. The corpus begins with
the vectors and grows in var/fuzz-ocsp, where inputs that fail are put too. Needs atheris; see `make fuzz-ocsp`.
"""

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ocsp_responder", "pki_revocation.encoding.der"]):
    from ocsp_responder.answering.answerer import Answerer
    from ocsp_responder.errors import MalformedRequest
    from ocsp_responder.http.transport import request_in_path
    from ocsp_responder.request.message import parse_request

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from keys.identity import Purpose, identify
from pki_revocation.model import Issuer
from tests.conformance import answers
from tests.fakes import FakeClock
from tests.fuzzing.mutations import mutate
from tests.ocsp_responder.responders import AllGood, responder
from tests.vectors.authorities import ISSUING
from tests.vectors.make import VECTORS

FOLDER = Path("var/fuzz-ocsp")
_NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
_REFUSALS = {answers.REFUSALS[name] for name in ("malformedRequest", "unauthorized")}
_REQUESTS = [vector.request for vector in VECTORS.values() if vector.request]


class WrongAnswer(AssertionError):
    """What no octets may bring about."""


def answerer() -> Answerer:
    """A responder for the vectors' issuing CA that knows every serial as good."""
    clock = FakeClock(_NOW)
    key, certificate = ISSUING.delegate(_NOW)
    identity = identify(key, certificate, Purpose.OCSP, issuer=ISSUING.certificate, now=_NOW)
    issuer = Issuer(id=1, name="issuing", certificate_der=ISSUING.certificate.public_bytes(Encoding.DER))
    return responder({issuer: identity}, AllGood(clock))


def check(answering: Answerer, data: bytes) -> None:
    """Read the octets as a body and as a path, and hold the answers to what they may be.

    Raises:
        WrongAnswer: for an answer that blames the responder, or is about something else than was asked.
    """
    _check_answer(answering, data)
    try:
        from_path = request_in_path(data.decode("latin-1"))
    except MalformedRequest:
        return
    _check_answer(answering, from_path)


def _check_answer(answering: Answerer, data: bytes) -> None:
    der = answering.answer(data).der
    if der in _REFUSALS:
        return
    asked = parse_request(data).cert_ids
    if answers.cert_ids(der) != tuple(each.raw for each in asked):
        raise WrongAnswer(f"{data.hex()} is answered for other certificates")
    if len(asked) == 1:
        # Other hands read the same request: the answer is about what they find in it.
        try:
            theirs = ocsp.load_der_ocsp_request(data)
        except ValueError:
            return  # it looks into requestorName and signature, which are passed over here
        if theirs.serial_number != asked[0].serial or theirs.issuer_key_hash != asked[0].issuer_key_hash:
            raise WrongAnswer(f"{data.hex()} is read in two ways")


def _mutated(data: bytes, max_size: int, seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311 - libFuzzer's seed, so that a run can be done again
    if chance.random() < 0.5:
        found: bytes = atheris.Mutate(data, max_size)
        return found
    return mutate(data, [chance.getrandbits(24) for _ in range(chance.randint(1, 3))], _REQUESTS)[:max_size]


def main() -> None:
    """Run until libFuzzer's options say to stop; an input that fails is written beside the corpus."""
    corpus = FOLDER / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, vector in VECTORS.items():
        (corpus / f"{name}.der").write_bytes(vector.request)
        (corpus / f"{name}.path").write_text(answers.encoded(vector.request)[:4096])
    answering = answerer()
    options = [sys.argv[0], str(corpus), f"-artifact_prefix={FOLDER}/", "-max_len=8192", *sys.argv[1:]]
    atheris.Setup(options, lambda data: check(answering, data), custom_mutator=_mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
