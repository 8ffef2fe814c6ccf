"""A notebook as blocks of plain Python: magics are dropped or neutralised, every line stays where it was."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from checker.errors import SubmissionError
from checker.evidence import Passage, Place, Remark
from checker.language import _
from checker.protocol import Block

RUNS_ITS_BODY = ("time", "timeit", "capture", "prun")
LINE_TIMER = re.compile(r"^(\s*)%(?:time|timeit|prun)\s+(?!-)(\S.*)$")
ASSIGNED_SHELL = re.compile(r"^(\s*[\w, ]+?=)\s*[!%].*$")
MARKED = re.compile(r"^# %%[ \t]*\[markdown\][^\n]*\n((?:#(?! %%)[^\n]*(?:\n|$))*)", re.MULTILINE)
MAGIC = re.compile(r"^\s*(?:[%!]|\?+\w|\w[\w.]*\?+\s*$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """What a notebook holds: code cells that parse, Markdown, and what was met while reading."""

    blocks: tuple[Block, ...]
    prose: tuple[Passage, ...]
    remarks: tuple[Remark, ...]
    broken: int


def read_notebook(name: str, text: str) -> Notebook:
    """Read a notebook of format 3 or 4; raises SubmissionError where it is none. Cells count from 1, all kinds."""
    import nbformat

    try:
        content = json.loads(text)
    except ValueError as error:
        raise SubmissionError(
            _("this notebook is not valid JSON: {error}").format(error=error),
            file=name,
            line=getattr(error, "lineno", None),
            remedy=_("Open it in Jupyter or Colab, and save or download it again."),
        ) from error
    if not isinstance(content, dict) or not ({"cells", "worksheets"} & content.keys()):
        raise SubmissionError(_("this file is not a notebook: it has no cells"), file=name)
    language = str((content.get("metadata") or {}).get("kernelspec", {}).get("language", "python"))
    if language.lower() not in ("python", "ipython"):
        raise SubmissionError(
            _("this notebook is written in {language}, not in Python").format(language=language), file=name
        )
    with warnings.catch_warnings():
        # nbformat warns of missing ids and the like, which do not matter here
        warnings.simplefilter("ignore")
        try:
            notebook = nbformat.convert(nbformat.from_dict(content), 4)
        except Exception as error:
            raise SubmissionError(
                _("this notebook cannot be read: {error}").format(error=error), file=name
            ) from error
    return _collect(name, notebook.cells)


def _collect(name: str, cells: list[dict[str, object]]) -> Notebook:
    blocks: list[Block] = []
    remarks: list[Remark] = []
    prose: list[Passage] = []
    broken = 0
    counts = [cell["execution_count"] for cell in cells if isinstance(cell.get("execution_count"), int)]
    if counts != sorted(counts):  # type: ignore[type-var]  # ints, as filtered
        remarks.append(Remark("out_of_order", {}))
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "")
        code = "".join(source) if isinstance(source, list) else str(source)
        if cell.get("cell_type") == "markdown":
            prose.append(Passage(code, name, 1, number))
        if cell.get("cell_type") != "code" or not code.strip():
            continue
        plain = "\n".join(_plain_lines(name, number, code, remarks))
        try:
            ast.parse(plain)
        except (SyntaxError, ValueError) as error:
            broken += 1
            line = getattr(error, "lineno", None) or 1
            message = getattr(error, "msg", None) or str(error)
            remarks.append(Remark("broken_cell", {"message": message}, Place(name, line, number)))
        else:
            blocks.append(Block(plain, name, number))
    return Notebook(blocks=tuple(blocks), prose=tuple(prose), remarks=tuple(remarks), broken=broken)


def marked_prose(name: str, code: str) -> Iterator[Passage]:
    """The Markdown of a script: what stands in comments after ``# %% [markdown]``."""
    for match in MARKED.finditer(code):
        text = re.sub(r"^# ?", "", match[1], flags=re.MULTILINE)
        yield Passage(text, name, code.count("\n", 0, match.start(1)) + 1)


def _plain_lines(name: str, cell: int, code: str, remarks: list[Remark]) -> Iterator[str]:
    """The lines of a cell without its magics; each stays on its own line."""
    lines = code.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    inside = _inside_strings(lines)
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    continued = False
    for number, line in enumerate(lines):
        told = Remark("magic", {"magic": line.strip()}, Place(name, number + 1, cell))
        if number == first and line.startswith("%%"):
            remarks.append(told)
            if line[2:].split()[:1] and line[2:].split()[0] in RUNS_ITS_BODY:
                yield ""
                continue
            yield from [""] * (len(lines) - number)
            return
        if continued:
            continued = line.rstrip().endswith("\\")
            yield ""
        elif number in inside:
            yield line
        elif timed := LINE_TIMER.match(line):
            yield timed[1] + timed[2]
        elif shell := ASSIGNED_SHELL.match(line):
            remarks.append(told)
            yield shell[1] + " []"
        elif MAGIC.match(line):
            remarks.append(told)
            continued = line.rstrip().endswith("\\")
            # a dropped line may have been the whole body of an if
            yield line[: len(line) - len(line.lstrip())] + "pass"
        else:
            yield line


def _inside_strings(lines: list[str]) -> set[int]:
    """The numbers of lines that begin inside a string or a bracket: what looks like a magic there is none."""
    from IPython.core.inputtransformer2 import make_tokens_by_line

    within: set[int] = set()
    for tokens in make_tokens_by_line([line + "\n" for line in lines]):
        for token in tokens:
            within.update(range(token.start[0], token.end[0]))
        if tokens:
            within.update(range(tokens[0].start[0], tokens[-1].start[0]))
    return within
