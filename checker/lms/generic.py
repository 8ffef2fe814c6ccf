"""``gradebook.csv``: a class for any spreadsheet or script, a submission a line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from checker.gradebook import Entry
from checker.language import _
from checker.lms.table import clean, defused

COLUMNS = (
    "id",
    "student",
    "account",
    "group",
    "status",
    "mark",
    "max",
    "score",
    "penalty",
    "by_hand",
    "comment",
    "ending",
)


class _Line:
    """A file that hands back what is written to it: csv's ``writerow`` returns it."""

    def write(self, text: str) -> str:
        return text


def gradebook(entries: Iterable[Entry], questions: Sequence[tuple[str, float]]) -> Iterator[str]:
    """The lines of the CSV (RFC 4180: commas, CR LF), its header first; to be written as UTF-8, line ends as they are.

    ``questions`` are the ids and points of the lab's questions, in the order of their columns. Points have a decimal
    point and 2 decimals, a cell without any is empty. Texts are defused. No entry is kept, and no time is told.
    """
    writer = csv.writer(_Line())
    yield writer.writerow([*COLUMNS, *(_text(f"{name} ({points:g})") for name, points in questions), "remarks"])
    for entry in entries:
        yield writer.writerow(_cells(entry, [name for name, _points in questions]))


def _cells(entry: Entry, questions: Sequence[str]) -> Iterator[str]:
    card = entry.card
    yield from map(_text, (entry.id, entry.student, entry.account, entry.group))
    yield card.status if card else "problem" if entry.problem else "waiting"
    for points in (entry.mark, entry.max_mark, card.score if card else None, entry.penalty):
        yield _points(points)
    yield "yes" if entry.by_hand else ""
    yield _text(entry.comment)
    yield card.ending.value if card else ""
    scores = {question.id: question.score for question in card.questions} if card else {}
    yield from (_points(scores.get(name)) for name in questions)
    yield _text(_("; ").join(text for text in (entry.problem, *entry.remarks) if text))


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:.2f}"


def _text(text: str) -> str:
    return defused(clean(text))
