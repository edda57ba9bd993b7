"""Where the console script and `python -m pki_revocation` begin: a stored page of help, or the program."""

import sys

from .help_pages import stored_page


def main() -> None:
    """Print the page of help that is asked for, and otherwise run the command, which alone needs click."""
    page = stored_page(sys.argv[1:])
    if page is not None:
        sys.stdout.write(page)
        return
    from .program import main as run  # noqa: PLC0415 - half of what a page of help would cost

    run()
