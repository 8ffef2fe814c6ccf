"""The student template, made from the reference: what stands between the solution markers is taken out.

The markers are nbgrader's: ``### BEGIN SOLUTION`` and ``### END SOLUTION``.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from checker.errors import CourseError
from checker.language import _

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
CELL = re.compile(r"^# %%[ \t]*(\[markdown\])?[^\n]*\n", re.MULTILINE)
BLANK = "# VOTRE RÉPONSE / YOUR ANSWER"
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")


def strip(code: str) -> str:
    """``code`` without its solutions; raises CourseError for markers that do not pair, with the line."""
    kept: list[str] = []
    inside: int | None = None
    lines = code.splitlines()
    for number, line in enumerate(lines, 1):
        mark = line.strip()
        if mark == BEGIN and inside is None:
            inside = number
            indent = line[: len(line) - len(line.lstrip())]
        elif mark == END and inside is not None:
            kept += [indent + text for text in _answers(lines[inside : number - 1]) or STUB]
            inside = None
        elif mark in (BEGIN, END):
            raise CourseError(_("line {line}: {mark} without its partner").format(line=number, mark=mark))
        elif inside is None:
            kept.append(line)
    if inside is not None:
        raise CourseError(_("line {line}: {mark} without its partner").format(line=inside, mark=BEGIN))
    return "\n".join(kept) + "\n"


def _answers(lines: list[str]) -> list[str]:
    """What stands for a solution that is no code to write, so that the template runs; nothing for any other.

    ``name = ...`` for each name of one that is nothing but values; a blank for one in a Markdown cell, all comments.
    """
    if all(line.startswith("#") for line in lines if line.strip()):
        return [BLANK]
    names: list[str] = []
    try:
        for node in ast.parse("\n".join(lines)).body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                return []
            ast.literal_eval(node.value)
            names.append(node.targets[0].id)
    except (SyntaxError, ValueError):
        return []
    return [f"{name} = ...  {STUB[0]}" for name in names]


def notebook(code: str) -> str:
    """A script as a notebook of format 4.

    Lines ``# %%`` and ``# %% [markdown]`` begin its cells; the text of a Markdown cell stands in comments. A script
    without such lines has a cell for what comes before the first function, then one a function.
    """
    cells = [
        _cell(number, kind, text)
        for number, (kind, text) in enumerate(_marked(code) if CELL.search(code) else _functions(code), 1)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _functions(code: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"\n\n\n(?=def |class |if __name__)", code):
        if part.strip():
            yield "code", part.strip("\n")


def _marked(code: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each cell between the marks; what stands before the first is a cell, too."""
    before, *rest = CELL.split(code)
    if before.strip():
        yield "code", before.strip("\n")
    for markdown, text in zip(rest[::2], rest[1::2], strict=True):
        if markdown:
            yield "markdown", re.sub(r"^# ?", "", text.strip("\n"), flags=re.MULTILINE)
        else:
            yield "code", text.strip("\n")


def _cell(number: int, kind: str, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return {**dict(sorted(cell.items())), "source": text.splitlines(keepends=True)}
