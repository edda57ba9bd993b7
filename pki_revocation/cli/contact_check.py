"""What `doctor` says of [contact]: subscribers whose page is down must know where to send the form."""

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.errors import PkiError


def contact_finding(installation: Installation) -> tuple[str, bool, str]:
    """What was looked at, whether it is well, and a sentence; a page that is not public yet has no subscribers."""
    try:
        contact = installation.section(ContactSettings)
        public_url = installation.section(WebSettings).public_url
    except PkiError as error:
        return "contact", False, str(error)
    ways = [name for name in ("email", "post", "phone") if getattr(contact, name)]
    if contact.email or contact.post:
        return "contact", True, f"letters, form and page name the {', '.join(ways)} of [contact]"
    says = (
        "[contact] has neither email nor post: letters, form and page cannot say where to ask for a revocation when "
        "the page does not work"
    )
    is_public = public_url.lower().startswith("https://")
    return "contact", not is_public, f"{says}: fill it in, and then make letters" if is_public else says
