"""Which rules pkilint holds a CRL against; by itself, because reading a setting must not load pkilint."""

from enum import StrEnum


class LintProfile(StrEnum):
    """`none` is for a PKI that has good reasons to differ from RFC 5280's profile."""

    NONE = "none"
    PKIX = "pkix"
    BR = "br"
