"""How every process logs: to standard error, one line each, as loudly as the environment asks."""

import logging
import os

VARIABLE = "PKI_REVOCATION_LOG_LEVEL"


def log_to_stderr() -> None:
    """Set up the log of this process; called once, at its start."""
    logging.basicConfig(
        level=os.environ.get(VARIABLE, "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # Alembic logs a line for each reading of the database's revision.
    logging.getLogger("alembic").setLevel(logging.WARNING)
