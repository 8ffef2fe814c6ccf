"""Canvas's gradebook: the marks of one assignment into the CSV that its instructor exported.

The rules are those of lib/gradebook_exporter.rb and lib/gradebook_importer.rb.
"""

from __future__ import annotations

from collections.abc import Iterable

from checker.gradebook import Entry
from checker.lms import points
from checker.lms.book import Book
from checker.lms.edited import Edited, Told, changed, lines, usual, value


def gradebook(original: bytes, entries: Iterable[Entry], title: str, name: str = "gradebook.csv") -> Edited:
    """Canvas's gradebook ``original`` with the mark of each entry in the column of the assignment ``title``.

    ``title`` may lack the number that Canvas puts after it. A student is found by an entry's ``account`` (a SIS login
    id, a SIS user id or Canvas's own id), else by name, and never where several fit. Marks are scaled to the points
    possible, which extra ones may exceed. Raises UsageError for what is no gradebook, and for a title that is not there
    or there more than once.
    """
    book = Book.read(original, title, name)
    found, told = lines(entries), Told()
    usual_of, matched = usual(found), book.matched(found, told)
    changes: dict[tuple[int, int], str] = {}
    entered = 0
    for row, student in book.students.items():
        line = matched.get(row)
        mark = value(line, usual_of, book.maximum, told) if line else None
        if refusal := book.refusal(row, line, mark):
            told.add(refusal, student)
        elif line and mark is not None:
            entered += 1
            if changed(book.table.text(row, book.column), mark, line, told):
                changes[row, book.column] = points.written(mark, comma=book.comma)
    return Edited(book.table.rewritten(changes), told.sentences(entered))
