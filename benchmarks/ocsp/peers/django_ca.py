"""django-ca from its package, in an environment of its own, under gunicorn with threads, which keeps connections."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.ocsp.contenders import Contender
from benchmarks.ocsp.installation import Prepared, say
from benchmarks.processes import SERVER_CORE, NotHere, free_port, pinned, wait_for_port
from benchmarks.wrk import Plan
from ocsp_responder.bench.questions import Asking, Questions
from ocsp_responder.client.query import Question
from pki_revocation.model import Issuer

from .asked import refuse_unless_good

_SITE = Path(__file__).with_name("django_ca_site")
_PACKAGES = ("django-ca", "gunicorn")


@contextlib.contextmanager
def django_ca(subject: Prepared, folder: Path) -> Iterator[Contender]:
    """django-ca as a contender, with as many certificates of its own making.

    Raises:
        NotHere: when it does not install, or does not know its certificates.
    """
    python = folder / "venv" / "bin" / "python"
    variables = {
        "BENCH_FOLDER": str(folder),
        "DJANGO_SETTINGS_MODULE": "bench_settings",
        "PYTHONPATH": str(_SITE),
        "PATH": os.environ["PATH"],
    }
    _install(folder, python)
    _make(folder, python, variables, len(subject.about))
    made = json.loads((folder / "made.json").read_text())
    authority = x509.load_pem_x509_certificate(made["ca"].encode())
    issuer = Issuer(id=1, name="bench", certificate_der=authority.public_bytes(Encoding.DER))
    about = tuple(int(serial, 16) for serial in made["serials"])
    port, log = free_port(), folder / "log"
    url = f"http://127.0.0.1:{port}/django_ca/ocsp/{made['ca_serial']}/cert/"
    command: list[str | Path] = [
        "env", *(f"{name}={value}" for name, value in variables.items()),
        python, "-m", "gunicorn", "--no-control-socket", "-k", "gthread", "--threads", "4", "--keep-alive", "60",
        "-b", f"127.0.0.1:{port}", "django.core.wsgi:get_wsgi_application()",
    ]  # fmt: skip

    def plan(asking: Asking) -> Plan:
        row = Questions(issuer, about, asking, url)
        found = [row.next().request for _ in range(len(row))]
        requests = [each[:-32] for each in found] if asking.with_nonce else found
        return Plan(host=f"127.0.0.1:{port}", requests=requests, nonce=asking.with_nonce)

    with pinned(command, SERVER_CORE, log=log) as process:
        wait_for_port(port, process, log)
        refuse_unless_good(url, Question(issuer=issuer, serial=about[0], nonce=None))
        yield Contender(name="django-ca, gunicorn", process=process, plan=plan)


def _install(folder: Path, python: Path) -> None:
    if python.exists():
        return
    say("installing django-ca in an environment of its own")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, capture_output=True)
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *_PACKAGES]
        subprocess.run(pip, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise NotHere("does not install from its package here") from error


def _make(folder: Path, python: Path, variables: dict[str, str], count: int) -> None:
    if (folder / "made.json").is_file():
        return
    say("making django-ca's certificates")
    command: list[str | Path] = [python, _SITE / "make_certificates.py", str(count)]
    done = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1]
        raise NotHere(f"its certificates cannot be made: {last}")
