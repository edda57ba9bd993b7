"""What each check of `doctor` gives, in whichever package it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was checked, whether it is well, and what to do when it is not."""

    check: str
    well: bool
    says: str
