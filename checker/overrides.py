"""What an instructor decides by hand: marks and comments in a CSV or YAML file beside the results, never written by us.

A line names a submission by its id (the folder of its results), its account or its student's name, and gives a mark in
points, a comment, or both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from checker.errors import UsageError
from checker.gradebook import Override
from checker.language import _
from checker.spreadsheet import rows_of, text_of

FILES = ("overrides.csv", "overrides.yaml", "overrides.yml")
NAMES = ("id", "identifiant", "account", "compte", "student", "étudiant", "etudiant", "name", "nom")
MARKS = ("mark", "note")
COMMENTS = ("comment", "commentaire")


class Named(Protocol):
    """Whatever says whose submission it is."""

    @property
    def id(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def student(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Overrides:
    """The decisions of ``file``, by the name that each is under."""

    decided: Mapping[str, Override] = field(default_factory=dict)
    file: str = ""

    def of(self, submission: Named) -> Override | None:
        """The decision on a submission, None where there is none."""
        names = (submission.id, submission.account, submission.student)
        return next((self.decided[name] for name in names if name and name in self.decided), None)

    def unknown(self, names: set[str]) -> tuple[str, ...]:
        """Those that are under a name of no submission: ``names`` are all ids, accounts and students."""
        return tuple(name for name in self.decided if name not in names)


def read(folder: Path) -> Overrides:
    """The decisions beside the results in ``folder``; raises UsageError, with the line, for what cannot be understood."""
    found = [folder / name for name in FILES if (folder / name).exists()]
    if len(found) > 1:
        raise UsageError(
            _("there are two files of decisions by hand: {names}").format(names=", ".join(p.name for p in found)),
            place=str(folder),
            remedy=_("Keep one of them."),
        )
    if not found:
        return Overrides()
    path = found[0]
    lines = _csv(path) if path.suffix == ".csv" else _yaml(path, text_of(path))
    decided: dict[str, Override] = {}
    for place, name, mark, comment in lines:
        if name in decided:
            raise UsageError(_("{name} is here twice").format(name=name), place=place)
        decided[name] = Override(mark=_mark(place, mark), comment=comment)
    return Overrides(decided, str(path))


Line = tuple[str, str, str, str]


def _csv(path: Path) -> Iterator[Line]:
    rows = rows_of(path, lambda cell: _heading(cell) in (*NAMES, *MARKS, *COMMENTS))
    head = [_heading(cell) for cell in next(rows, (1, []))[1]]

    def column(names: tuple[str, ...]) -> int | None:
        return next((head.index(name) for name in names if name in head), None)

    name, mark, comment = column(NAMES), column(MARKS), column(COMMENTS)
    if name is None or (mark is None and comment is None):
        raise UsageError(
            _("a column is missing: `id`, and `mark` or `comment` or both, are needed"), place=f"{path}:1"
        )
    for line, row in rows:
        cells = [cell.strip() for cell in row] + [""] * len(head)
        if any(cells):
            yield (
                f"{path}:{line}",
                cells[name],
                cells[mark] if mark is not None else "",
                cells[comment] if comment is not None else "",
            )


def _heading(cell: str) -> str:
    return cell.strip().lower()


def _yaml(path: Path, text: str) -> Iterator[Line]:
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        raise UsageError(
            _("not valid YAML: {problem}").format(problem=problem),
            place=f"{path}:{mark.line + 1}" if mark else str(path),
        ) from error
    if content is None:
        return
    nodes = tree.value if isinstance(tree, yaml.MappingNode) else []
    places = {key.value: key.start_mark.line + 1 for key, _value in nodes}
    for name, decision in content.items() if isinstance(content, dict) else [("", content)]:
        place = f"{path}:{places.get(str(name), 1)}"
        if not isinstance(decision, dict) or not name or set(decision) - {*MARKS, *COMMENTS}:
            raise UsageError(
                _("not understood"),
                place=place,
                remedy=_("Write for each its id, then below it, indented, `mark:` and `comment:`."),
            )
        given = {str(key): "" if value is None else str(value) for key, value in decision.items()}
        yield (
            place,
            str(name),
            next((given[key] for key in MARKS if key in given), ""),
            next((given[key] for key in COMMENTS if key in given), ""),
        )


def _mark(place: str, text: str) -> float | None:
    if not text:
        return None
    try:
        mark = float(text.replace(",", "."))
    except ValueError:
        mark = -1.0
    if not 0 <= mark < float("inf"):
        raise UsageError(_("{text!r} is no mark").format(text=text), place=place)
    return round(mark, 2)
