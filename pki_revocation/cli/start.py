"""Where the console script and `python -m pki_revocation` begin: a stored page of help, or the program."""

import io
import os
import sys

from .help_pages import stored_page


def main() -> None:
    """Print the page of help that is asked for, and otherwise run the command, which alone needs click."""
    # A register holds names in any script, and not every terminal shows them: those are escaped, and no error.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    page = stored_page(sys.argv[1:])
    if page is not None:
        _print(page)
        return
    from .program import main as run  # noqa: PLC0415 - half of what a page of help would cost

    run()


def _print(page: str) -> None:
    """Print as click does: a reader that has seen enough (`--help | head -1`), or none at all, is no error."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(page)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end, and must find something that takes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
