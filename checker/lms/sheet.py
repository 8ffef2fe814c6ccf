"""A grading worksheet of Moodle's assignment, with its columns found by their headers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from checker.errors import UsageError
from checker.language import _
from checker.lms import comment, points
from checker.lms.edited import Line, Told, changed
from checker.lms.table import Table, read

# Moodle finds columns by the header in the language of whoever sends the file (lang/en/assign.php, lang/fr/assign.php)
HEADERS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "identifier": "Identifier",
        "grade": "Grade",
        "modified": "Last modified (grade)",
        "maximum": "Maximum grade",
        "changeable": "Grade can be changed",
        "student": "Full name",
        "comments": "Feedback comments",
        "scale": "Scale",
    },
    "fr": {
        "identifier": "Identifiant",
        "grade": "Note",
        "modified": "Dernière modification (note)",
        "maximum": "Note maximale",
        "changeable": "La note peut être modifiée",
        "student": "Nom complet",
        "comments": "Feedback par commentaires",
        "scale": "Barème",
    },
}
NEEDED = ("identifier", "grade", "modified")
LOCKED = {"no", "non"}
PARTICIPANT = re.compile(r"0*(\d+)\s*\Z")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: where its columns are, by the keys of ``HEADERS``, and its language."""

    table: Table
    columns: Mapping[str, int]
    language: str

    @classmethod
    def read(cls, original: bytes, name: str) -> Sheet:
        """Find the columns; raises UsageError where one of ``NEEDED`` is missing, or marks are no points."""
        table = read(original, name)
        best = max((cls._in(table, language) for language in HEADERS), key=lambda sheet: -len(sheet.missing))
        if best.missing:
            what = _("this is no grading worksheet of Moodle: it has no column {names}")
            raise UsageError(
                what.format(names=", ".join(best.missing)),
                place=name,
                remedy=_("Give the grading worksheet that Moodle makes, in English or in French."),
            )
        if "scale" in best.columns and "maximum" not in best.columns:
            raise UsageError(
                _("this assignment is graded on a scale, not in points"),
                place=name,
                remedy=_("Let Moodle grade it in points, and download the worksheet again."),
            )
        return best

    @classmethod
    def _in(cls, table: Table, language: str) -> Sheet:
        places = {_key(header): column for column, header in enumerate(table.header)}
        headers = {key: _key(text) for key, text in HEADERS[language].items()}
        return cls(table, {key: places[text] for key, text in headers.items() if text in places}, language)

    @property
    def missing(self) -> list[str]:
        """The headers without which Moodle takes no worksheet, of those that are not there."""
        return [HEADERS[self.language][key] for key in NEEDED if key not in self.columns]

    @property
    def settings(self) -> str:
        """What Moodle's form has to be told when the file is sent; "" where it is what the form has already."""
        if (self.table.separator, self.table.encoding) == (",", "utf-8"):
            return ""
        separator = _("tab") if self.table.separator == "\t" else self.table.separator
        encoding = self.table.encoding.upper().replace("CP1252", "WINDOWS-1252")
        text = _("When you upload it to Moodle, choose the separator “{separator}” and the encoding {encoding}.")
        return text.format(separator=separator, encoding=encoding)

    def participants(self) -> Iterator[tuple[int, str]]:
        """Each row of a student, with the number in its identifier: "Participant 900110", "Participant900110"."""
        for row in range(1, len(self.table.rows)):
            if found := PARTICIPANT.search(self._text(row, "identifier")):
                yield row, found[1]

    def student(self, row: int) -> str:
        """The name in ``row``; the identifier where names are hidden."""
        return self._text(row, "student") or self._text(row, "identifier")

    def maximum(self, row: int) -> Decimal | None:
        """The points that Moodle's mark is out of."""
        return points.read(self._text(row, "maximum"))

    def refusal(self, row: int, handed: Sequence[Line], mark: Decimal | None) -> str:
        """The sentence that says why ``row`` is left as it is; "" where the mark can be entered."""
        if not handed:
            return _("No submission found for: {names}.")
        if len(handed) > 1:
            return _("Several submissions under one identifier, so not entered: {names}.")
        if handed[0].mark is None:
            return _("Not graded, so not entered: {names}.")
        if self._text(row, "changeable").strip().casefold() in LOCKED:
            return _("Locked in Moodle, so not entered: {names}.")
        # Moodle leaves out without a word what is out of range
        if mark is None or mark > (self.maximum(row) or mark):
            return _("Mark outside what the assignment allows, so not entered: {names}.")
        return ""

    def changes(self, row: int, mark: Decimal, line: Line, told: Told) -> dict[tuple[int, int], str]:
        """The cells of ``row`` that change: a mark that is there already is not written in another way."""
        changes = {}
        if changed(self._text(row, "grade"), mark, line, told):
            changes[row, self.columns["grade"]] = points.written(mark, comma=self.language == "fr")
        if line.feedback is not None and "comments" in self.columns:
            was = self._text(row, "comments")
            if comment.edited(was):
                told.add(_("Edited by hand, so kept beside our new comment: {names}."), line.name)
            if (new := self.table.fitting(comment.put(was, line.feedback))) != was:
                changes[row, self.columns["comments"]] = new
        return changes

    def _text(self, row: int, key: str) -> str:
        return self.table.text(row, self.columns.get(key))


def _key(header: str) -> str:
    """A header without what differs from one version, keyboard or system to the next."""
    text = unicodedata.normalize("NFKC", header).casefold().replace("’", "'")
    return " ".join(text.split())
