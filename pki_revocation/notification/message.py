"""A text as a mail: plain and HTML parts, and the headers that mail from a program has."""

import html
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from .settings import NotificationSettings
from .texts import Text


def message(
    text: Text, recipient: str, *, local_id: str, told_at: datetime, settings: NotificationSettings
) -> EmailMessage:
    """The mail, the same octets but for the parts' boundary each time: Date is when it happened, not when it is sent.

    Return-Path is written by the last server from the envelope's sender (RFC 5321 section 4.4), and not here.
    Auto-Submitted keeps robots from answering (RFC 3834 section 5).
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = text.subject
    mail["Date"] = format_datetime(told_at)
    mail["Message-ID"] = f"<{local_id}@{settings.message_id_domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("\n\n".join(text.paragraphs) + "\n", cte="quoted-printable")
    mail.add_alternative(_html(text), subtype="html", cte="quoted-printable")
    # Not before: setting the content takes away all headers about content.
    mail["Content-Language"] = text.language
    return mail


def _html(text: Text) -> str:
    paragraphs = "\n".join(f"<p>{html.escape(each).replace(chr(10), '<br>')}</p>" for each in text.paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="{text.language}">\n<head><meta charset="utf-8">'
        f"<title>{html.escape(text.subject)}</title></head>\n<body>\n{paragraphs}\n</body>\n</html>\n"
    )
