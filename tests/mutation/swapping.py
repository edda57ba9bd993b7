"""Exchanges the code of one function in a running process, for all who hold the function.

A test has imported it by name, a decorator has wrapped it, a class keeps it as a property: they all hold the same
function object, and that gets other code.
"""

import functools
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType


def swap(module: ModuleType, function: str, source: bytes) -> None:
    """Give a function of *module* the code that it has in *source*.

    Raises:
        LookupError: when there is no such function in one of both.
        ValueError: when its closure differs.
    """
    code = compile(source, module.__file__ or "", "exec", dont_inherit=True)
    _live(module, function).__code__ = _code_of(code, function)


def _live(module: ModuleType, name: str) -> FunctionType:
    *classes, last = name.split(".")
    holder: object = module
    for each in classes:
        holder = vars(holder)[each]
    found = vars(holder)[last]
    if isinstance(found, property):
        found = found.fget
    elif isinstance(found, classmethod | staticmethod | functools.cached_property):
        found = getattr(found, "__func__", None) or found.func  # type: ignore[union-attr] # one of the two has it
    found = inspect.unwrap(found)
    if not isinstance(found, FunctionType):
        raise LookupError(f"{module.__name__} has no function {name}")  # noqa: TRY004 - no argument is wrong
    return found


def _code_of(code: CodeType, name: str) -> CodeType:
    for found in _within(code):
        if found.co_qualname == name:
            return found
    raise LookupError(f"there is no code of {name}")


def _within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _within(constant)
