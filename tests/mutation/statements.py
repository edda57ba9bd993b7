"""What is changed in a statement: it is left out, or its result, its condition or its way on is another."""

import ast
from collections.abc import Iterator

from tests.mutation.edits import Edit, Source
from tests.mutation.expressions import negated

_AUGMENTED: dict[type[ast.operator], tuple[str, str]] = {ast.Add: ("+=", "-="), ast.Sub: ("-=", "+=")}


def edits_of(  # noqa: C901, PLR0912 - a table of what is done to each kind
    source: Source, node: ast.stmt, *, returns_bool: bool, bound: frozenset[str]
) -> Iterator[Edit]:
    """The changes of one statement, without those of the expressions and statements in it.

    Args:
        source: where it stands.
        node: the statement.
        returns_bool: whether its function gives a truth value.
        bound: names that have a value already when it is reached, so that leaving out an assignment means something.
    """
    match node:
        case ast.Return(value=ast.expr() as value):
            yield from _result(source, value, returns_bool=returns_bool)
        case ast.Expr(value=ast.Yield(value=ast.expr() as value)):
            yield from _result(source, value, returns_bool=returns_bool)
        case ast.Expr(value=ast.Constant()):
            pass
        case ast.Return() | ast.Raise() | ast.Expr() | ast.Delete() | ast.Assert():
            yield source.replaced("statement", node, "pass")
        case ast.Assign(targets=[target]) if _is_change(target, bound):
            yield source.replaced("statement", node, "pass")
        case ast.AugAssign():
            yield source.replaced("statement", node, "pass")
            old, new = _AUGMENTED.get(type(node.op), ("", ""))
            edit = source.between("arithmetic", node.target, node.value, old, new) if old else None
            if edit is not None:
                yield edit
        case ast.If() | ast.While():
            yield from negated(source, node.test)
        case ast.Continue():
            yield source.replaced("jump", node, "break")
        case ast.Break():
            yield source.replaced("jump", node, "continue")
        case ast.Try():
            for handler in node.handlers:
                first, last = handler.body[0], handler.body[-1]
                if not (isinstance(first, ast.Raise) and first.exc is None):
                    yield Edit(operator="handler", start=source.start(first), end=source.end(last), text="raise")
        case _:
            pass


def _is_change(target: ast.expr, bound: frozenset[str]) -> bool:
    if isinstance(target, ast.Name):
        return target.id in bound
    return isinstance(target, ast.Attribute | ast.Subscript)


def _result(source: Source, value: ast.expr, *, returns_bool: bool) -> Iterator[Edit]:
    if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool)):
        return
    if not returns_bool:
        yield source.replaced("result", value, "None")
    elif not isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield source.replaced("result", value, f"not ({ast.unparse(value)})")
