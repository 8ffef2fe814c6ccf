"""A submission with one of its functions replaced by the reference's, so that what depends on it can still be judged."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from checker.protocol import Block

# where the function that is put in stands, for a traceback through it
FILE = "reference.py"


def with_function(blocks: Sequence[Block], name: str, source: str) -> tuple[Block, ...]:
    """``blocks`` without their own function ``name``, which ``source`` defines before them; every line stays where it was."""
    return (Block(source, FILE), *(Block(_without(block.code, name), block.file, block.cell) for block in blocks))


def source_of(blocks: Sequence[Block], name: str, renamed: str) -> str:
    """The code of the function ``name``, which is to be called ``renamed``; raises KeyError where there is none."""
    for block in blocks:
        for node in _functions(block.code, name):
            return f"{ast.unparse(node)}\n{renamed} = {name}\n"
    raise KeyError(name)


def _without(code: str, name: str) -> str:
    lines = code.split("\n")
    for node in _functions(code, name):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        last = node.end_lineno or first
        lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines)


def _functions(code: str, name: str) -> Iterator[ast.FunctionDef]:
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            yield node


def without_main(text: str) -> str:
    """``text`` without what runs only as a script: in a reference that trains every model, and nobody asks for it."""
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(lines)
