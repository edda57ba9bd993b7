"""Checks a stranger's receipt in a process of its own, with little time, memory and no files: `verify_apart`.

What reads PDFs was not made to be shown anything, and what validates signatures weighs more than the page itself. The
process gets the file by its standard input, writes nothing anywhere, knows no secret of the service that started it,
and is gone when it has answered.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.errors import PkiError

from .verdict import Finding, Outcome, Verdict

_SECONDS = 20
_MEMORY = 1024**3


class CheckFailed(PkiError):
    """The check came to no end: the file is none that can be judged."""


def verify_apart(
    octets: bytes, anchors: Sequence[x509.Certificate], stamp_anchors: Sequence[x509.Certificate] = ()
) -> Verdict:
    """As `verify_receipt`, bounded.

    Raises:
        CheckFailed: with the sentence that says what is wrong with the file.
    """
    head = json.dumps({"anchors": _pem(anchors), "stamp_anchors": _pem(stamp_anchors)})
    # Isolated, and without an environment: it may hold passphrases.
    command = [sys.executable, "-I", "-m", "pki_revocation.documents.verification.process"]
    try:
        done = subprocess.run(  # noqa: S603 - this program itself, and no word of the stranger's
            command, input=head.encode() + b"\n" + octets, capture_output=True, timeout=_SECONDS, check=False, env={}
        )
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise CheckFailed("The file cannot be checked: it is damaged, or made to be hard to read.") from None
    if "refused" in answer:
        raise CheckFailed(str(answer["refused"]))
    return _verdict(answer)


def _pem(certificates: Sequence[x509.Certificate]) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def _verdict(answer: dict[str, Any]) -> Verdict:
    findings = tuple(
        Finding(
            check=each["check"], outcome=Outcome(each["outcome"]), message=each["message"], values=dict(each["values"])
        )
        for each in answer["checks"]
    )
    return Verdict(findings=findings, proven=bool(answer["proven"]))


def main() -> None:
    """Read what is to be checked, and write the verdict."""
    for kind, most in (
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    from pki_revocation.proof.certificates import read_certificates  # noqa: PLC0415 - once it is bounded

    from .receipt import verify_receipt  # noqa: PLC0415 - as above

    head = json.loads(sys.stdin.buffer.readline())
    roots, stamp_roots = (
        read_certificates(head[name].encode()) if head[name] else [] for name in ("anchors", "stamp_anchors")
    )
    try:
        verdict = verify_receipt(sys.stdin.buffer.read(), roots, stamp_roots)
    except PkiError as error:
        answer: dict[str, object] = {"refused": str(error)}
    else:
        answer = verdict.as_json() | {"proven": verdict.proven}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
