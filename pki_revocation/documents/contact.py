"""How the registration authority is reached without the page: what the fall-back page and the form say."""

import re
from dataclasses import dataclass

from pki_revocation.config.settings import ContactSettings
from pki_revocation.subscribers.languages import Language

# As people write a telephone number; what follows, such as an extension in words, cannot be dialled by itself.
_DIALLED = re.compile(r"\s*\(?(\+?[0-9][0-9 .()/-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDesk:
    """In one language; each text is empty where it is not configured, and *post* may have several lines."""

    organisation: str = ""
    post: str = ""
    email: str = ""
    phone: str = ""
    hours: str = ""
    emergency_phone: str = ""
    cps_url: str = ""
    privacy_url: str = ""
    accessibility_url: str = ""
    trust_anchor_url: str = ""
    new_certificate_url: str = ""

    @classmethod
    def of(cls, settings: ContactSettings, language: Language) -> "ServiceDesk":
        """What the configuration says; the Dutch hours where there are no English ones."""
        english = language is Language.ENGLISH and settings.hours_en
        return cls(
            organisation=settings.organisation,
            post=settings.post.strip(),
            email=settings.email,
            phone=settings.phone,
            hours=settings.hours_en if english else settings.hours,
            emergency_phone=settings.emergency_phone,
            cps_url=settings.cps_url,
            privacy_url=settings.privacy_url,
            accessibility_url=settings.accessibility_url,
            trust_anchor_url=settings.trust_anchor_url,
            new_certificate_url=settings.new_certificate_url,
        )

    @property
    def urgent_phone(self) -> str:
        """The number to call when it cannot wait: the one that is answered around the clock, where there is one."""
        return self.emergency_phone or self.phone

    @property
    def phone_line(self) -> str:
        """The telephone number with the hours behind it, as in a sentence; empty without a number."""
        if not self.phone or not self.hours:
            return self.phone
        # 'Op werkdagen' begins a line elsewhere; what is an abbreviation stays one.
        hours = self.hours if self.hours[1:2].isupper() else self.hours[:1].lower() + self.hours[1:]
        return f"{self.phone} ({hours})"

    @property
    def post_lines(self) -> list[str]:
        """The lines of the postal address that say something."""
        return [line.strip() for line in self.post.splitlines() if line.strip()]


def dialling_address(phone: str) -> str:
    """The `tel:` address of a number as people write it (RFC 3966), or nothing where it is none.

    The trunk prefix that is left out abroad, the (0) of +31 (0)70, is left out.
    """
    found = _DIALLED.match(phone)
    if found is None:
        return ""
    written = found[1].replace("(0)", "") if found[1].startswith("+") else found[1]
    return "tel:" + re.sub(r"[^0-9+]", "", written)
