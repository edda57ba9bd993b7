"""The account that a process runs as, as the system knows it: what an environment says of it is a claim."""

import os
import pwd


def account() -> str:
    """The name of the account, by its user id, whatever LOGNAME and USER say; where it has no name, the id itself."""
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"


def claimed_by(operator: str | None, *, key: str = "operator") -> dict[str, str]:
    """Who did something, for the audit trail: whom the command names, under *key*, and the account that ran it.

    Whoever may run a command may name any operator: the account is what the system vouches for. SUDO_USER is whose
    account it was before, as far as the environment says so.
    """
    own = account()
    before = os.environ.get("SUDO_USER", "")
    return {key: operator or before or own, "account": own} | ({"sudo_user": before} if before else {})
