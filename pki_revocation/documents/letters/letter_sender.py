"""Who sends a letter: its head, the line above the window, and the ways to ask for a revocation without the page."""

from dataclasses import dataclass, field

from pki_revocation.documents.contact import ServiceDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSender:
    """The sender of letters, in one language.

    *desk* is from [contact]; with *letterhead*, the letter says it at its head, which paper may have printed already.
    *return_address* stands above the window, in one line; organisation and postal address do without it.
    """

    desk: ServiceDesk = field(default_factory=ServiceDesk)
    letterhead: bool = True
    return_address: str = ""

    @property
    def line(self) -> str:
        """The line above the window; empty where there is no address to bring a letter back to."""
        if self.return_address:
            return self.return_address
        post = self.desk.post_lines
        # Most postal addresses begin with the organisation: it is not said twice.
        named = (
            post if not self.desk.organisation or self.desk.organisation in post else [self.desk.organisation, *post]
        )
        return ", ".join(named) if post else ""

    def as_input(self) -> dict[str, object]:
        """What the template takes: lines of the head, the sender's line, and each way with its link, if it has one."""
        desk = self.desk
        # A number does not go on over the next line.
        phone = desk.phone_line.replace(desk.phone, desk.phone.replace(" ", "\u00a0"), 1)
        others = [line for line in desk.post_lines if line != desk.organisation]
        head = [desk.organisation, *others, desk.email, desk.phone, desk.hours if desk.phone else ""]
        ways = ((desk.email, f"mailto:{desk.email}"), (phone, ""), (", ".join(desk.post_lines), ""))
        return {
            "letterhead": [line for line in head if line] if self.letterhead and desk.organisation else [],
            "line": self.line,
            "ways": [{"text": text, "link": link} for text, link in ways if text],
            "written": bool(desk.email or desk.post),
        }
