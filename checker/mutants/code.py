"""Python source of which parts can be replaced while all the rest stays as it is written, to the byte."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from checker.template import BEGIN, CELL, END

Node = TypeVar("Node", bound=ast.AST)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes ``start`` to ``stop`` of the source give way to ``text``."""

    start: int
    stop: int
    text: str


class Code:
    """A program, of which what stands between the solution markers may be changed; all of it where there are none.

    Offsets are in bytes, as Python's own syntax tree has them. Raises SyntaxError.
    """

    def __init__(self, text: str) -> None:
        self.source = text
        self.data = text.encode()
        self.tree = ast.parse(text)
        lines = self.data.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))
        self._open = _between_markers([line.decode() for line in lines])

    def markdown(self) -> Iterator[tuple[int, str]]:
        """The lines of Markdown cells that may be changed, each with the offset of its first byte."""
        inside = False
        for number, line in enumerate(self.source.splitlines(), 1):
            if cell := CELL.match(line + "\n"):
                inside = bool(cell[1])
            elif inside and number in self._open:
                yield self._starts[number - 1], line

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node."""
        return {child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)}

    def nodes(self, kind: type[Node]) -> Iterator[Node]:
        """The nodes of this kind that may be changed, in the order of the source."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, kind) and self._may_change(node)]
        yield from sorted(found, key=self.span)

    def _may_change(self, node: ast.AST) -> bool:
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        return first is not None and last is not None and {first, last} <= self._open

    def span(self, node: ast.AST) -> Span:
        """Where a node stands: the offsets of its first byte and of the one after its last."""
        return (
            self._starts[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            self._starts[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined]
        )

    def text(self, node: ast.AST) -> str:
        """The source of a node."""
        start, stop = self.span(node)
        return self.data[start:stop].decode()

    def replace(self, node: ast.AST, text: str) -> Edit:
        """``text`` in the place of ``node``."""
        return Edit(*self.span(node), text)

    def remove_from(self, items: list[ast.expr], item: ast.expr) -> Edit:
        """One item of a list, tuple or call left out, with its comma."""
        place = items.index(item)
        start, stop = self.span(item)
        if place + 1 < len(items):
            stop = self.span(items[place + 1])[0]
        elif place:
            start = self.span(items[place - 1])[1]
        return Edit(start, stop, "")

    def indent(self, node: ast.stmt) -> str:
        """What stands before a statement on its line."""
        return " " * node.col_offset

    def edited(self, *edits: Edit) -> str:
        """The source after ``edits``, which do not overlap."""
        data = self.data
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
            data = data[: edit.start] + edit.text.encode() + data[edit.stop :]
        return data.decode()


def _between_markers(lines: list[str]) -> set[int]:
    """The numbers of the lines that may be changed."""
    marks = [line.strip() for line in lines]
    if BEGIN not in marks:
        return set(range(1, len(lines) + 1))
    inside, opened = set(), False
    for number, mark in enumerate(marks, 1):
        if mark in (BEGIN, END):
            opened = mark == BEGIN
        elif opened:
            inside.add(number)
    return inside
