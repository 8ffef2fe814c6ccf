"""What a class gets to read: a folder for each submission, the gradebook, and the class at a glance.

All of it follows from the store, the roster and what an instructor decided by hand, and can be written again at any time.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from checker import __version__, report
from checker.course import Lab
from checker.gradebook import Entry
from checker.language import spoken
from checker.lms import generic
from checker.overrides import Overrides
from checker.report import html, json
from checker.roster import Roster
from checker.similarity import Prints
from checker.store import Row, Store

GRADEBOOK, INDEX = "gradebook.csv", "index.html"
REPORT, INSTRUCTOR, RESULT = "report.html", "instructor.html", "result.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Writes into ``out``; ``roster`` and ``overrides`` may be empty."""

    lab: Lab
    out: Path
    overrides: Overrides
    roster: Roster | None = None
    template: Prints | None = None

    def entry(self, row: Row) -> Entry:
        """The line of the gradebook of a submission."""
        student = self.roster.student(row) if self.roster else None
        moment = datetime.fromisoformat(row.submitted) if row.submitted else None
        late = student.penalty(moment, row.card.max_score) if student and row.card else 0.0
        return Entry(
            id=row.id,
            student=(student.name if student else "") or row.student,
            account=row.account or (student.id if student else ""),
            source=row.source,
            group=student.group if student else "",
            card=row.card,
            problem=row.problem,
            penalty=late,
            override=self.overrides.of(row),
            remarks=row.remarks,
        )

    def entries(self, store: Store) -> Iterator[Entry]:
        """Every submission of the class, one in memory at a time."""
        for row in store.rows():
            yield self.entry(row)

    def write(self, entry: Entry) -> str:
        """Write the reports of one submission; a digest of what they follow from."""
        folder = self.out / entry.id
        folder.mkdir(parents=True, exist_ok=True)
        for name, render in self._files(entry):
            report.write(render(), folder / name)
        return self._digest(entry)

    def _files(self, entry: Entry) -> Iterator[tuple[str, Callable[[], str]]]:
        card = entry.card
        if card is not None:
            yield REPORT, lambda: html.render(card, "student", entry)
            yield INSTRUCTOR, lambda: html.render(card, "instructor", entry)
            yield RESULT, lambda: json.render(card, "instructor")

    def _digest(self, entry: Entry) -> str:
        parts = msgspec.json.encode(entry), spoken().encode(), __version__.encode()
        return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()

    def publish(self, store: Store) -> None:
        """Write what is not up to date: reports that a decision by hand changes, or that are gone; and the overviews."""
        for row in store.rows():
            entry = self.entry(row)
            there = all((self.out / entry.id / name).exists() for name, _render in self._files(entry))
            if entry.card is not None and not (there and row.rendered == self._digest(entry)):
                store.rendered(row.id, self.write(entry))
        questions = [(spec.id, spec.points) for spec in self.lab.rubric.questions]
        self._written(GRADEBOOK, generic.gradebook(self.entries(store), questions))

    def _written(self, name: str, lines: Iterator[str]) -> None:
        """Write a file line by line, in the place of an older one only when it is whole."""
        half = self.out / f".{name}.part"
        with half.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
        shutil.move(half, self.out / name)
