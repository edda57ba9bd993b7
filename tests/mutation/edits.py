"""One change of a source text, as the octets that it replaces."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Octets *start* to *end* of a source become *text*; *operator* says by which rule."""

    operator: str
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The source with this change."""
        return source[: self.start] + self.text.encode() + source[self.end :]


class Source:
    """A source text in octets, with the place of each node: `ast` counts columns in octets of UTF-8."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._lines = [0]
        for line in text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """The offset of a line, counted from 1, and a column in octets."""
        return self._lines[line - 1] + column

    def start(self, node: ast.expr | ast.stmt | ast.excepthandler) -> int:
        """Where a node begins."""
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.excepthandler) -> int:
        """Where the octet behind a node is."""
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def replaced(self, operator: str, node: ast.expr | ast.stmt, text: str) -> Edit:
        """The node becomes *text*."""
        return Edit(operator=operator, start=self.start(node), end=self.end(node), text=text)

    def between(self, operator: str, left: ast.expr, right: ast.expr, old: str, new: str) -> Edit | None:
        """The operator token between two operands becomes another; parentheses and line ends around it stay."""
        start, end = self.end(left), self.start(right)
        gap = self.text[start:end].decode()
        if gap.count(old) != 1 or "#" in gap:
            return None
        return Edit(operator=operator, start=start, end=end, text=gap.replace(old, new))

    def touched_lines(self, edit: Edit) -> tuple[str, str]:
        """The lines that a change touches, before and after, each as one line without indentation."""
        begin = self.text.rfind(b"\n", 0, edit.start) + 1
        stop = self.text.find(b"\n", max(edit.start, edit.end - 1))
        stop = len(self.text) if stop < 0 else stop
        before = self.text[begin:stop].decode()
        after = (self.text[begin : edit.start] + edit.text.encode() + self.text[edit.end : stop]).decode()
        return " ".join(before.split()), " ".join(after.split())
