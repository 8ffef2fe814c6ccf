"""Gradescope's ``results.json``: a test a check.

The format is that of gradescope-autograders.readthedocs.io/en/latest/specs; a student never sees a test that is
``hidden``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from checker.gradebook import Entry
from checker.language import _
from checker.lms.table import clean
from checker.report import words
from checker.report.audience import discreet, seen_by
from checker.scorecard import CheckResult, Note, Outcome, Scorecard

PASSED = (Outcome.passed, Outcome.inconclusive)


def results(entry: Entry) -> str:
    """``results.json`` of a submission, in the run's language; valid JSON without NaN.

    ``score`` is the mark, which penalty and override have changed where they do: it counts, not the tests' sum. Where
    nothing was graded it is 0, as Gradescope wants a number, and ``output`` says that nothing was. Raises ValueError
    for a mark that is no number.
    """
    made: dict[str, Any] = {
        "score": 0.0 if entry.mark is None else entry.mark,
        "output": clean("\n".join(_summary(entry))),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        # what the run printed is the instructor's business
        "stdout_visibility": "hidden",
        "tests": list(_tests(entry.card)) if entry.card else [],
    }
    return json.dumps(made, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _tests(card: Scorecard) -> Iterator[dict[str, Any]]:
    secret = [check for check in card.checks if check.visibility == "hidden"]
    for first, question in enumerate(card.questions, 1):
        for second, check in enumerate(question.checks, 1):
            hidden = check.visibility == "hidden"
            yield _test(f"{first}.{second}", check if hidden else discreet(check, secret))


def _test(number: str, check: CheckResult) -> dict[str, Any]:
    return {
        "number": number,
        "name": clean(check.title),
        "score": check.score,
        "max_score": check.max_score,
        "status": "passed" if check.outcome in PASSED else "failed",
        "output": clean("\n".join(_output(check))),
        "visibility": "hidden" if check.visibility == "hidden" else "visible",
    }


def _output(check: CheckResult) -> Iterator[str]:
    if check.outcome is not Outcome.passed:
        yield words.outcome_word(check)
    place = words.place_text(check.location)
    source = check.source.strip()
    yield from filter(None, (check.message, f"{place}: {source}" if place and source else place, check.hint))


def _summary(entry: Entry) -> Iterator[str]:
    """What a student reads above the tests."""
    if entry.card is None or entry.card.status == "failed":
        yield _("This could not be graded")
    if entry.card is None:
        yield from filter(None, [entry.problem])
    else:
        seen = seen_by(entry.card, "student")
        if seen.checks:
            yield words.tally(seen)
        yield from map(_note, seen.notes)
    yield from entry.remarks
    if entry.card and entry.mark != entry.card.score:
        yield _changed(entry, entry.card.score)
    yield from filter(None, [entry.comment])


def _changed(entry: Entry, score: float) -> str:
    template = _("{points} points, less {penalty} for being late.")
    if entry.by_hand:
        template = _("Mark decided by the instructor; the checks gave {points}.")
    return template.format(points=words.points(score), penalty=words.points(entry.penalty))


def _note(note: Note) -> str:
    return "\n".join(filter(None, (note.message, words.place_text(note.location))))
