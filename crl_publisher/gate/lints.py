"""Which lints a CRL is held against, where the installation has them: pkilint comes with the extra `lint`."""

from crl_publisher.config import LintProfile
from pki_revocation.host.extras import require_extra

from .findings import Findings


def require_lints(profile: LintProfile) -> None:
    """Refuse to publish at all where the lints that the configuration asks for are not installed.

    Raises:
        ExtraMissing: then.
    """
    if profile is not LintProfile.NONE:
        require_extra("lint", f'[crl] lint = "{profile}"')


def lint(data: bytes, profile: LintProfile, findings: Findings, *, authorities: bool = False) -> None:
    """Add what the lints find, errors as errors and warnings as warnings.

    Args:
        data: a CRL of few entries: each takes a millisecond.
        profile: which rules.
        findings: gets crl.lint.… with pkilint's own codes.
        authorities: whether it is a CRL of CA certificates, which may be good for a year (BR 7.2).

    Raises:
        ExtraMissing: when pkilint is not installed: no CRL passes that was not held against what was asked.
    """
    require_lints(profile)
    if profile is not LintProfile.NONE:
        from .pkilint_profiles import lint_with_pkilint  # noqa: PLC0415 - 19 MiB, for a publisher's process alone

        lint_with_pkilint(data, profile, findings, authorities=authorities)
