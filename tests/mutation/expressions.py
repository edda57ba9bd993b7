"""What is changed in an expression: comparisons, boolean and arithmetic operators, constants, arguments."""

import ast
import re
from collections.abc import Iterator, Mapping

from tests.mutation.edits import Edit, Source

# Both neighbours of an order: the one that differs at the boundary, and the opposite.
_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitOr: ("|", "&"),
    ast.BitAnd: ("&", "|"),
    ast.BitXor: ("^", "|"),
}
_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# What gives the same whatever order its arguments have.
_WITHOUT_ORDER = frozenset({"min", "max", "where", "and_", "or_", "in_"})
# What may stand in the place of another one without failing at once; None is what is not annotated.
_PLAIN = frozenset({None, "int", "float", "str", "bytes", "bool", "datetime", "timedelta"})
# A text that a program reads, and not a sentence for people.
_WORD = re.compile(r"[\w.:/$-]+\Z")


def edits_of(source: Source, node: ast.expr, types: Mapping[str, str]) -> Iterator[Edit]:  # noqa: C901 - a table
    """The changes of one node, without those of the nodes in it; *types* are what names are annotated with.

    What could only fail at once is left out: it would be killed by any test, and make the score look better.
    """
    match node:
        case ast.Compare():
            yield from _compared(source, node)
        case ast.BoolOp():
            yield from _combined(source, node)
        case ast.UnaryOp(op=ast.Not()):
            yield source.replaced("not", node, f"({ast.unparse(node.operand)})")
        case ast.UnaryOp(op=ast.USub()):
            yield source.replaced("sign", node, f"(+{ast.unparse(node.operand)})")
        case ast.BinOp():
            old, new = _ARITHMETIC.get(type(node.op), ("", ""))
            is_text = any(map(_is_text, (node.left, node.right)))
            edit = source.between("arithmetic", node.left, node.right, old, new) if old and not is_text else None
            if edit is not None:
                yield edit
        case ast.IfExp():
            yield from negated(source, node.test)
        case ast.Constant():
            yield from _constant(source, node)
        case ast.Call():
            yield from _called(source, node, types)
        case ast.Await():
            yield source.replaced("await", node, f"({ast.unparse(node.value)})")
        case _:
            pass


def negated(source: Source, test: ast.expr) -> Iterator[Edit]:
    """The opposite of a condition that has no operator of its own to change."""
    if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
        yield source.replaced("condition", test, f"(not ({ast.unparse(test)}))")


def _compared(source: Source, node: ast.Compare) -> Iterator[Edit]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        old, others = _COMPARISONS[type(operator)]
        for new in others:
            edit = source.between("comparison", left, right, old, new)
            if edit is not None:
                yield edit
        left = right


def _combined(source: Source, node: ast.BoolOp) -> Iterator[Edit]:
    """Without each of its operands: what tells these apart tells `and` from `or` too."""
    for place in range(len(node.values)):
        kept = [value for at, value in enumerate(node.values) if at != place]
        rest = kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)
        yield source.replaced("operand", node, f"({ast.unparse(rest)})")


def _constant(source: Source, node: ast.Constant) -> Iterator[Edit]:
    match node.value:
        case bool():
            yield source.replaced("constant", node, str(not node.value))
        case int() | float():
            yield source.replaced("constant", node, repr(node.value + 1))
        case str() if _WORD.match(node.value):
            yield source.replaced("constant", node, repr(f"not-{node.value}"))
        case bytes():
            yield source.replaced("constant", node, repr(b"not-" + node.value))
        case _:
            pass


def _called(source: Source, node: ast.Call, types: Mapping[str, str]) -> Iterator[Edit]:
    if isinstance(node.func, ast.Name) and node.func.id in _TWINS:
        yield source.replaced("twin", node.func, _TWINS[node.func.id])
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        yield source.replaced("chain", node, ast.unparse(node.func.value))
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    for left, right in zip(node.args, node.args[1:], strict=False):
        if name in _WITHOUT_ORDER or not _may_be_swapped(left, right, types):
            continue
        gap = source.text[source.end(left) : source.start(right)].decode()
        text = f"{ast.unparse(right)}{gap}{ast.unparse(left)}"
        yield Edit(operator="arguments", start=source.start(left), end=source.end(right), text=text)


def _may_be_swapped(left: ast.expr, right: ast.expr, types: Mapping[str, str]) -> bool:
    if isinstance(left, ast.Starred) or isinstance(right, ast.Starred) or _is_text(left) != _is_text(right):
        return False
    left_type, right_type = (types.get(each.id) if isinstance(each, ast.Name) else None for each in (left, right))
    return left_type == right_type or {left_type, right_type} <= _PLAIN


def _is_text(node: ast.expr) -> bool:
    """Whether it is text or octets as written, or made of such."""
    match node:
        case ast.JoinedStr() | ast.Constant(value=str() | bytes()):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_text(left) or _is_text(right)
        case ast.Call(func=ast.Name(id="bytes" | "str")):
            return True
        case _:
            return False
