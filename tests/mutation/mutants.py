"""Every mutant of a source file, always the same ones in the same order."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.mutation import expressions, statements
from tests.mutation.edits import Edit, Source

_Function = ast.FunctionDef | ast.AsyncFunctionDef
MODULE = "(module)"
# What only a type checker or a reader looks at.
_NOT_RUN = frozenset({"cast", "TypeVar", "getLogger", "ParamSpec"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A source file with one change.

    *where* is the qualified name of the outermost function, or of the class, or `(module)`; *before* and *after* are
    the changed lines as a reader sees them. *function* is where the code can be exchanged in a running process, None
    where the module must be imported anew. *lines* are those of the statement, whose tests are asked.
    """

    path: Path
    where: str
    edit: Edit
    before: str
    after: str
    function: str | None
    lines: range
    ordinal: int = 0

    @property
    def key(self) -> str:
        """The same for as long as the lines are, wherever in the file they stand."""
        return f"{self.where}: {self.before} -> {self.after}" + (f" [{self.ordinal}]" if self.ordinal else "")


def mutants_of(path: Path) -> list[Mutant]:
    """All mutants of a file; those that compile to the same tree as the file itself are left out."""
    source = Source(path.read_bytes())
    finder = _Finder(path, source)
    finder.body(ast.parse(source.text).body, _Scope())
    seen, counted = {ast.dump(ast.parse(source.text))}, Counter[str]()
    kept = []
    for mutant in finder.found:
        try:
            tree = ast.dump(ast.parse(mutant.edit.applied(source.text)))
        except SyntaxError:
            continue
        if tree in seen:
            continue
        seen.add(tree)
        kept.append(replace(mutant, ordinal=counted[mutant.key]))
        counted[mutant.key] += 1
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """Where a statement stands."""

    names: tuple[str, ...] = ()
    function: str | None = None
    returns_bool: bool = False
    bound: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return self.function or ".".join(self.names) or MODULE


class _Finder:
    """Walks a tree, and writes down each change."""

    def __init__(self, path: Path, source: Source) -> None:
        self.found: list[Mutant] = []
        self._path = path
        self._source = source

    def body(self, body: Sequence[ast.stmt], scope: _Scope) -> None:
        """The statements of one block, in order; what one binds is bound for those after it."""
        for statement in body:
            match statement:
                case ast.Import() | ast.ImportFrom():
                    pass
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._function(statement, scope)
                case ast.ClassDef():
                    self._class(statement, scope)
                case _:
                    self._statement(statement, scope)
            scope = replace(scope, bound=scope.bound | _names_stored(statement))

    def _statement(self, statement: ast.stmt, scope: _Scope) -> None:
        lines = _header_lines(statement)
        made = statements.edits_of(
            self._source,
            statement,
            returns_bool=scope.returns_bool,
            bound=scope.bound if scope.function else frozenset(),
        )
        self._note(made, scope, lines)
        for expression in _own_expressions(statement):
            self._expressions(expression, scope, lines)
        within = replace(scope, bound=scope.bound | _names_stored(statement, header=True))
        for block in _blocks(statement):
            self.body(block, within)

    def _expressions(self, node: ast.AST, scope: _Scope, lines: range) -> None:
        # Places within an f-string are not those of the file before Python 3.12.
        if isinstance(node, ast.JoinedStr):
            return
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in _NOT_RUN:
                for argument in node.args[1:] if name == "cast" else ():
                    self._expressions(argument, scope, lines)
                return
        if isinstance(node, ast.expr):
            self._note(expressions.edits_of(self._source, node, scope.types), scope, lines)
        for child in ast.iter_child_nodes(node):
            self._expressions(child, scope, lines)

    def _function(self, node: _Function, scope: _Scope) -> None:
        whole = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        outer = scope if scope.function else replace(scope, names=(*scope.names, node.name))
        self._decorators(node, outer, whole)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self._expressions(default, outer, whole)
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        within = replace(
            outer,
            function=scope.function or ".".join(outer.names),
            returns_bool=_says_bool(node.returns),
            bound=frozenset(argument.arg for argument in arguments),
            types={each.arg: ast.unparse(each.annotation) for each in arguments if each.annotation is not None},
        )
        self.body(_without_docstring(node.body), within)

    def _class(self, node: ast.ClassDef, scope: _Scope) -> None:
        within = replace(scope, names=(*scope.names, node.name))
        self._decorators(node, within, range(node.lineno, (node.end_lineno or node.lineno) + 1))
        self.body(_without_docstring(node.body), within)

    def _decorators(self, node: _Function | ast.ClassDef, scope: _Scope, lines: range) -> None:
        for decorator in node.decorator_list:
            start = self._source.text.rfind(b"@", 0, self._source.start(decorator))
            edit = Edit(operator="decorator", start=start, end=self._source.end(decorator), text="")
            # It is gone when the function is made: no exchange of code shows that.
            self._note([edit], replace(scope, function=None), lines)

    def _note(self, edits: Iterable[Edit], scope: _Scope, lines: range) -> None:
        for edit in edits:
            before, after = self._source.touched_lines(edit)
            self.found.append(
                Mutant(
                    path=self._path,
                    where=scope.where,
                    edit=edit,
                    before=before,
                    after=after,
                    function=scope.function,
                    lines=lines,
                )
            )


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body


def _says_bool(annotation: ast.expr | None) -> bool:
    return annotation is not None and "bool" in ast.unparse(annotation)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for part in ("body", "orelse", "finalbody"):
        if block := getattr(statement, part, None):
            yield block
    for handler in getattr(statement, "handlers", ()):
        yield handler.body
    for case in getattr(statement, "cases", ()):
        yield case.body


def _own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement's own lines; annotations are not run, and a target's parts are."""
    for name, value in ast.iter_fields(statement):
        if name == "annotation":
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.expr | ast.withitem):
                yield each
            elif isinstance(each, ast.match_case) and each.guard is not None:
                yield each.guard


def _header_lines(statement: ast.stmt) -> range:
    """The lines of a statement without those of the blocks in it."""
    last = statement.end_lineno or statement.lineno
    if body := getattr(statement, "body", None):
        last = max(statement.lineno, body[0].lineno - 1)
    return range(statement.lineno, last + 1)


def _names_stored(statement: ast.AST, *, header: bool = False) -> frozenset[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({statement.name})
    parts = _own_expressions(statement) if header and isinstance(statement, ast.stmt) else [statement]
    return frozenset(
        node.id
        for part in parts
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
