"""The class as its instructor knows it: a CSV of students with their groups, deadlines and arrangements.

Columns are found by their headers, in English or French, whatever the case and the accents: id/identifiant,
account/compte (on the platform),
name/nom (and first name/prénom), group/groupe, due/échéance, extra time/temps supplémentaire,
late penalty/pénalité de retard, submitted/remis le. Others are left alone. All times are naive: local time.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

from checker import lateness
from checker.errors import UsageError
from checker.language import _
from checker.lateness import Penalty
from checker.spreadsheet import rows_of

T = TypeVar("T")

HEADERS = {
    "id": "id", "identifiant": "id", "identifier": "id", "student id": "id",
    "account": "account", "compte": "account", "login": "account", "username": "account", "github": "account",
    "name": "name", "nom": "name", "full name": "name", "nom complet": "name", "student": "name", "etudiant": "name",
    "last name": "name", "surname": "name", "nom de famille": "name",
    "first name": "first name", "prenom": "first name",
    "group": "group", "groupe": "group",
    "due": "due", "due date": "due", "deadline": "due", "echeance": "due", "date limite": "due",
    "extra time": "extra time", "temps supplementaire": "extra time",
    "late penalty": "late penalty", "penalite de retard": "late penalty",
    "submitted": "submitted", "remis le": "submitted", "rendu le": "submitted",
}  # fmt: skip
# as Moodle's grading worksheet has it
PARTICIPANT = re.compile(r"participant\s*(?=\d)")
# letters that Unicode does not take apart
LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})


class Known(Protocol):
    """What is known of who handed something in: a ``Handin``, or its row in the store."""

    @property
    def id(self) -> str:
        """Its folder among the results."""

    @property
    def account(self) -> str:
        """The identifier on the platform, "" where it is not known."""

    @property
    def student(self) -> str:
        """The name, "" where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """A line of the roster: ``due`` None where there is no deadline, ``submitted`` when the instructor says so."""

    id: str = ""
    account: str = ""
    name: str = ""
    group: str = ""
    due: datetime | None = None
    extra: timedelta = field(default_factory=timedelta)
    rule: Penalty | None = None
    submitted: datetime | None = None

    def late(self, submitted: datetime | None) -> timedelta:
        """How late it was handed in, 0 where it was not, or nobody knows; the roster's own time wins."""
        when = self.submitted or submitted
        if when is None or self.due is None:
            return timedelta()
        return max(timedelta(), when - self.due - self.extra)

    def penalty(self, submitted: datetime | None, max_score: float) -> float:
        """The points that being late costs, of 2 decimals, from 0 to ``max_score``; every started day (hour) counts."""
        return self.rule.points(self.late(submitted), max_score) if self.rule else 0.0


@dataclass(frozen=True)
class Roster:
    """A class; whose a hand-in is, is told by its account, its id or the name, and never guessed."""

    students: tuple[Student, ...]

    def student(self, handin: Known) -> Student | None:
        """Whose hand-in this is; None where nobody's, or where two have that name."""
        for key in (handin.account, handin.id):
            if key and (found := self._by_key.get(_folded(key))):
                return found
        return self._by_name.get(_words(handin.student))

    def missing(self, handins: Iterable[Known]) -> tuple[Student, ...]:
        """Those to whom no hand-in belongs, not even an empty one, in the order of the roster."""
        there = {id(self.student(handin)) for handin in handins}
        return tuple(student for student in self.students if id(student) not in there)

    @cached_property
    def _by_key(self) -> Mapping[str, Student]:
        return {key: student for student in self.students for key in _keys(student)}

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, ...], Student]:
        counts = Counter(_words(student.name) for student in self.students)
        named = ((_words(student.name), student) for student in self.students)
        return {words: student for words, student in named if words and counts[words] == 1}


def read(path: Path) -> Roster:
    """Read a CSV (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252); raises UsageError with file and line."""
    rows = rows_of(path, lambda cell: _heading(cell) in HEADERS)
    line, header = next(rows, (1, []))
    columns = _columns(path, line, header)
    students: list[Student] = []
    lines: dict[str, int] = {}
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        student = _student(_Row(path, number, header, columns, row))
        for key in _keys(student):
            first = lines.setdefault(key, number)
            if first != number:
                raise UsageError(
                    _("{id} is already on line {line}").format(id=key, line=first),
                    place=f"{path}:{number}",
                    remedy=_("A student has one line; leave the id empty where it is not known."),
                )
        students.append(student)
    return Roster(tuple(students))


