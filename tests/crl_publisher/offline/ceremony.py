"""The machine that has the CA's key: it signs with this program, with OpenSSL alone, or as an OpenSSL CA."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crl_publisher.offline.signing import sign, signer_of
from crl_publisher.offline.signing_request import SigningRequest
from tests.pki import CertificateAuthority

_CONFIG = """
[ca]
default_ca = root
[root]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
default_md = {digest}
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid:always{aki}
{more}
"""


class Ceremony:
    """A folder with the key and the certificate of an authority."""

    def __init__(self, authority: CertificateAuthority, folder: Path) -> None:
        """Write both."""
        folder.mkdir()
        self.folder = folder
        self.authority = authority
        self.key, self.certificate = folder / "ca.key", folder / "ca.pem"
        self.key.write_bytes(authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.key.chmod(0o600)
        self.certificate.write_bytes(authority.certificate.public_bytes(Encoding.PEM))

    def sign(self, request: SigningRequest) -> bytes:
        """As `crl sign` does."""
        return sign(request, signer_of(request, self.authority.key, self.authority.certificate))

    def openssl(self, *words: str | Path) -> str:
        """Run OpenSSL in the folder."""
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def shell(self, command: str) -> None:
        """Run a line of shell in the folder."""
        subprocess.run(["sh", "-euc", command], cwd=self.folder, check=True)

    def openssl_ca(
        self,
        number: int,
        *revoked: tuple[int, datetime, str],
        now: datetime,
        days: int = 90,
        aki: str = "",
        more: str = "",
        digest: str = "sha256",
    ) -> bytes:
        """What `openssl ca -gencrl` makes of an index with these serials, dates and reasons (or none)."""
        lines = [
            f"R\t301231235959Z\t{_time(date)}{',' if reason else ''}{reason}\t{_even(serial)}\tunknown\t/CN={serial}\n"
            for serial, date, reason in revoked
        ]
        (self.folder / "index.txt").write_text("".join(lines))
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
        (self.folder / "crlnumber").write_text(f"{_even(number)}\n")
        config = self.folder / "ca.cnf"
        config.write_text(_CONFIG.format(folder=self.folder, aki=aki, more=more, digest=digest))
        times = ["-crl_lastupdate", _time(now), "-crl_nextupdate", _time(now + timedelta(days=days))]
        names: list[str | Path] = [
            "-config",
            config,
            "-keyfile",
            self.key,
            "-cert",
            self.certificate,
            "-out",
            "ca.crl.pem",
        ]
        self.openssl("ca", "-gencrl", *names, *times)
        self.openssl("crl", "-in", "ca.crl.pem", "-outform", "DER", "-out", "ca.crl")
        return (self.folder / "ca.crl").read_bytes()


def _time(moment: datetime) -> str:
    return f"{moment:%y%m%d%H%M%SZ}"


def _even(number: int) -> str:
    text = f"{number:X}"
    return text if len(text) % 2 == 0 else f"0{text}"
