"""Sets the form once in a process of its own: what cannot be printed is said at a service's start, not to a subscriber.

The typesetter and what adds the fields take 45 MiB. That process ends with them; the one that serves loads them when
the first form is asked for.
"""

import json
import subprocess
import sys
from dataclasses import asdict

from pki_revocation.config.settings import ContactSettings
from pki_revocation.subscribers.languages import Language

from .typesetting import DocumentNotSet


def try_form(contact: ContactSettings) -> None:
    """Set the form in each language, with what [contact] says.

    Raises:
        DocumentNotSet: when something of it cannot be printed.
    """
    command = [sys.executable, "-m", __name__]
    done = subprocess.run(command, input=json.dumps(asdict(contact)), capture_output=True, text=True, check=False)  # noqa: S603 - this very module
    if done.returncode != 0:
        raise DocumentNotSet((done.stdout or done.stderr).strip().splitlines()[-1])


def _set_and_say(contact: ContactSettings) -> int:
    """In the other process: 0, or a sentence on standard output and 1."""
    from .form import form_for  # noqa: PLC0415 - only in this process

    try:
        for language in Language:
            form_for(contact, language)
    except DocumentNotSet as error:
        print(error)  # noqa: T201 - to the process that waits for it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_set_and_say(ContactSettings(**json.load(sys.stdin))))