@dataclass(frozen=True, slots=True)
class _Row:
    path: Path
    number: int
    header: list[str]
    columns: Mapping[str, int]
    cells: list[str]

    def text(self, column: str) -> str:
        """The cell without blanks around it; "" where there is none."""
        at = self.columns.get(column, len(self.cells))
        # Excel's no-break spaces are blanks as well
        return " ".join(self.cells[at].split()) if at < len(self.cells) else ""

    def value(self, column: str, parse: Callable[[str], T], forms: str) -> T | None:
        """The cell as ``parse`` reads it, None where it is empty; raises UsageError with the accepted ``forms``."""
        text = self.text(column)
        if not text:
            return None
        try:
            return parse(text)
        except (ValueError, OverflowError) as error:
            raise UsageError(
                _("column {column}: {cell!r} is not understood").format(
                    column=self.header[self.columns[column]].strip(), cell=text
                ),
                place=f"{self.path}:{self.number}",
                remedy=_("Accepted are: {forms}").format(forms=forms),
            ) from error


def _student(row: _Row) -> Student:
    name = " ".join(part for part in (row.text("first name"), row.text("name")) if part)
    if not name and not row.text("id") and not row.text("account"):
        raise UsageError(
            _("this line has neither an id nor a name"),
            place=f"{row.path}:{row.number}",
            remedy=_("Give one of them, or take the line out."),
        )
    dates = "2026-03-05, 2026-03-05 23:59, 05/03/2026, 05/03/2026 23:59"
    return Student(
        id=row.text("id"),
        account=row.text("account"),
        name=name,
        group=row.text("group"),
        due=row.value("due", lateness.moment, dates),
        extra=row.value("extra time", lateness.duration, "30 min, 2 h, 1 h 30 min, 1 d, 1 j") or timedelta(),
        rule=row.value(
            "late penalty",
            lateness.penalty,
            "10 %/day, 10 %/jour, 10 %/day, max 50 %, 1 point/hour, 2 points/jour",
        ),
        submitted=row.value("submitted", lateness.moment, dates),
    )


def _columns(path: Path, line: int, header: list[str]) -> dict[str, int]:
    """Where each known column is; raises UsageError without id and name, or where one comes twice."""
    columns: dict[str, int] = {}
    for at, cell in enumerate(header):
        column = HEADERS.get(_heading(cell))
        if column in columns:
            raise UsageError(
                _("two columns say the same: {one} and {other}").format(one=header[columns[column]], other=cell),
                place=f"{path}:{line}",
                remedy=_("Rename or take out one of them."),
            )
        if column:
            columns[column] = at
    if not {"id", "account", "name"} & columns.keys():
        raise UsageError(
            _("there is no column id nor name"),
            place=f"{path}:{line}",
            remedy=_(
                "The first line names the columns: id, name, group, due, extra time, late penalty, submitted "
                "(identifiant, nom, groupe, échéance, temps supplémentaire, pénalité de retard, remis le)."
            ),
        )
    return columns


def _heading(cell: str) -> str:
    return " ".join(_letters(cell).replace("_", " ").replace("-", " ").strip(" .:*#").split())


def _words(name: str) -> tuple[str, ...]:
    """The words of a name in alphabetic order, without case, accents and punctuation."""
    return tuple(sorted("".join(char if char.isalnum() else " " for char in _letters(name)).split()))


def _keys(student: Student) -> set[str]:
    return {_folded(key) for key in (student.id, student.account) if key}


def _folded(key: str) -> str:
    return PARTICIPANT.sub("", " ".join(unicodedata.normalize("NFKC", key).casefold().split()))


def _letters(text: str) -> str:
    """``text`` in lower case without accents."""
    apart = unicodedata.normalize("NFKD", text).casefold().translate(LETTERS)
    return "".join(char for char in apart if not unicodedata.combining(char))
