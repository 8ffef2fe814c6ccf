"""A platform's file with marks put in, and what an instructor has to be told about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from checker.gradebook import Entry
from checker.language import _, ngettext
from checker.lms import points
from checker.lms.table import clean
from checker.report.words import points as shown

MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Edited:
    """``data`` is the file as bytes, ``told`` the sentences for whoever sends it to the platform."""

    data: bytes
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What an export needs of an entry: without its scorecard, so that a class of thousands fits in memory.

    ``mark`` and ``of`` are points, None where they are not known; ``feedback`` is plain text, None for none at all.
    ``failed`` is a submission without points because nothing of it could be read or run.
    """

    name: str
    student: str
    account: str
    mark: float | None
    of: float | None
    feedback: str | None = None
    failed: bool = False


class Told:
    """Sentences in the order in which they were first needed, each with the names that it is about."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, sentence: str, name: str | None = None) -> None:
        """Add ``name`` to ``sentence``, which has a field {names} for it."""
        names = self._names.setdefault(sentence, [])
        if name is not None:
            names.append(name)

    def sentences(self, entered: int) -> tuple[str, ...]:
        """All sentences, after that of how many marks were entered."""
        first = ngettext("{count} mark is entered.", "{count} marks are entered.", entered).format(count=entered)
        return (first, *self.others())

    def others(self) -> tuple[str, ...]:
        """All sentences."""
        return tuple(text.format(names=listed(names)) if names else text for text, names in self._names.items())


def listed(names: Sequence[str]) -> str:
    """The names, the last of many as a number."""
    text = _("; ").join(clean(name).replace("\n", " ") for name in names[:MOST_NAMES])
    left = len(names) - MOST_NAMES
    if left > 0:
        text += " " + ngettext("and {count} other", "and {count} others", left).format(count=left)
    return text


def lines(entries: Iterable[Entry], feedback: Callable[[Entry], str] | None = None) -> list[Line]:
    """A line for each entry; ``feedback`` is asked for the words of those that have a mark."""
    return [
        Line(
            name=entry.student or entry.id,
            student=entry.student,
            account=entry.account.strip(),
            mark=entry.mark,
            of=entry.max_mark,
            feedback=feedback(entry) if feedback and entry.mark is not None else None,
            failed=entry.mark == 0 and entry.card is not None and entry.card.status == "failed",
        )
        for entry in entries
    ]


def usual(found: Iterable[Line]) -> float | None:
    """The points that everybody's work is out of; None where they differ or nobody's are known."""
    known = {line.of for line in found if line.of is not None}
    return known.pop() if len(known) == 1 else None


def value(line: Line, usual_of: float | None, maximum: Decimal | None, told: Told) -> Decimal | None:
    """The mark of ``line`` on a platform's scale, None where there is none to enter; ``told`` where it was scaled.

    A mark given by hand to what could not be graded is out of ``usual_of``.
    """
    of = line.of if line.of is not None else usual_of
    if line.mark is None or of is None:
        return None
    if not maximum:
        told.add(
            _("The file does not say out of how many points the assignment is: points are entered as they are.")
        )
        return points.scaled(line.mark, of, Decimal(str(of)))
    found = points.scaled(line.mark, of, maximum)
    if maximum != Decimal(str(of)):
        told.add(
            _("Points are scaled: {of} become {maximum}.").format(of=shown(of), maximum=shown(float(maximum)))
        )
    return found


def changed(cell: str, mark: Decimal, line: Line, told: Told) -> bool:
    """Whether ``cell`` has to change for ``mark``, which it may say already in another way; tells what to look at."""
    there = points.read(cell)
    if line.failed:
        told.add(_("Could not be read or run, so entered with 0 points: {names}."), line.name)
    if there is not None and there != mark:
        told.add(_("Another mark was there, and is replaced: {names}."), line.name)
    return there != mark
