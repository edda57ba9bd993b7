"""Files that a command writes for somebody to carry away, and that hold no secret: new ones, whole or not at all."""

from pathlib import Path

from .errors import UnusableKey


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file where there is none.

    Raises:
        UnusableKey: when there is one, or it cannot be written; what was begun is taken away again.
    """
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise UnusableKey(f"{path} exists already: name a new file.") from error
    except OSError as error:
        raise UnusableKey(f"{path} cannot be written: {error.strerror or error}.") from error
    try:
        with file:
            file.write(data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise UnusableKey(f"{path} cannot be written: {error.strerror or error}.") from error
