"""`python -m pki_revocation`: the same program as `pki-revocation`."""

from pki_revocation.cli.start import main

if __name__ == "__main__":
    main()
