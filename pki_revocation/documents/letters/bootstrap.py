"""Makes a maker of letters out of an installation."""

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper
from pki_revocation.config.settings import CodeSettings, ContactSettings, LetterSettings, WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError
from pki_revocation.register.own_secrets import confirm_secrets
from pki_revocation.subscribers.languages import LANGUAGES, Language

from .covering_run import CoveringLists
from .letter_sender import LetterSender
from .maker import LetterMaker
from .page_address import refuse_unfit_address


def letter_maker(
    installation: Installation,
    database: Database,
    clock: Clock,
    language: Language | None = None,
    *,
    prints: bool | None = None,
) -> LetterMaker:
    """The maker on a database; *language* is for subscribers whose own is not registered, and *prints* for print files.

    Where one is None, the configuration says it.

    Raises:
        ConfigurationError: when the pepper is missing or not the installation's, or a setting is wrong.
        StoreError: when the database does not answer.
        PageNotPublic: when letters would print an address that no subscriber reaches, or one without TLS.
    """
    settings = installation.section(LetterSettings)
    public_url = installation.section(WebSettings).public_url
    if not settings.for_demonstration:
        refuse_unfit_address(public_url)
    default = settings.language
    if default not in LANGUAGES:
        raise ConfigurationError(f"[letters] language is {default!r}, and may be {' or '.join(LANGUAGES)}.")
    pepper = load_pepper(installation)
    confirm_secrets(database, clock, pepper=pepper)
    return LetterMaker(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        verifier=CodeVerifier(pepper, installation.section(CodeSettings).scheme),
        public_url=public_url,
        language=language or Language(default),
        fonts=None if settings.fonts is None else installation.path(settings.fonts),
        prints=settings.print_file if prints is None else prints,
        duplex=settings.duplex,
        sheet_marks=settings.sheet_marks,
        covering=covering_lists(installation, database, clock) if settings.covering_lists else None,
        contact=installation.section(ContactSettings),
        sender=_sender(settings),
    )


def covering_lists(installation: Installation, database: Database, clock: Clock) -> CoveringLists:
    """The maker of covering lists on a database.

    Raises:
        ConfigurationError: when a setting is wrong.
    """
    settings = installation.section(LetterSettings)
    return CoveringLists(
        database=database,
        clock=clock,
        contact=installation.section(ContactSettings),
        sender=_sender(settings),
        fonts=None if settings.fonts is None else installation.path(settings.fonts),
    )


def _sender(settings: LetterSettings) -> LetterSender:
    return LetterSender(letterhead=settings.letterhead, return_address=settings.return_address)
