"""A text as a mail: plain and HTML parts, and the headers that mail from a program has."""

import html
import textwrap
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.subscribers.languages import Language

from .settings import NotificationSettings
from .texts import Text, signature

# What plain text is read in where nothing breaks lines: RFC 5322 section 2.1.1 wants 78 at most.
_COLUMNS = 72
_NO_DESK = ServiceDesk()
# Programs that leave this out show the same text in their own way. No picture, no address elsewhere, nothing to load.
_STYLE = """\
:root { color-scheme: light dark; }
body { margin: 0; padding: 1.5rem 1rem; background: #fff; color: #1a1a1a;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; }
main { max-width: 36rem; margin: 0 auto; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.3; color: #154273; }
table { width: 100%; margin: 0 0 1.25rem; border-collapse: collapse; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid #cbd2d9; text-align: left; vertical-align: top; }
th { width: 9rem; font-weight: normal; color: #52606d; }
td { overflow-wrap: anywhere; }
p { margin: 0 0 1rem; }
.from { margin-top: 1.5rem; color: #52606d; }
@media (max-width: 30rem) {
  th, td { display: block; width: auto; border: 0; padding: 0; }
  td { margin-bottom: .6rem; }
}
@media (prefers-color-scheme: dark) {
  body { background: #16191d; color: #e8eaed; }
  h1 { color: #8fc1f5; }
  th, .from { color: #aab4bf; }
  th, td { border-color: #3a424b; }
}"""


def message(
    text: Text,
    recipient: str,
    *,
    local_id: str,
    told_at: datetime,
    settings: NotificationSettings,
    desk: ServiceDesk = _NO_DESK,
) -> EmailMessage:
    """The mail, the same octets but for the parts' boundary each time: Date is when it happened, not when it is sent.

    It comes from *desk*, in whose name it is signed. Return-Path is written by the last server from the envelope's
    sender (RFC 5321 section 4.4), and not here. Auto-Submitted keeps robots from answering (RFC 3834 section 5).
    """
    signed = signature(desk, Language(text.language))
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(display_name=desk.organisation, addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = text.subject
    mail["Date"] = format_datetime(told_at)
    mail["Message-ID"] = f"<{local_id}@{settings.message_id_domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_plain(text, signed), cte="quoted-printable")
    mail.add_alternative(_html(text, signed), subtype="html", cte="quoted-printable")
    # Not before: setting the content removes all headers about content.
    mail["Content-Language"] = text.language
    return mail


def _plain(text: Text, signed: tuple[str, ...]) -> str:
    width = max((len(name) for name, _ in text.facts), default=0) + 2
    facts = "\n".join(_filled(value, first=f"{name}:".ljust(width), others=" " * width) for name, value in text.facts)
    parts = [_filled(text.opening), facts, *map(_filled, text.paragraphs), "\n".join(map(_filled, signed))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _filled(paragraph: str, *, first: str = "", others: str = "") -> str:
    """Broken between words; a word that is longer than a line stays whole, so that it can be copied."""
    return textwrap.fill(
        paragraph,
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _html(text: Text, signed: tuple[str, ...]) -> str:
    subject, opening = html.escape(text.subject), html.escape(text.opening)
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>' for name, value in text.facts
    )
    table = f"<table>\n{rows}\n</table>\n" if rows else ""
    paragraphs = "\n".join(f"<p>{html.escape(each)}</p>" for each in text.paragraphs)
    end = "<br>\n".join(html.escape(line) for line in signed)
    return (
        f'<!DOCTYPE html>\n<html lang="{text.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{subject}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{opening}</h1>\n{table}{paragraphs}\n"
        + (f'<p class="from">{end}</p>\n' if end else "")
        + "</main>\n</body>\n</html>\n"
    )
