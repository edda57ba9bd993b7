"""A token of SoftHSM's in a temporary folder, with random PINs, that can be taken away and brought back."""

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from keys.pkcs11.uri import Pkcs11Uri

CONFIG_VARIABLE = "SOFTHSM2_CONF"
_MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
)
MODULE = next((each for each in _MODULES if each.exists()), None)
HERE = MODULE is not None and shutil.which("softhsm2-util") is not None
WHY_NOT = "needs SoftHSM: apt-get install softhsm2"


class SoftHsm:
    """A folder of tokens; SOFTHSM2_CONF must name its configuration in the process that uses it."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and the configuration."""
        self.folder = folder / "tokens"
        self.folder.mkdir()
        self.config = folder / "softhsm2.conf"
        self.config.write_text(f"directories.tokendir = {self.folder}\nobjectstore.backend = file\nlog.level = ERROR\n")

    def make_token(self, label: str) -> str:
        """Make a token; its PIN comes back."""
        pin = "".join(secrets.choice("0123456789") for _ in range(8))
        subprocess.run(
            [
                "softhsm2-util",
                "--init-token",
                "--free",
                "--label",
                label,
                "--pin",
                pin,
                "--so-pin",
                secrets.token_hex(8),
            ],
            env=os.environ | {CONFIG_VARIABLE: str(self.config)},
            check=True,
            capture_output=True,
        )
        return pin

    def take_away(self) -> None:
        """As if the token were pulled out."""
        self.folder.rename(self.folder.with_name("away"))

    def bring_back(self) -> None:
        """As if it were put in again."""
        self.folder.with_name("away").rename(self.folder)


def uri(token: str, label: str, **more: str) -> str:
    """The URI of a key on a token of SoftHSM's."""
    rest = "".join(f";{name}={value}" for name, value in more.items())
    return f"pkcs11:token={token};object={label}{rest}?module-path={MODULE}"


def parsed(token: str, label: str) -> Pkcs11Uri:
    """The same, read."""
    return Pkcs11Uri.parse(uri(token, label))


def in_a_process_of_its_own(code: str, hsm: SoftHsm, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code that finds the token: what a library does at its start shows in a new process alone."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {CONFIG_VARIABLE: str(hsm.config)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
