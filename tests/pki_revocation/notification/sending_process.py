"""`sending_process.py URL PORT`: what is due is sent once, by a process that a test may kill at a failpoint."""

import sys

from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.notification.carriers import SmtpCarrier
from pki_revocation.notification.sender import Sender
from pki_revocation.notification.settings import NotificationSettings, Tls


class Alone:
    """Nobody else sends."""

    is_held = True


if __name__ == "__main__":
    settings = NotificationSettings(port=int(sys.argv[2]), tls=Tls.NONE)
    with Database(sys.argv[1]) as database:
        carrier = SmtpCarrier(settings, None)
        Sender(database=database, clock=SystemClock(), carrier=carrier, turn=Alone(), settings=settings).send_due()
