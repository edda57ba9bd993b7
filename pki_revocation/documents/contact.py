"""How the registration authority is reached without the page: what the fall-back page and the form say."""

from dataclasses import dataclass

from pki_revocation.config.settings import ContactSettings
from pki_revocation.subscribers.languages import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDesk:
    """In one language; each text is empty where it is not configured, and *post* may have several lines."""

    organisation: str = ""
    post: str = ""
    email: str = ""
    phone: str = ""
    hours: str = ""

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
