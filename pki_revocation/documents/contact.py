"""How the registration authority is reached without the page: what the fall-back page and the form say."""

from dataclasses import dataclass

from pki_revocation.config.settings import ContactSettings
from pki_revocation.subscribers.languages import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDesk:
    """In one language; each text is empty where it is not configured, and *post* may have several lines."""

    organisation: str
    post: str
    email: str
    phone: str
    hours: str

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
        )

    @property
    def in_one_line(self) -> str:
        """Every way to reach them, for where there is little room; empty when none is configured."""
        phone = f"{self.phone} ({self.hours})" if self.phone and self.hours else self.phone
        post = ", ".join(filter(None, (line.strip() for line in self.post.splitlines())))
        return " · ".join(filter(None, (self.email, phone, post)))
