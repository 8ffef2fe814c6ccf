"""A graded class for a learning platform: marks and feedback in the form that it takes, in a folder beside the results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checker import report
from checker.errors import UsageError
from checker.gradebook import Entry
from checker.language import _
from checker.lms import canvas, generic, gradescope, moodle
from checker.lms.edited import Edited
from checker.publication import GRADEBOOK, REPORT, Publication
from checker.report import words
from checker.report.audience import seen_by
from checker.scorecard import Outcome
from checker.store import Store

FOLDER = "export"
FORMATS = ("csv", "moodle", "canvas", "gradescope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Writes into ``OUT/export``; ``worksheet`` is what a teacher downloaded, ``assignment`` its column in Canvas."""

    store: Store
    publication: Publication
    worksheet: Path | None = None
    assignment: str = ""

    def write(self, name: str) -> Iterator[str]:
        """Write one of ``FORMATS``; what to know, in sentences. Raises UsageError."""
        return {"csv": self._csv, "moodle": self._moodle, "canvas": self._canvas, "gradescope": self._gradescope}[
            name
        ]()

    @property
    def _folder(self) -> Path:
        return self.publication.out / FOLDER

    def _entries(self) -> Iterator[Entry]:
        return self.publication.entries(self.store)

    def _csv(self) -> Iterator[str]:
        questions = [(spec.id, spec.points) for spec in self.publication.lab.rubric.questions]
        lines = generic.gradebook(self._entries(), questions)
        yield self._written(GRADEBOOK, "".join(lines).encode())

    def _moodle(self) -> Iterator[str]:
        target = self._folder / "moodle" / "feedback.zip"
        target.parent.mkdir(parents=True, exist_ok=True)
        yield from moodle.feedback_zip(self._entries(), self._report, target)
        yield _("Written: {path}").format(path=target)
        if self.worksheet is None:
            yield _("For the marks, give the grading worksheet that Moodle gave you: --worksheet FILE")
        else:
            original = _read(self.worksheet)
            yield from self._edited(
                moodle.worksheet(original, self._entries(), str(self.worksheet), feedback), "moodle"
            )

    def _canvas(self) -> Iterator[str]:
        if self.worksheet is None or not self.assignment:
            raise UsageError(
                _("Canvas needs its own gradebook, and the name of the assignment in it"),
                remedy=_("Export the gradebook in Canvas, then give --worksheet FILE and --assignment NAME."),
            )
        original = _read(self.worksheet)
        edited = canvas.gradebook(original, self._entries(), self.assignment, str(self.worksheet))
        yield from self._edited(edited, "canvas")

    def _gradescope(self) -> Iterator[str]:
        for entry in self._entries():
            report.write(gradescope.results(entry), self._folder / "gradescope" / entry.id / "results.json")
        yield _("Written: {path}").format(path=self._folder / "gradescope")

    def _edited(self, edited: Edited, platform: str) -> Iterator[str]:
        assert self.worksheet is not None
        yield from edited.told
        yield self._written(f"{platform}/{self.worksheet.name}", edited.data)

    def _written(self, name: str, data: bytes) -> str:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return _("Written: {path}").format(path=path)

    def _report(self, entry: Entry) -> bytes | None:
        path = self.publication.out / entry.id / REPORT
        return path.read_bytes() if path.exists() else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            _("this file cannot be read: {error}").format(error=error.strerror), place=str(path)
        ) from error


def feedback(entry: Entry) -> str:
    """What a student reads beside the mark: each question that is not right, and what was found; no hidden check."""
    if entry.card is None:
        return entry.comment
    lines = [entry.comment] if entry.comment else []
    card = seen_by(entry.card, "student")
    lines += [note.message for note in card.notes if note.kind == "failed"]
    for question in card.questions if card.status == "graded" else ():
        lines.append(f"{question.title}: {words.points(question.score)} / {words.points(question.max_score)}")
        lines += [
            f"- {each.message}" for each in question.checks if each.outcome is Outcome.failed and each.message
        ]
    return "\n".join(lines)
