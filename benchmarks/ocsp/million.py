"""An installation with a million revoked certificates, imported from an OpenSSL index."""

import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.running_demo import environment

from .installation import Prepared, prepare, prepared, say

REVOKED = 1_000_000
_LIVE = 20
_REASONS = ("", ",keyCompromise", ",superseded", ",cessationOfOperation")


def million_revoked(folder: Path) -> Prepared:
    """Make it, or take what an earlier run left; a part of the revoked ones is what is asked about."""
    done = folder / "million.done"
    if not done.is_file():
        subject = prepare(folder, _LIVE)
        say(f"importing {REVOKED:,} revoked certificates: a minute or two")
        index = folder / "index.txt"
        _write_index(index)
        program = Path(sys.executable).with_name("pki-revocation")
        command: list[str | Path] = [
            program,
            "certificate",
            "import",
            index,
            "--directory",
            subject.installation.directory,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
        index.unlink()
        done.touch()
    return prepared(folder, most=200_000)


def _write_index(path: Path) -> None:
    """Rows as `openssl ca` writes them: state, end, revocation with reason, serial, file, subject."""
    now = datetime.now(UTC)
    end = (now + timedelta(days=365)).strftime("%y%m%d%H%M%SZ")
    with path.open("w") as index:
        for number in range(REVOKED):
            revoked = (now - timedelta(hours=1, seconds=number % 86400)).strftime("%y%m%d%H%M%SZ")
            reason = _REASONS[number % len(_REASONS)]
            serial = f"{secrets.randbits(127) | 1 << 126:032X}"
            index.write(f"R\t{end}\t{revoked}{reason}\t{serial}\tunknown\t/C=NL/CN=zorg-{number}.example\n")
