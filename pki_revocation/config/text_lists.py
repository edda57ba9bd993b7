"""A setting that is a list of texts, such as files or addresses: `["a", "b"]`, or one text with commas."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextList:
    """Texts in the order in which they were written; none unless the configuration gives some."""

    texts: tuple[str, ...] = ()

    @classmethod
    def from_text(cls, text: str) -> "TextList":
        """From "a, b"."""
        return cls(tuple(part.strip() for part in text.split(",") if part.strip()))

    @classmethod
    def from_list(cls, parts: Sequence[object]) -> "TextList":
        """From ["a", "b"].

        Raises:
            TypeError: for a part that is no text.
            ValueError: for an empty one.
        """
        for part in parts:
            if not isinstance(part, str):
                raise TypeError(f"{part!r} is not a text in quotes")
            if not part.strip():
                raise ValueError("one of its texts is empty")
        return cls(tuple(str(part).strip() for part in parts))

    def __iter__(self) -> Iterator[str]:
        """Each text."""
        return iter(self.texts)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.texts)

    def __str__(self) -> str:
        """The texts as `from_text` reads them."""
        return ", ".join(self.texts)
