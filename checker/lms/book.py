"""A gradebook of Canvas, with the column of one assignment and the rows of its students found."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from checker.errors import UsageError
from checker.language import _
from checker.lms import points
from checker.lms.edited import Line, Told
from checker.lms.table import Table, read

NAMES = (("Student",), ("LastName", "FirstName"))
IDS = ("SIS Login ID", "SIS User ID", "ID")
POINTS = "Points Possible"
# Canvas's own columns: its importer leaves out whatever has one of these in its title (NON_ASSIGNMENT_COLUMN_HEADERS)
MADE = re.compile(r"(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")
NUMBER = re.compile(r"\s\(\d+\)\Z")
# the pretence of a student, for an instructor to look through
NOBODY = "student test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """``students`` are the rows that have one, by name; ``maximum`` and ``comma`` how ``column`` counts points."""

    table: Table
    column: int
    students: Mapping[int, str]
    maximum: Decimal | None
    comma: bool

    @classmethod
    def read(cls, original: bytes, title: str, name: str) -> Book:
        """Find the assignment ``title``; raises UsageError where this is no gradebook, or has no one such column."""
        table = read(original, name)
        naming = next((names for names in NAMES if set(names) <= set(table.header)), None)
        if naming is None or not {"ID", "Section"} <= set(table.header):
            raise UsageError(
                _("this is no gradebook of Canvas: its columns do not begin with “Student”, “ID” and “Section”"),
                place=name,
                remedy=_("Give the CSV file that Canvas's gradebook exports."),
            )
        possible = [row for row in range(1, len(table.rows)) if POINTS in table.text(row, 0)]
        column = _column(table, title, possible)
        counts = [table.text(row, place) for row in possible for place in range(len(table.header))]
        return cls(
            table=table,
            column=column,
            students=_students(table, naming, possible),
            maximum=points.read(table.text(possible[0], column)) if possible else None,
            comma=any("," in text for text in counts if points.read(text) is not None),
        )

    def matched(self, found: Iterable[Line], told: Told) -> dict[int, Line]:
        """The line of each row that has one and only one; ``told`` of those that were found by name, or not at all."""
        by_id, by_name = self._by_id(), self._by_name()
        claims: dict[int, list[tuple[Line, bool]]] = {}
        for line in found:
            known = by_id.get(_folded(line.account), set()) if line.account else set()
            named = by_name.get(_person(line.student), set()) if line.student else set()
            rows = known if len(known) == 1 else known & named or known or named
            if len(rows) == 1:
                claims.setdefault(min(rows), []).append((line, bool(known)))
            elif rows:
                told.add(_("Several students fit, so not entered: {names}."), line.name)
            else:
                told.add(_("Not in the gradebook: {names}."), line.name)
        chosen = {row: _one(claim, told) for row, claim in claims.items()}
        return {row: line for row, line in chosen.items() if line}

    def refusal(self, row: int, line: Line | None, mark: Decimal | None) -> str:
        """The sentence that says why ``row`` is left as it is; "" where the mark can be entered."""
        there = self.table.text(row, self.column).strip().casefold()
        if line is None:
            return _("No submission found for: {names}.")
        if line.mark is None:
            return _("Not graded, so not entered: {names}.")
        if there == "ex":
            return _("Excused in Canvas, so not entered: {names}.")
        # the importer empties the cell of who does not have the assignment
        if there == "n/a":
            return _("Without this assignment in Canvas, so not entered: {names}.")
        return _("Mark outside what the assignment allows, so not entered: {names}.") if mark is None else ""

    def _by_id(self) -> dict[str, set[int]]:
        places = [place for place, text in enumerate(self.table.header) if text in IDS]
        known: dict[str, set[int]] = {}
        for row in self.students:
            for place in places:
                known.setdefault(_folded(self.table.text(row, place)), set()).add(row)
        return known

    def _by_name(self) -> dict[str, set[int]]:
        known: dict[str, set[int]] = {}
        for row, name in self.students.items():
            known.setdefault(_person(name), set()).add(row)
        return known


def _one(claim: Sequence[tuple[Line, bool]], told: Told) -> Line | None:
    """The line that a row belongs to: one by its identifier before one by name, none where two are as good."""
    sure = [line for line, by_id in claim if by_id]
    chosen = sure[0] if len(sure) == 1 else claim[0][0] if len(claim) == 1 else None
    for line, by_id in claim:
        if line is not chosen:
            told.add(_("Several submissions of one student, so not entered: {names}."), line.name)
        elif not by_id:
            told.add(_("Found by name only, so please check: {names}."), line.name)
    return chosen


def _students(table: Table, naming: Sequence[str], possible: Sequence[int]) -> dict[int, str]:
    """The rows of students, without points possible, posting policies and Canvas's test student."""
    places = [table.header.index(name) for name in naming]
    names = {
        row: " ".join(table.text(row, place).strip() for place in places)
        for row in range(1, len(table.rows))
        if row not in possible
    }
    return {row: name for row, name in names.items() if _person(name) not in ("", NOBODY)}


def _column(table: Table, title: str, possible: Sequence[int]) -> int:
    """The column of the assignment ``title``, which may lack the number that Canvas puts after it."""
    first = table.header.index("Section") + 1
    # "(read only)" in the language of the export
    titles = {
        place: text
        for place, text in enumerate(table.header)
        if place >= first and text.strip() and not MADE.search(text)
        if not any(table.text(row, place).strip().startswith("(") for row in possible)
    }
    # what has no number is a column of notes, where others have one
    titles = {place: text for place, text in titles.items() if NUMBER.search(text)} or titles
    wanted = _folded(title)
    found = [place for place, text in titles.items() if _folded(text) == wanted]
    found = found or [place for place, text in titles.items() if _folded(NUMBER.sub("", text)) == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        what = _("several assignments have the title “{title}”")
        shown = [titles[place] for place in found]
    else:
        what = _("no assignment has the title “{title}”")
        shown = difflib.get_close_matches(title, titles.values(), 5, 0.4) or list(titles.values())
    remedy = (
        _("Give one of: {titles}").format(titles=_("; ").join(shown))
        if shown
        else _("Make it in Canvas first, and export again.")
    )
    raise UsageError(what.format(title=title), place=table.name, remedy=remedy)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _person(name: str) -> str:
    """The words of a name without accents, case and order: "Doe, Jané", "Jane Doe" and "DOE Jane" are one."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(sorted(re.findall(r"\w+", bare)))
