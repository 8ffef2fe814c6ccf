"""Runs the submission's top level, statement by statement, in a module that is ``__main__``.

A statement that raises is told and the next one runs: one broken cell costs what it touches, and no more.
"""

from __future__ import annotations
import __future__

import ast
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from checker.evidence import Definition, Ending, Failure, Place
from checker.protocol import PATIENCE, Block, Load
from checker.sandbox.origin import Origin
from checker.sandbox.values import is_array, is_model, sort_of

DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class TimeLimit(BaseException):
    """The time of a question or a statement is over; not an Exception, so that ``except Exception`` lets it pass."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimit in the block after ``seconds`` of processor time, or ``PATIENCE`` times that on the clock.

    It is raised again every half second where it is swallowed.
    """
    if not hasattr(signal, "setitimer"):  # Windows: the grader's own deadline ends the process
        yield
        return

    def over(*_: object) -> None:
        raise TimeLimit

    timers = {signal.ITIMER_PROF: (signal.SIGPROF, 1.0), signal.ITIMER_REAL: (signal.SIGALRM, PATIENCE)}
    for timer, (number, factor) in timers.items():
        signal.signal(number, over)
        signal.setitimer(timer, max(seconds * factor, 0.01), 0.5)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)


def failure(error: BaseException, origin: Origin) -> Failure:
    """``error`` as evidence: only its text and the submission's own lines."""
    ending = Ending.raised
    if isinstance(error, TimeLimit):
        ending = Ending.timed_out
    elif isinstance(error, MemoryError):
        ending = Ending.out_of_memory
    return Failure(ending, type(error).__name__, _text(error), origin.trace(error.__traceback__))


def _text(error: BaseException) -> str:
    try:
        return str(error)[:4000]
    # str() of a student's own exception class is student code
    except Exception:  # noqa: BLE001
        return ""


class Program:
    """The submission as a running module."""

    def __init__(self, load: Load, origin: Origin, began: Callable[[int, int], None]) -> None:
        self._load = load
        self._origin = origin
        self._began = began
        self.namespace: dict[str, Any] = {}
        self._bound: dict[str, Place] = {}

    def run(self, extra: dict[str, Any]) -> tuple[Failure, ...]:
        """Run every block in a new ``__main__``, which ``extra`` names are put into; returns what raised."""
        module = types.ModuleType("__main__")
        module.__dict__.update(extra)
        module.__dict__["__file__"] = str(self._origin.home / self._load.blocks[0].file)
        sys.modules["__main__"] = module
        self.namespace = module.__dict__
        deadline = time.process_time() + self._load.seconds
        return tuple(
            failed
            for number, block in enumerate(self._load.blocks)
            for failed in self._run_block(number, block, deadline)
        )

    def _run_block(self, number: int, block: Block, deadline: float) -> Iterator[Failure]:
        filename = self._origin.filename(block)
        flags = 0
        for node in ast.parse(block.code, filename).body:
            if (number, node.lineno) in self._load.skip or not self._wanted(node, deadline):
                continue
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    flags |= getattr(__future__, alias.name).compiler_flag
            self._began(number, node.lineno)
            code = compile(ast.Module([node], []), filename, "exec", flags, dont_inherit=True)
            failed = self._run_statement(code)
            for name, line in _names_bound(node):
                if not failed or name not in self._bound:
                    self._bound[name] = Place(block.file, line, block.cell)
            if failed:
                yield failed

    def _wanted(self, node: ast.stmt, deadline: float) -> bool:
        if self._load.definitions_only or time.process_time() > deadline:
            return isinstance(node, DEFINITIONS) or (isinstance(node, ast.Assign) and _is_literal(node.value))
        return True

    def _run_statement(self, code: types.CodeType) -> Failure | None:
        try:
            with time_limit(self._load.statement_seconds):
                exec(code, self.namespace)
        # whatever student code raises, SystemExit included, is told and the next statement runs
        except BaseException as error:  # noqa: BLE001
            return failure(error, self._origin)
        return None

    def definitions(self) -> Iterator[Definition]:
        """What the top level defined, in order."""
        for name, value in list(self.namespace.items()):
            if not name.startswith("__") and not isinstance(value, types.ModuleType):
                yield self._define(name, value)

    def _define(self, name: str, value: Any) -> Definition:
        place = self._bound.get(name)
        made = vars(value).get("__init__") if isinstance(value, type) else value
        if isinstance(made, types.FunctionType):
            here = self._origin.place(made.__code__.co_filename, made.__code__.co_firstlineno)
            if made is value:
                return Definition(name, "function", *_parameters(made), here)
            # a class is made with what its constructor takes, the object itself apart
            names, required = (tuple(each[1:]) for each in _parameters(made))
            return Definition(name, "class", names if here else (), required if here else (), place)
        if is_model(value):
            return Definition(name, "model", place=place)
        if is_array(value):
            return Definition(name, "array", place=place)
        return Definition(name, sort_of(value, 0).sort, place=place)


def _parameters(function: types.FunctionType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a function's parameters, and of those without a default."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    optional = len(function.__defaults__ or ())
    required = code.co_varnames[: code.co_argcount - optional] + tuple(
        name for name in names[code.co_argcount :] if name not in (function.__kwdefaults__ or {})
    )
    return names, required


def _names_bound(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The names that a statement binds where it stands, each with its line."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, node.lineno
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, node.lineno
    for child in ast.iter_child_nodes(node):
        yield from _names_bound(child)


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True
