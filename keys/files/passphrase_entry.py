"""A passphrase for a command: from where a service would take it, or typed in twice; never an argument."""

import sys

import click

from keys.errors import SecretMissing, UnusableKey

from .secret_source import SecretSource

_SHORTEST = 12


def present_passphrase(source: SecretSource, what: str) -> str:
    """The passphrase that *what* is encrypted with now: from its places, or typed in.

    Raises:
        SecretMissing: when it is in none of its places, and there is no terminal to ask on.
    """
    try:
        return source.read()
    except SecretMissing:
        if not _is_interactive():
            raise
    entered: str = click.prompt(f"Passphrase of {what}", hide_input=True, err=True)
    return entered


def new_passphrase(source: SecretSource, what: str) -> str:
    """The passphrase that *what* is to be encrypted with: from its places, or typed in twice.

    Raises:
        SecretMissing: when it is in none of its places, and there is no terminal to ask on.
        UnusableKey: when it is shorter than 12 characters.
    """
    try:
        chosen = source.read()
    except SecretMissing:
        if not _is_interactive():
            raise
        chosen = click.prompt(f"New passphrase of {what}", hide_input=True, confirmation_prompt=True, err=True)
    if len(chosen) < _SHORTEST:
        raise UnusableKey(f"The passphrase is too short: use {_SHORTEST} characters or more.")
    return chosen


def _is_interactive() -> bool:
    # None where a process was started with its standard input closed.
    return sys.stdin is not None and sys.stdin.isatty()
