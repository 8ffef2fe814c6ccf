"""Words that reports share: a place, a verdict, a score, what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checker.evidence import Ending, Place
from checker.language import _, ngettext, number, percent
from checker.scorecard import CheckResult, Hidden, Note, Outcome, Scorecard, Verdict

# what a student must act on; other notes are for information
STOPS = frozenset(ending.value for ending in Ending)


def place_text(place: Place | None) -> str:
    """``lab.ipynb, cell 3, line 4``; "" for no place."""
    if place is None:
        return ""
    if place.cell is None:
        return _("{file}, line {line}").format(file=place.file, line=place.line)
    return _("{file}, cell {cell}, line {line}").format(file=place.file, cell=place.cell, line=place.line)


def points(score: float) -> str:
    """A score with as many decimals as it needs, two at most."""
    return number(score, 0 if score == int(score) else 2)


def verdict_word(verdict: Verdict) -> str:
    """A question's verdict in words."""
    return {
        Verdict.passed: _("right"),
        Verdict.partial: _("partly right"),
        Verdict.failed: _("to be worked on"),
        Verdict.error: _("rubric error"),
        Verdict.skipped: _("not run"),
    }[verdict]


def outcome_word(check: CheckResult) -> str:
    """A check's outcome in words."""
    if check.outcome is Outcome.failed and check.score:
        return _("partly right")
    return {
        Outcome.passed: _("right"),
        Outcome.failed: _("to be corrected"),
        Outcome.blocked: _("not judged yet"),
        Outcome.inconclusive: _("could not be decided: points given"),
        Outcome.broken: _("error in the rubric, not in your work: tell your instructor"),
    }[check.outcome]


def tally(card: Scorecard) -> str:
    """How many checks passed, and how many a student does not see."""
    passed = sum(check.outcome in (Outcome.passed, Outcome.inconclusive) for check in card.checks)
    template = _("Checks passed: {passed} of {count}")
    if card.hidden != Hidden():
        template = _("Public checks passed: {passed} of {count}")
    parts = [template.format(passed=passed, count=len(card.checks))]
    if left := card.hidden.not_run:
        text = ngettext("{count} hidden check not run", "{count} hidden checks not run", left)
        parts.append(text.format(count=left))
    if left := card.hidden.not_shown:
        text = ngettext(
            "{count} hidden check not shown, counted in the points",
            "{count} hidden checks not shown, counted in the points",
            left,
        )
        parts.append(text.format(count=left))
    return _("; ").join(parts) + "."


def measured(evidence: Mapping[str, Any]) -> Iterator[str]:
    """The plain figures of a check as sentences; a figure without a sentence is told by its name."""
    left = {name: value for name, value in evidence.items() if type(value) in (int, float)}
    if {"found", "expected"} <= left.keys():
        found, expected = left.pop("found"), left.pop("expected")
        template = _("{found} parameters, as expected.")
        if found != expected:
            template = _("{found} parameters instead of {expected}.")
        yield template.format(found=number(found), expected=number(expected))
    if evidence.get("proved"):
        yield _("It is proved to train as the model asked for does; a few steps showed that it learns.")
    if {"accuracy", "threshold"} <= left.keys():
        template = _("Accuracy of {accuracy} on unseen images after a short training; {threshold} is enough.")
        yield template.format(accuracy=percent(left.pop("accuracy")), threshold=percent(left.pop("threshold")))
    if left.get("trainings") == 1:
        del left["trainings"]
    names = {"accuracy": _("accuracy"), "threshold": _("threshold"), "trainings": _("trainings")}
    for name, value in left.items():
        shown = number(value, 4 if isinstance(value, float) else 0)
        yield _("{name}: {value}").format(name=names.get(name, name), value=shown)


def stops(card: Scorecard) -> tuple[Note, ...]:
    """The notes of what did not come to its end."""
    return tuple(note for note in card.notes if note.kind in STOPS)


def reference_loses(checks: Sequence[str]) -> str:
    """For an instructor: the lab's own reference does not pass these ``checks``."""
    return ngettext(
        "The reference itself does not pass this check; correct it, then run `labcheck regrade`: {names}",
        "The reference itself does not pass these checks; correct them, then run `labcheck regrade`: {names}",
        len(checks),
    ).format(names=", ".join(checks))
