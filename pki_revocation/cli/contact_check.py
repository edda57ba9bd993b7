"""What `doctor` says of [contact]: letter, form and pages each say that the others tell how you are reached."""

from collections.abc import Iterator

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import ContactSettings
from pki_revocation.errors import PkiError

# What one of them is needed of, and what pages leave out where it is not set.
_WAYS = ("email", "post", "phone", "emergency_phone")
_FURTHER = ("organisation", "emergency_phone", "cps_url", "privacy_url", "accessibility_url", "trust_anchor_url")


def contact_findings(installation: Installation) -> Iterator[tuple[str, bool, str]]:
    """What was looked at, whether it is well, and a sentence."""
    try:
        contact = installation.section(ContactSettings)
    except PkiError as error:
        yield "contact", False, str(error)
        return
    if not any(getattr(contact, name) for name in _WAYS):
        says = (
            "[contact] names no way to reach you: a subscriber who cannot use the page is sent from page to letter and "
            f"back; set one of {', '.join(_WAYS)}"
        )
        yield "contact", False, says
        return
    empty = [name for name in _FURTHER if not getattr(contact, name)]
    says = (
        f"[contact] leaves out {', '.join(empty)}: pages say nothing of these" if empty else "all of [contact] is set"
    )
    yield "contact", True, says
