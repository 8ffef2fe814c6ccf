"""The registry of operators: each makes variants of a program, and is a name, a sentence, a function, an example."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checker.findings import Kind
from checker.mutants.code import Code, Edit

Edits = Iterable[Edit]
Function = Callable[[Code], Iterator[Edits | Edit | str]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of change. ``make`` yields edits of a program, or the whole text of a new one.

    ``before`` and ``after`` are its example: ``after`` is among what it makes of ``before``.
    """

    name: str
    kind: Kind
    sentence: str
    make: Function
    before: str
    after: str

    def of(self, text: str) -> Iterator[str]:
        """The programs that it makes of one: only those that Python can parse."""
        code = Code(text)
        for each in self.make(code):
            made = each if isinstance(each, str) else code.edited(*([each] if isinstance(each, Edit) else each))
            with contextlib.suppress(SyntaxError):
                ast.parse(made)
                yield made


@dataclass(frozen=True, slots=True)
class Variant:
    """A program that an operator made; ``line`` is the first that differs, counted from 1."""

    operator: Operator
    number: int
    text: str
    line: int

    @property
    def name(self) -> str:
        """What it is called in tables: operator and number."""
        return f"{self.operator.name}-{self.number}"


OPERATORS: dict[str, Operator] = {}


def operator(kind: Kind, sentence: str, before: str, after: str) -> Callable[[Function], Function]:
    """Register a function as an operator under its own name."""

    def registered(make: Function) -> Function:
        name = make.__name__
        OPERATORS[name] = Operator(name, kind, sentence, make, before, after)
        return make

    return registered


def variants(text: str, kind: Kind) -> list[Variant]:
    """All variants of a program of one kind, each once, in the order of the operators."""
    seen = {text}
    found = []
    for each in OPERATORS.values():
        if each.kind != kind:
            continue
        number = 0
        for made in each.of(text):
            if made not in seen:
                seen.add(made)
                number += 1
                found.append(Variant(each, number, made, _first_difference(text, made)))
    return found


def _first_difference(one: str, other: str) -> int:
    lines = zip(one.splitlines(), other.splitlines(), strict=False)
    return next((number for number, (a, b) in enumerate(lines, 1) if a != b), 1)
